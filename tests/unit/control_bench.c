/* SPDX-License-Identifier: MIT */
#include "tests/unit/control_bench.h"

#include <errno.h>
#include <event2/event.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/log.h"
#include "tests/unit/harness.h"

#define TURNS 400

ControlBench bench;

/* The linker puts this in the place of loop_timer_set(): a test does not wait for seconds, it sets
 * the timer off itself. */
int __real_loop_timer_set(LoopTimer *timer, uint64_t delay_ns);
int __wrap_loop_timer_set(LoopTimer *timer, uint64_t delay_ns);

int __wrap_loop_timer_set(LoopTimer *timer, uint64_t delay_ns)
{
	bench.last_timer = timer;
	bench.last_delay_ns = delay_ns;
	bench.timers_set++;
	return __real_loop_timer_set(timer, delay_ns);
}

static uint64_t fake_monotonic(void *context)
{
	FakeDaemon *fake = context;

	fake->now_ns += bench.step_ns;
	return fake->now_ns;
}

static void on_log(const LogRecord *record, void *context)
{
	(void)context;
	bench.warnings += record->level == LOG_WARNING;
	if (record->level != LOG_NOTICE)
		return;
	bench.notices++;
	(void)snprintf(bench.last_notice, sizeof(bench.last_notice), "%s", record->message);
}

ControlParams bench_params(void)
{
	return (ControlParams){.loop = bench.loop,
			       .clock = {.monotonic_ns = fake_monotonic, .context = &bench.fake},
			       .path = bench.path,
			       .listen_fd = -1,
			       .group = "daemon",
			       .ops = fake_daemon_ops(&bench.fake)};
}

static void bench_start(void)
{
	ControlParams params = bench_params();

	ck_assert_int_eq(control_new(&params, &bench.control), 0);
}

void bench_setup(void)
{
	log_set_sink(on_log, NULL);
	fake_daemon_init(&bench.fake);
	ck_assert_int_eq(loop_new(&bench.loop), 0);
	(void)snprintf(bench.directory, sizeof(bench.directory), "/tmp/test-control.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(bench.directory));
	ck_assert_int_eq(chmod(bench.directory, 0755), 0);
	(void)snprintf(bench.path, sizeof(bench.path), "%s/sock", bench.directory);
	bench_start();
}

void bench_teardown(void)
{
	control_free(bench.control);
	loop_free(bench.loop);
	fake_daemon_clear(&bench.fake);
	(void)unlink(bench.path);
	ck_assert_int_eq(rmdir(bench.directory), 0); /* nothing else was left behind */
}

/* A few turns; stops early once fd (if any) is readable. */
void bench_turn(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	for (unsigned i = 0; i < TURNS; i++) {
		(void)event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
		if (fd >= 0 && poll(&ready, 1, 0) > 0)
			return;
	}
}

int bench_try_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", bench.path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;

		(void)close(fd);
		return -error;
	}
	return fd;
}

int bench_client(void)
{
	int fd = bench_try_connect();

	ck_assert_int_ge(fd, 0);
	for (unsigned i = 0; i < 4; i++)
		(void)event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
	return fd;
}

void bench_say(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);

		if (n < 0) {
			ck_assert_int_eq(errno, EAGAIN);
			(void)event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
			continue;
		}
		bytes += n;
		length -= (size_t)n;
	}
}

/* With the NUL. */
void bench_say_call(int fd, const char *text)
{
	bench_say(fd, text, strlen(text) + 1);
}

/* One reply; NULL: the connection was ended, or nothing comes (*ret_ended tells). */
Json *bench_hear(int fd, WireReader *reader, bool *ret_ended)
{
	*ret_ended = false;
	for (;;) {
		static char bytes[128 * 1024];
		Json *reply = NULL;
		ssize_t n;

		ck_assert_int_ge(wire_next(reader, &reply), 0);
		if (reply)
			return reply;
		bench_turn(fd);
		n = recv(fd, bytes, sizeof(bytes), 0);
		if (n < 0 && errno == EAGAIN)
			return NULL;
		if (n <= 0) {
			*ret_ended = true;
			return NULL;
		}
		ck_assert_int_eq(wire_feed(reader, bytes, (size_t)n), 0);
	}
}

Json *bench_hear_one(int fd)
{
	WireReader reader = {.consumed = 0};
	bool ended;
	Json *reply = bench_hear(fd, &reader, &ended);

	ck_assert_ptr_nonnull(reply);
	ck_assert_uint_eq(reader.buffer.length, reader.consumed);
	wire_reader_clear(&reader);
	return reply;
}

bool bench_is_ended(int fd)
{
	char byte;
	ssize_t n;

	bench_turn(fd);
	n = recv(fd, &byte, 1, 0);
	ck_assert_int_le(n, 0); /* not a single byte comes out */
	return n == 0 || errno != EAGAIN;
}

void bench_check_served(void)
{
	int fd = bench_client();
	Json *reply;

	bench_say_call(fd, CALL_STATUS);
	reply = bench_hear_one(fd);
	ck_assert_ptr_nonnull(json_get(json_get(reply, "parameters"), "version"));
	json_free(reply);
	(void)close(fd);
	bench_turn(-1);
}

bool bench_running_as_root(void)
{
	return geteuid() == 0;
}

/* Connects as somebody else: the credentials of connect(2) are what counts. */
int bench_client_as(uid_t uid, gid_t gid, const gid_t *groups, size_t n)
{
	int fd;

	ck_assert_int_eq(setgroups(n, groups), 0);
	ck_assert_int_eq(setegid(gid), 0);
	ck_assert_int_eq(seteuid(uid), 0);
	fd = bench_try_connect();
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(0), 0);
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_ge(fd, 0);
	for (unsigned i = 0; i < 4; i++)
		(void)event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
	return fd;
}

void bench_fire_timer(void)
{
	ck_assert_int_eq(__real_loop_timer_set(bench.last_timer, 0), 0);
}
