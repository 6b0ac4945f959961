/* SPDX-License-Identifier: MIT */
/*
 * The floor against simulated days: how often it ends an epoch when the path did not change, how
 * soon it does when it did, and what it makes of queues that last. Each bound stands beside what
 * was measured when it was set; the seeds are fixed.
 */
#include "daemon/model/floor.h"

#include <math.h>
#include <string.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/random.h"
#include "tests/unit/harness.h"

#define BASE_US 20000.0
#define DAY     86400.0

static uint64_t state;
static Random rnd;

static void seed(uint64_t value)
{
	state = value * 104729 + 7;
	rnd = random_seeded(&state);
}

static bool add(Floor *floor, double t, double us)
{
	return floor_add(floor, (uint64_t)((t + 1) * 1e9), (uint32_t)us);
}

/* What queues add to a base of 1, at second t. */
typedef struct Noise {
	const char *name;
	double (*queue)(double t);
	double false_per_day; /* bound */
} Noise;

static double level; /* of an AR(.9) */
static double level_since;

static void level_step(void)
{
	level = 0.9 * level + sqrt(1 - 0.81) * random_normal(&rnd);
}

static double diurnal(double t)
{
	return 1 + 0.8 * sin(2 * M_PI * t / DAY);
}

static double quiet(double t)
{
	(void)t;
	return fabs(random_normal(&rnd)) * 0.002;
}

static double light(double t)
{
	(void)t;
	return random_exponential(&rnd, 0.01);
}

static double busy(double t)
{
	(void)t;
	return random_exponential(&rnd, 0.1);
}

static double heavy(double t)
{
	(void)t;
	return random_exponential(&rnd, 0.5);
}

/* Correlated from sample to sample, more by day than by night. */
static double restless(double t)
{
	level_step();
	return 0.1 * diurnal(t) * exp(0.5 * level) + random_exponential(&rnd, 0.02);
}

/* Correlated over minutes: no block of a rush hour ever sees the empty path. */
static double sluggish(double t)
{
	if (t < level_since || t - level_since > 30) {
		level_step();
		level_since = t;
	}
	return 0.3 * diurnal(t) * exp(0.5 * level) + random_exponential(&rnd, 0.05);
}

static const Noise noises[] = {
	{"quiet 0.2 %", quiet, 0},                         /* 0 */
	{"exponential 1 %", light, 0},                     /* 0 */
	{"exponential 10 %", busy, 0.05},                  /* 0 */
	{"exponential 50 %", heavy, 0.1},                  /* 0.03 */
	{"AR(.9) 10 %, diurnal", restless, 0.2},           /* 0.05 */
	{"AR(.9) of blocks 30 %, diurnal", sluggish, 1.5}, /* 0.9 */
};

static double false_per_day(const Noise *noise, double base_us, double gap, unsigned days)
{
	unsigned ends = 0;

	for (unsigned day = 0; day < days; day++) {
		Floor floor;

		seed(day);
		floor_init(&floor);
		for (double t = 0; t < DAY; t += gap)
			ends += add(&floor, t, base_us * (1 + noise->queue(t + 3600 * day)));
	}
	return (double)ends / days;
}

START_TEST(test_false_alarms)
{
	const Noise *noise = &noises[_i];
	static const double bases_us[] = {100, 1000, 20000, 150000};

	for (size_t b = 0; b < ARRAY_SIZE(bases_us); b++) {
		double sparse = false_per_day(noise, bases_us[b], 10, 40);
		double dense = false_per_day(noise, bases_us[b], 1, 10);

		printf("# %s on %.1f ms: %.2f ends/day at 10 s, %.2f at 1 s\n", noise->name,
		       bases_us[b] / 1e3, sparse, dense);
		ck_assert_double_le(sparse, noise->false_per_day);
		ck_assert_double_le(dense, noise->false_per_day);
	}
	fflush(stdout);
}
END_TEST

typedef struct Shift {
	double factor, at;
	double gap;
	unsigned noise;
	unsigned detected;  /* of 100 runs, at least */
	double mean_blocks; /* of those, at most */
} Shift;

static const Shift shifts[] = {
	/* measured: 100 8.0 */
	{1.2, 7200, 10, 0, 100, 8.5},
	{1.2, 7200, 10, 1, 100, 8.5},
	{1.2, 7200, 1, 2, 100, 8.5},
	/* 100 24.8: three samples in a block of a busy path are seldom steady */
	{1.2, 7200, 10, 2, 99, 40},
	{2.0, 7200, 10, 1, 100, 8.5},
	{2.0, 7200, 10, 2, 100, 20}, /* 100 12.5 */
	{2.0, 7200, 10, 4, 100, 30}, /* 100 19.1 */
	{4.0, 7200, 10, 1, 100, 30.5},
	/* in the warm-up, from the sixth block */
	{1.2, 150, 10, 1, 100, 8.5},
	{2.0, 150, 10, 2, 100, 15},
	/* shorter: the third block that undercuts */
	{0.8, 7200, 10, 1, 100, 3.5},
	{0.8, 7200, 1, 2, 100, 3.5},
	{0.5, 7200, 10, 4, 100, 3.5},
	/* too little to be told from noise */
	{1.05, 7200, 10, 1, 0, 0},
};

