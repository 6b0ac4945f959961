/* SPDX-License-Identifier: MIT */
/*
 * The table of the kinds of probes, and what they share.
 */
#include <string.h>

#include "common/base.h"
#include "daemon/probe/kind.h"
#include "daemon/probe/tls_context.h"
#include "daemon/probe/stamp.h"
#include "daemon/probe/tls_context.h"

static const ProbeKind *const probe_kinds[] = {
	&probe_kind_tcp, &probe_kind_icmp, &probe_kind_dns,
	&probe_kind_tls, &probe_kind_http, &probe_kind_https,
};

const ProbeKind *probe_kind_find(const char *scheme)
{
	for (size_t i = 0; i < ARRAY_SIZE(probe_kinds); i++)
		if (strcmp(probe_kinds[i]->scheme, scheme) == 0)
			return probe_kinds[i];
	return NULL;
}

void probe_shared_clear(ProbeShared *shared)
{
	tls_context_free(STEAL(shared->tls));
	stamp_keeper_free(STEAL(shared->stamps));
}
