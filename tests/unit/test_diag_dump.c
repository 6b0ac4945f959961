/* SPDX-License-Identifier: MIT */
/*
 * The dump protocol against a kernel played by a script of datagrams and errors.
 */
#include "daemon/kern/diag_dump.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>

#include "common/base.h"
#include "tests/unit/harness.h"

#define STEPS_MAX 64

/* One thing that the played kernel does when it is read from. */
typedef struct Step {
	int error; /* if not 0 */
	uint8_t data[1024];
	size_t length;
	bool truncated;
} Step;

typedef struct Kernel {
	Step steps[STEPS_MAX];
	size_t n_steps, next;
	int request_error;
	unsigned requests, resets;
	struct nlmsghdr asked;
	struct inet_diag_req_v2 body[STEPS_MAX];
	uint8_t bytecode[STEPS_MAX][DIAG_FILTER_SIZE_MAX];
	size_t n_bytecode[STEPS_MAX];
} Kernel;

static Kernel kernel;
static DiagDumper dumper;
static DiagQuery query;
static DiagStats stats;
static uint64_t seen[256];
static size_t n_seen;

static int play_request(void *context, const void *message, size_t length)
{
	(void)context;
	const size_t head = sizeof(struct nlmsghdr) + sizeof(struct inet_diag_req_v2);
	const uint8_t *bytes = message;
	struct rtattr attribute;
	ck_assert_uint_ge(length, head);
	memcpy(&kernel.asked, message, sizeof(kernel.asked));
	ck_assert_uint_eq(kernel.asked.nlmsg_len, length);
	memcpy(&kernel.body[kernel.requests], bytes + NLMSG_HDRLEN, sizeof(kernel.body[0]));
	if (length > head) {
		ck_assert_uint_gt(length, head + sizeof(attribute)); /* empty: EINVAL */
		memcpy(&attribute, bytes + head, sizeof(attribute));
		ck_assert_uint_eq(attribute.rta_type, INET_DIAG_REQ_BYTECODE);
		ck_assert_uint_eq(attribute.rta_len, length - head);
		kernel.n_bytecode[kernel.requests] = length - head - sizeof(attribute);
		memcpy(kernel.bytecode[kernel.requests], bytes + head + sizeof(attribute),
		       kernel.n_bytecode[kernel.requests]);
	}
	kernel.requests++;
	return kernel.request_error;
}

static ssize_t play_receive(void *context, void *buffer, size_t size, bool *ret_truncated)
{
	(void)context;
	ck_assert_msg(kernel.next < kernel.n_steps, "read once more than the kernel had to say");
	Step *step = &kernel.steps[kernel.next++];
	if (step->error)
		return -step->error;
	ck_assert_uint_le(step->length, size);
	memcpy(buffer, step->data, step->length);
	/* All messages answer the request under way, unless the step says otherwise (sequence 1).
	 */
	for (size_t at = 0; at + NLMSG_HDRLEN <= step->length;) {
		struct nlmsghdr *message = (struct nlmsghdr *)((uint8_t *)buffer + at);
		if (message->nlmsg_seq == 0)
			message->nlmsg_seq = kernel.asked.nlmsg_seq;
		if (message->nlmsg_len < NLMSG_HDRLEN)
			break;
		at += NLMSG_ALIGN(message->nlmsg_len);
	}
	*ret_truncated = step->truncated;
	return (ssize_t)step->length;
}

static void play_reset(void *context)
{
	(void)context;
	kernel.resets++;
}

static Step *step_new(void)
{
	ck_assert_uint_lt(kernel.n_steps, STEPS_MAX);
	return &kernel.steps[kernel.n_steps++];
}

static struct nlmsghdr *put(Step *step, uint16_t type, uint16_t flags, const void *body,
			    size_t length)
{
	struct nlmsghdr header = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(length),
				  .nlmsg_type = type,
				  .nlmsg_flags = flags};
	ck_assert_uint_le(step->length + NLMSG_SPACE(length), sizeof(step->data));
	uint8_t *at = step->data + step->length;
	memcpy(at, &header, sizeof(header));
	memcpy(at + NLMSG_HDRLEN, body, length);
	step->length += NLMSG_SPACE(length);
	return (struct nlmsghdr *)at;
}

static void put_socket(Step *step, uint32_t cookie, uint16_t flags)
{
	struct inet_diag_msg body = {.idiag_family = AF_INET, .idiag_state = 1};
	body.id.idiag_cookie[0] = cookie;
	put(step, SOCK_DIAG_BY_FAMILY, flags | NLM_F_MULTI, &body, sizeof(body));
}

static void put_done(Step *step, int error, uint16_t flags)
{
	put(step, NLMSG_DONE, flags | NLM_F_MULTI, &error, sizeof(error));
}

static void say_socket(uint32_t cookie, uint16_t flags)
{
	put_socket(step_new(), cookie, flags);
}

static void say_done(int error, uint16_t flags)
{
	put_done(step_new(), error, flags);
}

static void say_refused(int error)
{
	struct nlmsgerr body = {.error = -error};
	put(step_new(), NLMSG_ERROR, 0, &body, sizeof(body));
}

