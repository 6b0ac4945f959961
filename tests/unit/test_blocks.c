/* SPDX-License-Identifier: MIT */
/*
 * How long a trial takes, and whether the way blocks are cut fools it: the real trial and meter on
 * connections made by a small model. Transfers of one size run back to back in a number of slots;
 * each begins slowly, has luck of its own, and shares the fate of the path, whose level drifts. On
 * a shared bottleneck a flow's rate is its weight's share. Sweeps come once a second, as in the
 * daemon.
 */
#include <math.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/parse.h"
#include "daemon/policy/trial.h"
#include "daemon/policy/verdict.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

#define SEED        UINT64_C(20240301)
#define FLOOR_US    100000
#define STEP_S      0.25
#define STEPS       4 /* per sweep */
#define SLOTS_MAX   8
#define LEVEL_SIGMA 0.25
#define LEVEL_RHO   0.9992 /* per step: five minutes */
#define LUCK_SIGMA  0.2
#define SHIFT_RATE  1e-4 /* per second */
#define SHIFT_SIGMA 0.5
#define ALONE_BPS   (4 * MBIT)
#define RAMP_S      0.5
#define HOURS_MAX_S (4 * 3600)

typedef struct Scene {
	const char *name;
	unsigned slots;
	double seconds; /* of one transfer, by the old setting and without luck */
	double pause_s; /* mean, between two in one slot */
	double gain;    /* of the new setting */
	bool shared;    /* flows share ALONE_BPS; otherwise each has it */
	double weight;  /* of a flow of the new setting in its share, while the old one has 1 */
	double prior;
} Scene;

typedef struct Transfer {
	bool open;
	FlowSample sample;
	bool new_arm;
	uint32_t epoch;
	double age_s, wait_s, luck;
	uint64_t left; /* bytes */
	uint64_t birth_ns, seen_ns, seen_acked, seen_busy_us;
	bool seen, was_bulk;
} Transfer;

static Trial trial;
static TrialRecord record;
static Path *path;
static Transfer transfers[SLOTS_MAX];
static Random coin;
static uint64_t now_ns, cookies;
static uint32_t epoch;
static double level, shift;

static void open_transfer(const Scene *scene, Transfer *t)
{
	double bps = (double)ALONE_BPS / (scene->shared ? scene->slots : 1);

	*t = (Transfer){.open = true,
			.sample = fake_sample(++cookies, FAKE_ADDRESS),
			.new_arm = trial.arm == TRIAL_ARM_NEW,
			.epoch = epoch,
			.luck = exp(LUCK_SIGMA * random_normal(&coin)),
			.left = (uint64_t)(bps / 8 * scene->seconds)};
}

static void observe(Transfer *t, bool gone)
{
	const TcpInfoRaw *raw = &t->sample.info.raw;
	bool bulk = raw->bytes_acked >= PATH_BULK_BYTES;
	FlowDelta delta = {.cookie = t->sample.cookie,
			   .epoch = t->epoch,
			   .birth_seen = true,
			   .born = !t->seen,
			   .bulk = bulk,
			   .became_bulk = bulk && !t->was_bulk,
			   .bytes_acked = raw->bytes_acked - t->seen_acked,
			   .bytes_sent = raw->bytes_acked - t->seen_acked,
			   .busy_us = raw->busy_time_us - t->seen_busy_us,
			   .acked_total = raw->bytes_acked,
			   .busy_total_us = raw->busy_time_us,
			   .sent_total = raw->bytes_acked};

	if (!t->seen)
		t->birth_ns = t->seen_ns = now_ns;
	delta.birth_ns = t->birth_ns;
	delta.elapsed_ns = now_ns - t->seen_ns;
	t->seen = true;
	t->was_bulk = bulk;
	t->seen_ns = now_ns;
	t->seen_acked = raw->bytes_acked;
	t->seen_busy_us = raw->busy_time_us;
	t->sample.destroyed = gone;
	path->last_seen_ns = now_ns;
	meter_observe(&trial.meter, path, &t->sample, &delta);
}

