/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The real Control on a real socket in a temporary directory, in this process: a loop turned by
 * hand, a clock set by hand, clients that never block. Link with -Wl,--wrap=loop_timer_set.
 */
#include "common/interface.h"
#include "common/wire.h"
#include "daemon/serve/control.h"
#include "tests/unit/fake_daemon.h"

#define CALL_STATUS "{\"method\":\"" INTERFACE_GET_STATUS "\"}"
#define OTHER_UID   1000
#define OTHER_GID   1000

typedef struct ControlBench {
	FakeDaemon fake; /* its now_ns is the clock */
	Loop *loop;
	Control *control;
	char directory[64], path[96];
	unsigned notices, warnings; /* lines logged */
	char last_notice[512];
	LoopTimer *last_timer;
	uint64_t last_delay_ns; /* that it was set to */
	unsigned timers_set;
	uint64_t step_ns; /* by which the clock goes on whenever it is looked at */
} ControlBench;

extern ControlBench bench;

void bench_setup(void);
void bench_teardown(void); /* fails if a file was left behind */
ControlParams bench_params(void);

/* A few turns of the loop; stops early once fd (if not -1) is readable. */
void bench_turn(int fd);
/* Sets the timer off that was set last. */
void bench_fire_timer(void);

/* A descriptor or negative errno. */
int bench_try_connect(void);
/* Connected and accepted, if there is a place. */
int bench_client(void);
/* Connects as somebody else: the credentials of connect(2) are what counts. Only as root. */
int bench_client_as(uid_t uid, gid_t gid, const gid_t *groups, size_t n);
/* Whether clients of other users can be played. */
bool bench_running_as_root(void);

void bench_say(int fd, const char *bytes, size_t length);
void bench_say_call(int fd, const char *text); /* with the NUL */
/* One reply; NULL: the connection was ended, or nothing comes (*ret_ended tells). */
Json *bench_hear(int fd, WireReader *reader, bool *ret_ended);
/* One reply and not a byte more. */
Json *bench_hear_one(int fd);
/* The connection was ended without a byte. */
bool bench_is_ended(int fd);
/* A new client gets its answer, and goes. */
void bench_check_served(void);
