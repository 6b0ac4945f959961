/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A bench for one kind of datagram probe on real sockets: a loop, one probe, and what it reported.
 * Each test is a process of its own, so it may leave for a network namespace.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "daemon/probe/kind.h"
#include "tests/unit/harness.h"

static const ProbeKind *kind;
static Loop *loop;
static Probe *probe;
static ProbeShared shared;
static ProbeMemory *memory;
static LoopTimer *deadline;
static ProbeSpec spec;
static ProbeResult result;
static ProbeFacts facts;
static char explanation[256];
static unsigned reports;
static Address loopback, loopback6;

static void bench_on_done(void *context, const ProbeResult *done)
{
	ck_assert_ptr_eq(context, &reports);
	result = *done;
	if (done->facts)
		facts = *done->facts;
	(void)snprintf(explanation, sizeof(explanation), "%s",
		       done->explanation ? done->explanation : "");
	reports++;
	loop_stop(loop, 0);
}

static void bench_on_deadline(void *context)
{
	(void)context;
	loop_stop(loop, 1);
}

static void bench_setup(const ProbeKind *the_kind)
{
	kind = the_kind;
	spec = (ProbeSpec){.host = "test", .target = "", .timeout_ns = 5 * NSEC_PER_SEC};
	ck_assert_int_eq(loop_new(&loop), 0);
	ck_assert_int_eq(loop_timer_new(loop, bench_on_deadline, NULL, &deadline), 0);
	ck_assert_int_eq(address_parse("127.0.0.1", &loopback), 0);
	ck_assert_int_eq(address_parse("::1", &loopback6), 0);
}

static void bench_teardown(void)
{
	kind->cancel(probe);
	if (kind->forget)
		kind->forget(memory);
	probe_shared_clear(&shared);
	loop_timer_free(deadline);
	loop_free(loop);
}

/* True if the probe reported within the time. */
static bool run_for(uint64_t ns)
{
	ck_assert_int_eq(loop_timer_set(deadline, ns), 0);
	(void)loop_run(loop);
	loop_timer_disarm(deadline);
	return reports > 0;
}

static int start(const Address *address)
{
	ProbeStart params = {
		.loop = loop,
		.clock = &clock_system,
		.address = *address,
		.spec = &spec,
		.shared = &shared,
		.memory = &memory,
		.done = bench_on_done,
		.context = &reports,
	};
	int r;

	kind->cancel(probe);
	probe = NULL;
	reports = 0;
	memset(&result, 0x55, sizeof(result));
	memset(&facts, 0, sizeof(facts));
	r = kind->start(&params, &probe);
	ck_assert_uint_eq(reports, 0); /* never from inside */
	return r;
}

/* Starts and waits for the one report. */
static void run(const Address *address)
{
	ck_assert_int_eq(start(address), 0);
	ck_assert(run_for(20 * NSEC_PER_SEC));
	ck_assert_uint_eq(reports, 1);
	ck_assert(address_equal(&result.address, address));
	ck_assert_ptr_nonnull(result.facts);
}

static void ck_assert_failure(ProbeOutcome outcome, int error)
{
	ck_assert_str_eq(probe_outcome_name(result.outcome), probe_outcome_name(outcome));
	ck_assert_int_eq(result.error, error);
	ck_assert_uint_eq(result.phases, 0); /* a failure is never a number */
}

static bool enter_empty_network(void)
{
	return unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
}

__attribute__((unused)) static void bring_loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

__attribute__((unused)) static unsigned open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

__attribute__((unused)) static void let_time_pass(uint64_t ns)
{
	uint64_t until = clock_monotonic_ns(&clock_system) + ns;

	while (clock_monotonic_ns(&clock_system) < until)
		;
}