static double weight_of(const Scene *scene, const Transfer *t)
{
	return t->open ? (t->new_arm ? scene->weight : 1) * t->luck : 0;
}

static void advance(const Scene *scene, Transfer *t, double weights)
{
	TcpInfoRaw *raw = &t->sample.info.raw;
	double bps = (double)ALONE_BPS * exp(level + shift), rate;
	uint64_t bytes;

	if (!t->open) {
		t->wait_s -= STEP_S;
		if (t->wait_s <= 0)
			open_transfer(scene, t);
		return;
	}
	rate = scene->shared ? weight_of(scene, t) / weights
			     : t->luck * (t->new_arm ? scene->gain : 1);
	t->age_s += STEP_S;
	bytes = (uint64_t)(bps / 8 * rate * STEP_S * (1 - exp(-t->age_s / RAMP_S)));
	raw->bytes_acked += MIN(bytes, t->left);
	raw->busy_time_us += (uint64_t)(1e6 * STEP_S * (double)MIN(bytes, t->left) /
					(double)MAX(bytes, UINT64_C(1)));
	t->left -= MIN(bytes, t->left);
	if (t->left > 0)
		return;
	observe(t, true);
	t->open = false;
	t->wait_s = scene->pause_s > 0 ? random_exponential(&coin, scene->pause_s) : 0;
}

static void run_second(const Scene *scene)
{
	for (unsigned step = 0; step < STEPS; step++) {
		double weights = 0;

		now_ns += (uint64_t)(STEP_S * 1e9);
		level = LEVEL_RHO * level +
			LEVEL_SIGMA * sqrt(1 - LEVEL_RHO * LEVEL_RHO) * random_normal(&coin);
		for (unsigned i = 0; i < scene->slots; i++)
			weights += weight_of(scene, &transfers[i]);
		for (unsigned i = 0; i < scene->slots; i++)
			advance(scene, &transfers[i], weights);
	}
	if (random_unit(&coin) < SHIFT_RATE)
		shift += SHIFT_SIGMA * random_normal(&coin);
	for (unsigned i = 0; i < scene->slots; i++)
		if (transfers[i].open)
			observe(&transfers[i], false);
}

static TrialStep run_trial(const Scene *scene, uint64_t seed, double *ret_seconds)
{
	const TrialPlan plan = {.kind = TRIAL_SWITCHBACK,
				.path = fake_address(FAKE_ADDRESS),
				.floor_us = FLOOR_US,
				.latency_weight = 0.5,
				.prior = scene->prior,
				.minimum = log(1.05)};
	TrialStep step = TRIAL_STEP_WAIT;
	uint64_t start_ns;

	coin = random_seeded(&seed);
	now_ns = start_ns = 1000 * NSEC_PER_SEC;
	epoch = 1;
	level = LEVEL_SIGMA * random_normal(&coin);
	shift = 0;
	path = path_new(&plan.path, now_ns);
	for (unsigned i = 0; i < SLOTS_MAX; i++)
		transfers[i] = (Transfer){.wait_s = scene->seconds * random_unit(&coin)};
	trial_init(&trial, &plan, &record);
	while (step <= TRIAL_STEP_SWITCH && now_ns - start_ns < HOURS_MAX_S * NSEC_PER_SEC) {
		run_second(scene);
		step = trial_step(&trial, now_ns, &coin);
		if (step == TRIAL_STEP_SWITCH)
			trial_switched(&trial, ++epoch, now_ns);
	}
	*ret_seconds = (double)(now_ns - start_ns) / 1e9;
	trial_clear(&trial);
	path_free(path);
	return step;
}

typedef struct Result {
	double kept, restored, harm, pairs, seconds, longest, all_seconds;
} Result;

