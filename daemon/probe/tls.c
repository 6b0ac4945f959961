/* SPDX-License-Identifier: MIT */
/*
 * The TLS probe: TCP, then a true TLS handshake, and a polite end; nothing else is sent. Version,
 * cipher, ALPN, trust and remaining days of the certificate come with it, and now and then, on a
 * connection beside, what a resumed session costs and whether the peer takes data in the SYN.
 */
#include "daemon/probe/stream_probe.h"

#include <errno.h>

#include "common/base.h"

struct Probe {
	StreamProbe common;
};

static void opened(StreamProbe *probe)
{
	stream_probe_measured(probe);
	stream_probe_finish(probe);
}

static const StreamProbeHooks hooks = {
	.tls = true,
	.phase = PHASE_TLS,
	.opened = opened,
};

static void tls_cancel(Probe *probe)
{
	if (!probe)
		return;
	stream_probe_clear(&probe->common);
	free(probe);
}

static int tls_start(const ProbeStart *start, Probe **ret_probe)
{
	Probe *probe = calloc(1, sizeof(*probe));
	int r = -ENOMEM;

	if (probe)
		r = stream_probe_start(&probe->common, &hooks, start);
	if (r < 0)
		tls_cancel(probe);
	else
		*ret_probe = probe;
	return r;
}

const ProbeKind probe_kind_tls = {
	.scheme = "tls",
	.summary = "TCP and TLS handshake, the peer's waits by the kernel's stamps",
	.headline = PHASE_TOTAL,
	.rtt = PHASE_CONNECT,
	.start = tls_start,
	.cancel = tls_cancel,
	.forget = tls_side_forget,
};