static unsigned run_shift(const Shift *shift, unsigned run, unsigned *ret_wrong)
{
	double end = shift->at + 7200;
	unsigned blocks = 0;
	Floor floor;

	seed(run);
	floor_init(&floor);
	for (double t = 0; t < end; t += shift->gap) {
		double base = t < shift->at ? BASE_US : BASE_US * shift->factor;
		bool ended = add(&floor, t, base * (1 + noises[shift->noise].queue(t)));

		if (!ended)
			continue;
		*ret_wrong += t < shift->at || blocks > 0 || floor.floor_us < base * 0.999 ||
			      floor.floor_us > base * 1.3 ||
			      (double)floor.since_ns < (shift->at - 30) * 1e9;
		blocks = blocks ? blocks : (unsigned)((t - shift->at) / 30);
	}
	return blocks;
}

START_TEST(test_shifts_are_found)
{
	const Shift *shift = &shifts[_i];
	unsigned detected = 0, wrong = 0;
	double blocks = 0;

	for (unsigned run = 0; run < 100; run++) {
		unsigned after = run_shift(shift, run, &wrong);

		detected += after > 0;
		blocks += after;
	}
	printf("# x%.2f at %.0f s, every %.0f s, %s: %u of 100 after %.1f blocks, %u wrong\n",
	       shift->factor, shift->at, shift->gap, noises[shift->noise].name, detected,
	       detected ? blocks / detected : 0, wrong);
	fflush(stdout);
	ck_assert_uint_ge(detected, shift->detected);
	if (shift->detected == 0)
		ck_assert_uint_eq(detected, 0);
	else
		ck_assert_double_le(blocks / detected, shift->mean_blocks);
	ck_assert_uint_le(wrong, 15);
}
END_TEST

/* --- queues that last --- */

static double sawtooth(double t) /* loss-based senders in a deep buffer */
{
	return 0.7 + 0.3 * fmod(t, 17) / 17;
}

static double full(double t) /* overload at a constant rate */
{
	(void)t;
	return 1 + 0.01 * random_normal(&rnd);
}

static double swaying(double t)
{
	(void)t;
	return 0.3 + 0.7 * random_unit(&rnd);
}

typedef struct Bloat {
	const char *name;
	double (*fill)(double t);
	double depth, seconds, gap; /* depth: of the base RTT; gap: s between samples */
	bool raises;                /* what is to be expected of it */
} Bloat;

static const Bloat bloats[] = {
	{"sawtooth", sawtooth, 2, 600, 10, false},
	{"sawtooth", sawtooth, 10, 1200, 10, false},
	/* shallow: its valley is steady, what happens within a block is not */
	{"sawtooth", sawtooth, 0.3, 600, 1, false},
	{"swaying", swaying, 2, 600, 10, false},
	{"swaying", swaying, 10, 3000, 10, false},
	/* to the brim, by more than the base: believed after 15 min, not before */
	{"full", full, 2, 600, 10, false},
	{"full", full, 10, 800, 10, false},
	{"full", full, 10, 1200, 10, true},
	/* shallow and full: nothing but loss tells it from a route */
	{"full", full, 0.3, 600, 10, true},
};

START_TEST(test_bufferbloat)
{
	const Bloat *bloat = &bloats[_i];
	unsigned raised = 0;

	for (unsigned run = 0; run < 50; run++) {
		double end = 7200 + bloat->seconds;
		uint32_t floor_us = 0;
		Floor floor;

		seed(run);
		floor_init(&floor);
		for (double t = 0; t < end + 3600; t += bloat->gap) {
			double us = BASE_US * (1 + light(t));

			if (t >= 7200 && t < end)
				us += BASE_US * bloat->depth * bloat->fill(t);
			raised += add(&floor, t, us) && floor.floor_us > floor.previous_us;
		}
		ck_assert(floor_get(&floor, &floor_us));
		ck_assert_double_le(floor_us, BASE_US * 1.01); /* in the end it is always right */
	}
	printf("# %s x%.1f for %.0f s: raised %u of 50\n", bloat->name, bloat->depth,
	       bloat->seconds, raised);
	fflush(stdout);
	if (bloat->raises)
		ck_assert_uint_ge(raised, 25);
	else
		ck_assert_uint_eq(raised, 0);
}
END_TEST

/* An emptied moment in each minute refutes it for good. */
START_TEST(test_a_glimpse_of_the_old_floor_is_enough)
{
	Floor floor;

	floor_init(&floor);
	for (double t = 0; t < 7200; t += 1)
		ck_assert(!add(&floor, t, BASE_US));
	for (double t = 7200; t < 7200 + 4 * 3600; t += 1)
		ck_assert(!add(&floor, t, fmod(t, 60) < 1 ? BASE_US : 3 * BASE_US));
}
END_TEST