static Result simulate(const Scene *scene, unsigned runs)
{
	Result r = {0};

	for (unsigned i = 0; i < runs; i++) {
		double seconds;
		TrialStep step =
			run_trial(scene, SEED + i * UINT64_C(0x5851f42d4c957f2d), &seconds);

		r.all_seconds += seconds / runs;
		r.restored += step == TRIAL_STEP_RESTORE;
		r.harm += record.log_e_harm >= log(VERDICT_E_HARM);
		if (step != TRIAL_STEP_KEEP)
			continue;
		r.kept++;
		r.pairs += record.n_pairs;
		r.seconds += seconds;
		r.longest = MAX(r.longest, seconds);
	}
	r.pairs /= MAX(r.kept, 1.0);
	r.seconds /= MAX(r.kept, 1.0);
	r.kept /= runs;
	r.restored /= runs;
	r.harm /= runs;
	printf("# %-34s kept %.4f restored %.3f (harm %.3f); kept after %4.1f pairs, %5.0f s, at "
	       "most "
	       "%5.0f s; all %5.0f s\n",
	       scene->name, r.kept, r.restored, r.harm, r.pairs, r.seconds, r.longest,
	       r.all_seconds);
	(void)fflush(stdout);
	return r;
}

static const struct {
	Scene scene;
	unsigned runs;
	double kept_min, kept_max;
	double seconds, longest; /* of the kept: mean and most */
} scenes[] = {
	{{"one, 5 s, A/A", 1, 5, 0, 1, false, 1, 0}, 60, 0, 0.034, 7200, 7200},
	{{"two, 5 s, A/A", 2, 5, 0, 1, false, 1, 0}, 60, 0, 0.034, 7200, 7200},
	{{"one, 5 s, +10 %", 1, 5, 0, 1.1, false, 1, 0}, 30, 0.75, 1, 3600, 7200},
	{{"two, 5 s, +10 %", 2, 5, 0, 1.1, false, 1, 0}, 30, 0.8, 1, 3600, 7200},
	{{"one, 5 s, +10 %, learned before", 1, 5, 0, 1.1, false, 1, 0.1}, 30, 0.75, 1, 3000, 7200},
	{{"one, 5 s, +20 %", 1, 5, 0, 1.2, false, 1, 0}, 60, 0.97, 1, 1200, 7200},
	{{"one, 5 s, twofold", 1, 5, 0, 2, false, 1, 0}, 60, 1, 1, 200, 400},
	{{"two, 5 s, twofold", 2, 5, 0, 2, false, 1, 0}, 60, 1, 1, 200, 400},
	{{"one, 5 s, tenfold", 1, 5, 0, 10, false, 1, 0}, 60, 1, 1, 180, 300},
	{{"one, 5 s and 2 s of rest, twofold", 1, 5, 2, 2, false, 1, 0}, 60, 1, 1, 300, 600},
	{{"one, 20 s, twofold", 1, 20, 0, 2, false, 1, 0}, 60, 1, 1, 600, 1200},
	/* A flow that takes three times its share from flows of the other setting, and gains
	 * nothing once it is among its own. */
	{{"two, 5 s, theft", 2, 5, 0, 1, true, 3, 0}, 30, 0, 0.034, 7200, 7200},
	{{"four, 5 s, theft", 4, 5, 0, 1, true, 3, 0}, 30, 0, 0.034, 7200, 7200},
	{{"four, 20 s, theft", 4, 20, 0, 1, true, 3, 0}, 30, 0, 0.034, 7200, 7200},
};

START_TEST(test_scene)
{
	const char *wanted = getenv("NETOPT_SIMULATION_RUNS");
	uint64_t runs = scenes[_i].runs;
	Result r;

	if (wanted)
		ck_assert_int_eq(parse_uint64(wanted, 1, 100000, &runs), 0);
	r = simulate(&scenes[_i].scene, (unsigned)runs);

	ck_assert_double_ge(r.kept, scenes[_i].kept_min);
	ck_assert_double_le(r.kept, scenes[_i].kept_max);
	ck_assert_double_le(r.seconds, scenes[_i].seconds);
	ck_assert_double_le(r.longest, scenes[_i].longest);
}
END_TEST

HARNESS_MAIN("blocks", TCase *tcase = tcase_create("scenes"); tcase_set_timeout(tcase, 120);
	     tcase_add_loop_test(tcase, test_scene, 0, ARRAY_SIZE(scenes));
	     suite_add_tcase(suite, tcase);)
