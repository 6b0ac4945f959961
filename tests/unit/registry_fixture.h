/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A registry on a sysctl tree in memory and a journal on a real disk. fsync(2) and rename are
 * replaced by wrappers, so that a test may ask at any moment: is what would survive a power
 * cut now enough to undo what is being done?
 */
#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include "daemon/tune/registry.h"
#include "tests/unit/fake_sysctl.h"

#define RMEM "net.ipv4.tcp_rmem"
#define WMEM "net.ipv4.tcp_wmem"
#define CC   "net.ipv4.tcp_congestion_control"
#define LIST "net.ipv4.tcp_allowed_congestion_control"
#define TFO  "net.ipv4.tcp_fastopen"

#define RMEM_OLD "4096\t131072\t6291456"
#define RMEM_NEW "4096 262144 12582912"
#define WMEM_NEW "4096 16384 8388608"

typedef struct RegistryFixture {
	char path[32];
	FakeSysctl *fake;
	uint64_t now_ns;
	RegistryParams params;
	Registry *registry;
	/* What was reported: "WRITTEN tcp_rmem: OLD > NEW #CHANGE ERROR" */
	char reports[64][400];
	size_t n_reports;
	struct {
		int sync_error; /* of every fsync, if not 0 */
		/* The journal as fsync'd under its temporary name, and as a power cut would leave
		 * it. */
		char synced[4096], durable[4096];
		bool renamed; /* not yet durable */
	} disk;
} RegistryFixture;

extern RegistryFixture fixture;

/* A child namespace that allows reno, bbr and cubic; and the init namespace, which does not allow
 * bbr yet. The current one is cubic. */
void fixture_setup(void);
void fixture_setup_initial(void);
/* A new process: all that it has is the kernel and the disk. */
void fixture_start(void);
/* Dies without a word. */
void fixture_crash(void);

TunableChange fixture_change_of(TunableId id, const char *text);
int fixture_apply_one(TunableId id, const char *text, uint64_t change_id);
int fixture_restore_one(TunableId id);
const TunableState *fixture_state_of(TunableId id);
bool fixture_journal_exists(void);

/* Nothing was written, nothing journalled, nothing is ours. */
void fixture_assert_untouched(void);
void fixture_assert_value_at(const char *key, const char *want, int line);
#define fixture_assert_value(key, want) fixture_assert_value_at(key, want, __LINE__)
/* Exactly these since the last time, in this order. */
void fixture_assert_reports_at(const char *file, int line, const char *const *expected, size_t n);
#define fixture_assert_reports(...)                                                                \
	do {                                                                                       \
		const char *const expected_[] = {NULL, ##__VA_ARGS__};                             \
		fixture_assert_reports_at(__FILE__, __LINE__, expected_ + 1,                       \
					  sizeof(expected_) / sizeof(expected_[0]) - 1);           \
	} while (0)

void fixture_add(Suite *suite, const char *name, SFun set, const TTest *const *tests, size_t n);
#define FIXTURE_CASE(suite, name, set, ...)                                                        \
	do {                                                                                       \
		const TTest *const tests_[] = {__VA_ARGS__};                                       \
		fixture_add(suite, name, set, tests_, sizeof(tests_) / sizeof(tests_[0]));         \
	} while (0)
