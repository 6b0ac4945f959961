/* SPDX-License-Identifier: MIT */
/*
 * Three things make an answer less than whole: the kernel's hash tables changed under the dump
 * (NLM_F_DUMP_INTR on any message of it), the receive buffer ran over (ENOBUFS), or a datagram was
 * cut. Each leads to the whole family being asked for again; after DIAG_TRIES the last answer
 * stands, marked incomplete, because on a busy host a part is better than nothing for ever.
 *
 * Messages with another sequence number are what is left of an older request, and are ignored.
 */
#include "daemon/kern/diag_dump.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>

#include "common/base.h"

#define EXTENSION(attribute) (1U << ((attribute)-1))

/* BBRINFO has no bit of its own and comes with VEGASINFO. MEMINFO is not asked for: SKMEMINFO says
 * the same and more. */
#define EXTENSIONS                                                                                 \
	(EXTENSION(INET_DIAG_INFO) | EXTENSION(INET_DIAG_VEGASINFO) | EXTENSION(INET_DIAG_CONG) |  \
	 EXTENSION(INET_DIAG_SKMEMINFO))

typedef struct Request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
	/* Left out where there is no filter. */
	struct rtattr attribute;
	alignas(uint32_t) uint8_t bytecode[DIAG_FILTER_SIZE_MAX];
} Request;

_Static_assert(offsetof(Request, attribute) ==
		       NLMSG_LENGTH(NLMSG_ALIGN(sizeof(struct inet_diag_req_v2))),
	       "the attribute follows the body");

typedef struct Try {
	DiagDumper *dumper;
	Request *request;
	DiagCallback callback;
	void *context;
	size_t sockets;
	unsigned undecoded;
	bool torn; /* not whole */
	bool done; /* no more datagrams will come */
	int error; /* the kernel's answer to the request, negative errno */
} Try;

enum { TRY_TORN = 1 };

/* But for what differs from one try to the next. Only what is sent is written to. */
static int request_init(Request *request, const DiagQuery *query)
{
	size_t bytecode = 0;
	if (query->filter) {
		int r = diag_filter_compile(query->filter, request->bytecode,
					    sizeof(request->bytecode));
		if (r < 0)
			return r;
		bytecode = (size_t)r;
	}
	request->header = (struct nlmsghdr){
		.nlmsg_len = offsetof(Request, attribute),
		.nlmsg_type = SOCK_DIAG_BY_FAMILY,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
	};
	request->body = (struct inet_diag_req_v2){
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_ext = EXTENSIONS,
		.idiag_states = query->states,
	};
	if (bytecode > 0) {
		request->attribute = (struct rtattr){
			.rta_len = (uint16_t)RTA_LENGTH(bytecode),
			.rta_type = INET_DIAG_REQ_BYTECODE,
		};
		request->header.nlmsg_len += (uint32_t)RTA_SPACE(bytecode);
	}
	return 0;
}

static int ask(DiagDumper *dumper, Request *request, uint8_t family)
{
	request->header.nlmsg_seq = ++dumper->sequence;
	request->body.sdiag_family = family;
	return dumper->transport.request(dumper->transport.context, request,
					 request->header.nlmsg_len);
}

static void take_end(Try *try, const struct nlmsghdr *message)
{
	/* NLMSG_DONE and NLMSG_ERROR both begin with the error; DONE may be bare. */
	int error = 0;
	if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
		memcpy(&error, NLMSG_DATA(message), sizeof(error));
	else if (message->nlmsg_type == NLMSG_ERROR)
		error = -EBADMSG;
	try->error = error < 0 ? error : 0;
	try->done = true;
}

static void take_message(Try *try, const struct nlmsghdr *message)
{
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		try->torn = true;
	switch (message->nlmsg_type) {
	case NLMSG_NOOP:
		break;
	case NLMSG_DONE:
	case NLMSG_ERROR:
		take_end(try, message);
		break;
	case NLMSG_OVERRUN:
		try->torn = true;
		break;
	default: {
		FlowSample sample;
		if (diag_decode(message, &sample) < 0) {
			try->undecoded++;
			break;
		}
		try->sockets++;
		try->callback(&sample, try->context);
	}
	}
}

static void take_datagram(Try *try, size_t length)
{
	const uint8_t *rest = try->dumper->buffer;
	while (length >= sizeof(struct nlmsghdr) && !try->done) {
		const struct nlmsghdr *message = (const struct nlmsghdr *)rest;
		if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > length)
			break;
		if (message->nlmsg_seq == try->dumper->sequence)
			take_message(try, message);
		size_t step = MIN((size_t)NLMSG_ALIGN(message->nlmsg_len), length);
		rest += step;
		length -= step;
	}
	if (length > 0 && !try->done)
		try->undecoded++; /* the rest is no message, so where the next begins is unknown */
}

/* 0: what came is whole. TRY_TORN. Negative errno. */
static int finish(Try *try)
{
	if (try->error == -EBUSY)
		return TRY_TORN; /* an older dump is still under way on this socket */
	if (try->error == -ENOENT)
		return -EPROTONOSUPPORT; /* sock_diag has no handler for the family */
	if (try->error < 0)
		return try->error;
	return try->torn ? TRY_TORN : 0;
}

static int try_once(Try *try, uint8_t family)
{
	const DiagTransport *transport = &try->dumper->transport;
	int r = ask(try->dumper, try->request, family);
	if (r < 0)
		return r == -ENOBUFS ? TRY_TORN : r;
	while (!try->done) {
		bool truncated = false;
		ssize_t n = transport->receive(transport->context, try->dumper->buffer,
					       sizeof(try->dumper->buffer), &truncated);
		if (n == -ENOBUFS)
			return TRY_TORN;
		if (n < 0)
			return n == -EAGAIN ? -ETIMEDOUT : (int)n;
		take_datagram(try, (size_t)n);
		if (truncated && !try->done)
			return TRY_TORN;
	}
	return finish(try);
}

static int dump_family(const Try *fresh, uint8_t family, DiagStats *stats)
{
	const DiagTransport *transport = &fresh->dumper->transport;
	for (unsigned i = 1;; i++) {
		Try try = *fresh;
		int r = try_once(&try, family);
		if (!try.done || try.error < 0)
			transport->reset(transport->context);
		if (r < 0)
			return r;
		if (r == TRY_TORN && i < DIAG_TRIES) {
			stats->retries++;
			continue;
		}
		stats->sockets += try.sockets;
		stats->undecoded += try.undecoded;
		stats->incomplete |= r == TRY_TORN;
		return 0;
	}
}

int diag_dumper_run(DiagDumper *dumper, const DiagQuery *query, DiagCallback callback,
		    void *context, DiagStats *ret_stats)
{
	Request request;
	const Try fresh = {
		.dumper = dumper, .request = &request, .callback = callback, .context = context};
	DiagStats stats = {0};
	int r = request_init(&request, query);
	if (r < 0)
		return r;
	r = dump_family(&fresh, AF_INET, &stats);
	if (r < 0)
		return r;
	r = dump_family(&fresh, AF_INET6, &stats);
	/* A kernel without IPv6 has no IPv6 sockets. */
	if (r < 0 && r != -EPROTONOSUPPORT)
		return r;
	*ret_stats = stats;
	return 0;
}