/* --- the contract --- */

START_TEST(test_empty)
{
	Floor floor;
	uint32_t us = 4711;

	floor_init(&floor);
	ck_assert(!floor_get(&floor, &us));
	ck_assert_uint_eq(us, 4711);
	ck_assert_uint_eq(floor.epoch, 0);
	ck_assert_uint_eq(floor.since_ns, 0);
	ck_assert_uint_eq(floor.previous_us, UINT32_MAX);
	ck_assert_uint_le(sizeof(Floor), 112); /* one in each of 4,096 paths */
}
END_TEST

START_TEST(test_an_undercut_lowers_at_once)
{
	Floor floor;
	uint32_t us;

	floor_init(&floor);
	ck_assert(!add(&floor, 0, 30000));
	ck_assert(floor_get(&floor, &us) && us == 30000);
	ck_assert_uint_eq(floor.epoch, 1);
	ck_assert_uint_eq(floor.since_ns, NSEC_PER_SEC);
	ck_assert(!add(&floor, 1, 29000));
	ck_assert(floor_get(&floor, &us) && us == 29000);
	ck_assert(!add(&floor, 2, 31000));
	ck_assert(floor_get(&floor, &us) && us == 29000);
	ck_assert(!add(&floor, 3, 0)); /* a clock too coarse: still a time */
	ck_assert(floor_get(&floor, &us) && us == 1);
}
END_TEST

/* From what, to what, since when. */
START_TEST(test_what_an_epoch_tells)
{
	Floor floor;
	double t = 0;

	floor_init(&floor);
	for (; t < 3600; t += 10)
		ck_assert(!add(&floor, t, 30000 + fmod(t, 70)));
	while (!add(&floor, t, 45000 + fmod(t, 70)))
		t += 10;
	ck_assert_uint_eq(floor.epoch, 2);
	ck_assert_uint_eq(floor.previous_us, 30000);
	ck_assert_uint_eq(floor.floor_us, 45000);
	ck_assert_uint_eq(floor.since_ns, 3601 * NSEC_PER_SEC);
	for (double end = t + 3600; t < end; t += 10)
		ck_assert(!add(&floor, t, 45000 + fmod(t, 70)));
	while (!add(&floor, t, 30000))
		t += 10;
	ck_assert_uint_eq(floor.epoch, 3);
	ck_assert_uint_eq(floor.previous_us, 45000);
	ck_assert_uint_eq(floor.floor_us, 30000);
}
END_TEST

/* Once is an accident of measuring; the floor follows, the epoch stays. */
START_TEST(test_one_low_block_is_no_epoch)
{
	Floor floor;

	floor_init(&floor);
	for (double t = 0; t < 7200; t += 10)
		ck_assert(!add(&floor, t, t == 3600 ? 15000 : 30000));
	ck_assert_uint_eq(floor.floor_us, 15000);
	ck_assert_uint_eq(floor.epoch, 1);
}
END_TEST

/* Below 0.1 ms there are schedulers, not routes. */
START_TEST(test_a_lan_has_one_epoch)
{
	Floor floor;

	floor_init(&floor);
	for (double t = 0; t < DAY; t += 10)
		ck_assert(!add(&floor, t, t < DAY / 2 ? 80 : 140));
}
END_TEST

/* Blocks are of samples: silence ends nothing, and a clock that goes back does no harm. */
START_TEST(test_gaps)
{
	Floor floor;

	floor_init(&floor);
	for (unsigned i = 0; i < 100; i++)
		ck_assert(!add(&floor, i * 7200.0, 30000));
	ck_assert(!add(&floor, 1, 30000));
	ck_assert(!add(&floor, 900000, 30000));
	ck_assert_uint_eq(floor.epoch, 1);
}
END_TEST

static void add_simulations(Suite *suite)
{
	TCase *simulations = tcase_create("simulations");

	tcase_set_timeout(simulations, 60);
	tcase_add_loop_test(simulations, test_false_alarms, 0, (int)ARRAY_SIZE(noises));
	tcase_add_loop_test(simulations, test_shifts_are_found, 0, (int)ARRAY_SIZE(shifts));
	tcase_add_loop_test(simulations, test_bufferbloat, 0, (int)ARRAY_SIZE(bloats));
	suite_add_tcase(suite, simulations);
}

HARNESS_MAIN("floor", add_simulations(suite);
	     HARNESS_CASE(suite, "contract", test_empty, test_an_undercut_lowers_at_once,
			  test_what_an_epoch_tells, test_one_low_block_is_no_epoch,
			  test_a_glimpse_of_the_old_floor_is_enough, test_a_lan_has_one_epoch,
			  test_gaps);)