static void say_error(int error)
{
	step_new()->error = error;
}

static void note(const FlowSample *sample, void *context)
{
	ck_assert_ptr_eq(context, &kernel);
	ck_assert_uint_lt(n_seen, ARRAY_SIZE(seen));
	seen[n_seen++] = sample->cookie;
}

static void setup(void)
{
	memset(&kernel, 0, sizeof(kernel));
	memset(&dumper, 0, sizeof(dumper));
	memset(&stats, 0xa5, sizeof(stats));
	n_seen = 0;
	dumper.transport = (DiagTransport){play_request, play_receive, play_reset, NULL};
	query = (DiagQuery){.states = DIAG_STATES_FLOWS};
}

static int run(void)
{
	return diag_dumper_run(&dumper, &query, note, &kernel, &stats);
}

static void check(size_t sockets, unsigned retries, bool incomplete, unsigned undecoded)
{
	ck_assert_uint_eq(stats.sockets, sockets);
	ck_assert_uint_eq(stats.retries, retries);
	ck_assert(stats.incomplete == incomplete);
	ck_assert_uint_eq(stats.undecoded, undecoded);
	ck_assert_uint_eq(kernel.next, kernel.n_steps);
}

START_TEST(test_whole)
{
	Step *step = step_new();
	put_socket(step, 1, 0);
	put_socket(step, 2, 0);
	say_socket(3, 0);
	say_done(0, 0);
	step = step_new();
	put_socket(step, 4, 0);
	put_done(step, 0, 0);
	ck_assert_int_eq(run(), 0);
	check(4, 0, false, 0);
	ck_assert_uint_eq(n_seen, 4);
	for (size_t i = 0; i < n_seen; i++)
		ck_assert_uint_eq(seen[i], i + 1);
	ck_assert_uint_eq(kernel.requests, 2);
	ck_assert_uint_eq(kernel.resets, 0);
	ck_assert_uint_eq(kernel.asked.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	static const uint8_t families[] = {AF_INET, AF_INET6};
	for (size_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(kernel.body[i].sdiag_family, families[i]);
		ck_assert_uint_eq(kernel.body[i].sdiag_protocol, IPPROTO_TCP);
		ck_assert_uint_eq(kernel.body[i].idiag_states, DIAG_STATES_FLOWS);
		ck_assert_uint_eq(kernel.body[i].idiag_ext, 0x4e);
		ck_assert_uint_eq(kernel.n_bytecode[i], 0);
	}
}
END_TEST

START_TEST(test_no_sockets)
{
	say_done(0, 0);
	put(step_new(), NLMSG_DONE, NLM_F_MULTI, "", 0); /* a bare one, of an old kernel */
	ck_assert_int_eq(run(), 0);
	check(0, 0, false, 0);
}
END_TEST

/* The mark may be on any message, on the last as well. */
START_TEST(test_interrupted)
{
	for (int where = 0; where < 3; where++) {
		setup();
		say_socket(1, where == 0 ? NLM_F_DUMP_INTR : 0);
		say_socket(2, where == 1 ? NLM_F_DUMP_INTR : 0);
		say_done(0, where == 2 ? NLM_F_DUMP_INTR : 0);
		say_socket(1, 0);
		say_done(0, 0);
		say_done(0, 0);
		ck_assert_int_eq(run(), 0);
		check(1, 1, false, 0);
		ck_assert_uint_eq(n_seen, 3);
		ck_assert_uint_eq(kernel.resets, 0); /* it was read to its end */
	}
}
END_TEST

START_TEST(test_interrupted_always)
{
	for (int family = 0; family < 2; family++)
		for (int i = 0; i < DIAG_TRIES; i++) {
			say_socket((uint32_t)i, NLM_F_DUMP_INTR);
			say_done(0, 0);
		}
	ck_assert_int_eq(run(), 0);
	check(2, 4, true, 0);
	ck_assert_uint_eq(kernel.requests, 6);
}
END_TEST

START_TEST(test_overrun)
{
	say_socket(1, 0);
	say_error(ENOBUFS);
	say_error(ENOBUFS);
	say_socket(1, 0);
	say_socket(2, 0);
	say_done(0, 0);
	say_done(0, 0);
	ck_assert_int_eq(run(), 0);
	check(2, 2, false, 0);
	ck_assert_uint_eq(kernel.resets, 2);

	setup();
	for (int i = 0; i < DIAG_TRIES; i++) {
		say_socket(7, 0);
		say_error(ENOBUFS);
	}
	put(step_new(), NLMSG_OVERRUN, 0, "", 0);
	say_done(0, 0);
	say_done(0, 0);
	ck_assert_int_eq(run(), 0);
	check(1, 3, true, 0);
}
END_TEST

START_TEST(test_truncated)
{
	for (int i = 0; i < DIAG_TRIES; i++) {
		Step *step = step_new();
		put_socket(step, 1, 0);
		put_socket(step, 2, 0);
		step->length -= 10;
		step->truncated = true;
	}
	say_done(0, 0);
	ck_assert_int_eq(run(), 0);
	check(1, 2, true, 1);
	ck_assert_uint_eq(kernel.resets, 3);
}
END_TEST

START_TEST(test_busy)
{
	say_refused(EBUSY);
	say_socket(1, 0);
	say_done(0, 0);
	say_done(0, 0);
	ck_assert_int_eq(run(), 0);
	check(1, 1, false, 0);
	ck_assert_uint_eq(kernel.resets, 1);
}
END_TEST

static void fails(int expected)
{
	DiagStats before = stats;
	ck_assert_int_eq(run(), expected);
	ck_assert_mem_eq(&before, &stats, sizeof(stats));
	ck_assert_uint_eq(kernel.resets, 1);
}

START_TEST(test_refusals)
{
	say_refused(ENOENT);
	fails(-EPROTONOSUPPORT);
	setup();
	say_refused(EPERM);
	fails(-EPERM);
	setup();
	say_socket(1, 0);
	say_done(-ENOMEM, 0);
	fails(-ENOMEM);
	setup();
	say_socket(1, 0);
	say_error(EAGAIN);
	fails(-ETIMEDOUT);
	setup();
	say_error(EBADF);
	fails(-EBADF);
	setup();
	put(step_new(), NLMSG_ERROR, 0, "ab", 2);
	fails(-EBADMSG);
	setup();
	kernel.request_error = -EACCES;
	fails(-EACCES);
	setup();
	say_done(0, 0);
	say_refused(EINVAL);
	fails(-EINVAL);
}
END_TEST

START_TEST(test_no_ipv6)
{
	say_socket(1, 0);
	say_done(0, 0);
	say_refused(ENOENT);
	ck_assert_int_eq(run(), 0);
	check(1, 0, false, 0);
}
END_TEST

START_TEST(test_strangers)
{
	Step *step = step_new();
	put_socket(step, 1, 0);
	((struct nlmsghdr *)step->data)->nlmsg_seq = 999; /* of another request: not counted */
	put_socket(step, 2, 0);
	put(step, NLMSG_NOOP, 0, "", 0);
	put(step, 77, 0, "what", 4);
	put(step, SOCK_DIAG_BY_FAMILY, 0, "short", 5);
	put_done(step, 0, 0);
	put_socket(step, 3, 0); /* after the end */
	step = step_new();
	put_socket(step, 4, 0);
	put(step, 77, 0, "", 0)->nlmsg_len = 3;
	put_socket(step, 5, 0); /* behind what cannot be walked over */
	step = step_new();
	put(step, 77, 0, "", 0)->nlmsg_len = 1000;
	say_done(0, 0);
	ck_assert_int_eq(run(), 0);
	check(2, 0, false, 4);
	ck_assert_uint_eq(seen[0], 2);
	ck_assert_uint_eq(seen[1], 4);
}
END_TEST

/* The bytecode goes with every request, also when one is asked again. */
START_TEST(test_filtered)
{
	const DiagFilter filter = {.slice = 1, .slices = 3}, all = {.slices = 1};
	uint8_t wanted[DIAG_FILTER_SIZE_MAX];
	int length = diag_filter_compile(&filter, wanted, sizeof(wanted));
	ck_assert_int_gt(length, 0);
	query.filter = &filter;
	say_socket(1, NLM_F_DUMP_INTR);
	say_done(0, 0);
	say_socket(1, 0);
	say_done(0, 0);
	say_done(0, 0);
	ck_assert_int_eq(run(), 0);
	check(1, 1, false, 0);
	ck_assert_uint_eq(kernel.requests, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(kernel.n_bytecode[i], (size_t)length);
		ck_assert_mem_eq(kernel.bytecode[i], wanted, (size_t)length);
		ck_assert_uint_eq(kernel.body[i].sdiag_family, i < 2 ? AF_INET : AF_INET6);
	}

	setup();
	query.filter = &all;
	say_done(0, 0);
	say_done(0, 0);
	ck_assert_int_eq(run(), 0);
	ck_assert_uint_eq(kernel.n_bytecode[0], 0);
}
END_TEST

START_TEST(test_bad_filter)
{
	const DiagFilter filter = {.slice = 3, .slices = 3};
	const DiagStats before = stats;
	query.filter = &filter;
	ck_assert_int_eq(run(), -EINVAL);
	ck_assert_uint_eq(kernel.requests, 0);
	ck_assert_mem_eq(&before, &stats, sizeof(stats));
}
END_TEST

HARNESS_MAIN("diag_dump", {
	TCase *played = tcase_create("played");
	tcase_add_checked_fixture(played, setup, NULL);
	tcase_add_test(played, test_whole);
	tcase_add_test(played, test_no_sockets);
	tcase_add_test(played, test_interrupted);
	tcase_add_test(played, test_interrupted_always);
	tcase_add_test(played, test_overrun);
	tcase_add_test(played, test_truncated);
	tcase_add_test(played, test_busy);
	tcase_add_test(played, test_refusals);
	tcase_add_test(played, test_no_ipv6);
	tcase_add_test(played, test_strangers);
	tcase_add_test(played, test_filtered);
	tcase_add_test(played, test_bad_filter);
	suite_add_tcase(suite, played);
})
