/* SPDX-License-Identifier: MIT */
/*
 * Error rates, measured. Deciding from noisy, drifting measurements is what netoptd stands or falls
 * with: a plain before/after test is wrong once in three on data like these. Two simulations:
 *
 * The verdict alone, on the hardest generator we know: per sample an AR(1) level (0.999, sigma
 * 0.25), a daily sinusoid of 30 %, Poisson steps (1e-4 per sample, N(0, 0.5)), 5 % of samples with
 * an exponential tail; 30 samples a block, the median of a block is its value. 2000 runs.
 *
 * The whole engine, from evidence to verdict, one second at a time, with flows whose goodput comes
 * from a drifting, noisy model, and the real path table, meter and trial between them.
 *
 * NETOPT_SIMULATION_RUNS=2000 runs the A/A of the engine as often as that, in a minute or two.
 *
 * Everything is drawn from seeds, which are printed with the figures.
 */
#include <math.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/parse.h"
#include "common/stats.h"
#include "common/text.h"
#include "daemon/policy/verdict.h"
#include "tests/unit/harness.h"
#include "tests/unit/sim.h"

#define SEED           UINT64_C(20240229)
#define RUNS           2000
#define FALSE_KEPT_MAX 0.015 /* what we promise */

__attribute__((format(printf, 1, 2))) static void diagnose(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("# ");
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
	(void)fflush(stdout);
}

/* --- the verdict alone --- */

#define BLOCK_SAMPLES 30
#define DAY_SAMPLES   43200 /* 30 samples a minute */
#define LEVEL_RHO     0.999
#define LEVEL_SIGMA   0.25
#define DIURNAL       0.3
#define STEP_RATE     1e-4
#define STEP_SIGMA    0.5
#define TAIL_SHARE    0.05
#define SAMPLE_SIGMA  0.2 /* of one sample around its level */
#define LATENCY_WORTH 1.03

typedef struct World {
	Random random;
	double level, step;
	uint64_t time; /* samples since midnight of the first day */
} World;

static void world_init(World *world, Random random)
{
	*world = (World){.random = random,
			 .level = LEVEL_SIGMA * random_normal(&random),
			 .time = random.next(random.context) % DAY_SAMPLES};
}

/* The logarithm of one latency. */
static double world_sample(World *world)
{
	const Random *random = &world->random;
	double day = sin(2 * M_PI * (double)world->time++ / DAY_SAMPLES), tail = 0;

	world->level = LEVEL_RHO * world->level +
		       LEVEL_SIGMA * sqrt(1 - LEVEL_RHO * LEVEL_RHO) * random_normal(random);
	if (random_unit(random) < STEP_RATE)
		world->step += STEP_SIGMA * random_normal(random);
	if (random_unit(random) < TAIL_SHARE)
		tail = random_exponential(random, 1);
	return world->level + world->step + DIURNAL * day + tail +
	       SAMPLE_SIGMA * random_normal(random);
}

/* ln of a block's median. */
static double world_block(World *world)
{
	double samples[BLOCK_SAMPLES];

	for (size_t i = 0; i < BLOCK_SAMPLES; i++)
		samples[i] = world_sample(world);
	return stats_median(samples, BLOCK_SAMPLES);
}

/* d > 0: the new setting, whose latencies are `effect` (ln) smaller, was better. */
static double world_pair(World *world, double effect)
{
	bool new_first = random_coin(&world->random);
	double first = world_block(world), second = world_block(world);

	return (new_first ? second - first : first - second) + effect;
}

/* The rule with the half-normal mixture alone, for comparison: what the bets on large differences
 * cost and buy. */
static VerdictStep half_normal(double sum, double squares, const TrialRecord *record)
{
	if (stats_log_e(sum, squares, STATS_RHO, -1) >= log(VERDICT_E_HARM))
		return VERDICT_STEP_HARM;
	if (stats_log_e(sum, squares, STATS_RHO, +1) >= log(VERDICT_E_KEEP) &&
	    stats_median(record->differences, record->n_pairs) >= log(LATENCY_WORTH))
		return VERDICT_STEP_KEEP;
	return VERDICT_STEP_CONTINUE;
}

typedef struct Tally {
	unsigned kept, harmed, exhausted;
	double pairs; /* of the kept, summed */
	unsigned most_pairs;
	bool alarmed; /* the harm side, in the run under way */
} Tally;

static void count(Tally *tally, VerdictStep step, unsigned pairs)
{
	tally->kept += step == VERDICT_STEP_KEEP;
	tally->harmed += step == VERDICT_STEP_HARM;
	tally->exhausted += step != VERDICT_STEP_KEEP && step != VERDICT_STEP_HARM;
	tally->pairs += step == VERDICT_STEP_KEEP ? pairs : 0;
	if (step == VERDICT_STEP_KEEP)
		tally->most_pairs = MAX(tally->most_pairs, pairs);
}

/* One trial, decided by the real verdict; `plain` gets what the half-normal mixture says of the
 * same pairs. */
static void run_trial(World *world, double effect, double prior, Tally *mixed, Tally *plain)
{
	const VerdictRule rule = {.minimum = log(LATENCY_WORTH)};
	TrialRecord record = {.kind = TRIAL_SWITCHBACK, .prior = prior};
	VerdictStep step = VERDICT_STEP_CONTINUE, other = VERDICT_STEP_CONTINUE;
	double sum = 0, squares = 0;

	while (record.n_pairs < TRIAL_PAIRS_MAX &&
	       (step == VERDICT_STEP_CONTINUE || other == VERDICT_STEP_CONTINUE)) {
		double d = world_pair(world, effect);

		if (step == VERDICT_STEP_CONTINUE) {
			step = verdict_add_pair(&record, d, &rule);
			if (step != VERDICT_STEP_CONTINUE)
				count(mixed, step, record.n_pairs);
		} else {
			record.differences[record.n_pairs++] = d;
		}
		d = CLAMP(d, -VERDICT_CLIP, VERDICT_CLIP);
		sum += d;
		squares += d * d;
		if (other == VERDICT_STEP_CONTINUE)
			other = half_normal(sum, squares, &record);
		if (other != VERDICT_STEP_CONTINUE && plain) {
			count(plain, other, record.n_pairs);
			plain = NULL;
		}
	}
	if (plain)
		count(plain, other, record.n_pairs);
}

static Tally simulate(const char *name, double effect, double prior, uint64_t seed)
{
	Tally mixed = {0}, plain = {0};

	for (unsigned i = 0; i < RUNS; i++) {
		uint64_t state = seed + i * UINT64_C(0x5851f42d4c957f2d);
		World world;

		world_init(&world, random_seeded(&state));
		run_trial(&world, effect, prior, &mixed, &plain);
	}
	diagnose("%s, seed %llu: kept %.4f in %.1f pairs (half-normal alone %.4f in %.1f), harm "
		 "%.4f "
		 "(%.4f), undecided %.4f",
		 name, (unsigned long long)seed, mixed.kept / (double)RUNS,
		 mixed.pairs / MAX(mixed.kept, 1U), plain.kept / (double)RUNS,
		 plain.pairs / MAX(plain.kept, 1U), mixed.harmed / (double)RUNS,
		 plain.harmed / (double)RUNS, mixed.exhausted / (double)RUNS);
	return mixed;
}

START_TEST(test_no_effect)
{
	Tally tally = simulate("A/A", 0, 0, SEED);

	ck_assert_double_le(tally.kept / (double)RUNS, FALSE_KEPT_MAX);
	ck_assert_double_le(tally.harmed / (double)RUNS, 0.10);
	ck_assert_double_ge(tally.harmed / (double)RUNS, 0.03); /* it is awake */
}
END_TEST

/* A prior that is wrong costs no more than the threshold allows, 1 / 20. */
START_TEST(test_wrong_prior)
{
	Tally tally = simulate("A/A, 10 % learned before", 0, 0.1, SEED);

	ck_assert_double_le(tally.kept / (double)RUNS, 0.02);
}
END_TEST

static const struct {
	const char *name;
	double latency; /* times */
	double prior;
	double power, pairs;
} effects[] = {
	{"-5 %", 0.95, 0, 0.90, 31},
	{"-10 %", 0.90, 0, 0.98, 16},
	{"-20 %", 0.80, 0, 0.99, 12},
	{"a half", 0.50, 0, 1.0, 6.5},
	{"a tenth", 0.10, 0, 1.0, 6},
	{"-5 %, learned before", 0.95, 0.05, 0.92, 28},
	{"-10 %, learned before", 0.90, 0.1, 0.99, 12},
	{"-10 %, 20 % learned before", 0.90, 0.22, 0.98, 16},
	{"-10 %, learned as harm", 0.90, -0.1, 0.98, 16},
};

START_TEST(test_effect)
{
	Tally tally = simulate(effects[_i].name, -log(effects[_i].latency), effects[_i].prior,
			       SEED + 1 + _i);

	ck_assert_double_ge(tally.kept / (double)RUNS, effects[_i].power);
	ck_assert_double_le(tally.pairs / MAX(tally.kept, 1U), effects[_i].pairs);
}
END_TEST

/* --- what other choices would cost --- */

typedef struct Choice {
	const char *name;
	double weight_small, large, cap;
} Choice;

static const Choice choices[] = {
	{"half-normal alone", 1, 1, 0},
	{"chosen", VERDICT_WEIGHT_SMALL, VERDICT_LARGE, VERDICT_CAP},
	{"half of it on large ones", 0.5, VERDICT_LARGE, VERDICT_CAP},
	{"large from 30 %", VERDICT_WEIGHT_SMALL, 0.3, VERDICT_CAP},
	{"large from 60 %", VERDICT_WEIGHT_SMALL, 0.6, VERDICT_CAP},
	{"any size", VERDICT_WEIGHT_SMALL, 1e-6, VERDICT_CAP},
	{"careful", VERDICT_WEIGHT_SMALL, VERDICT_LARGE, 0.8},
};
static const double choice_effects[] = {0, 0.05, 0.105, 0.223, M_LN2};

/* Runs until one of both sides is proven: +1 benefit, -1 harm, 0 neither. */
static int decide(const Choice *choice, const double *differences, double effect,
		  unsigned *ret_pairs)
{
	const double weights[] = {choice->weight_small, 1 - choice->weight_small};
	double sum = 0, squares = 0, bets[2] = {0}, shifted[TRIAL_PAIRS_MAX], log_e[2];

	for (unsigned n = 0; n < TRIAL_PAIRS_MAX; n++) {
		double d = shifted[n] = differences[n] + effect;
		double x = CLAMP(d, -VERDICT_CLIP, VERDICT_CLIP);

		sum += x;
		squares += x * x;
		for (unsigned s = 0; s < 2; s++) {
			int side = s ? -1 : 1;

			bets[s] += stats_log_bet(&d, 1, choice->large, choice->cap, side);
			log_e[s] = stats_log_mixture(
				(double[]){stats_log_e(sum, squares, STATS_RHO, side), bets[s]},
				weights, 2);
		}
		*ret_pairs = n + 1;
		if (log_e[1] >= log(VERDICT_E_HARM))
			return -1;
		if (log_e[0] >= log(VERDICT_E_KEEP) &&
		    stats_median(shifted, n + 1) >= log(LATENCY_WORTH))
			return 1;
	}
	return 0;
}

/* The chosen one keeps the fewest of nothing, but for those that take longer for what is obvious.
 */
START_TEST(test_choices)
{
	const unsigned runs = RUNS / 2;
	Tally tallies[ARRAY_SIZE(choices)][ARRAY_SIZE(choice_effects)] = {0};

	for (unsigned run = 0; run < runs; run++) {
		uint64_t state = SEED + run * UINT64_C(0x5851f42d4c957f2d);
		double differences[TRIAL_PAIRS_MAX];
		World world;

		world_init(&world, random_seeded(&state));
		for (unsigned i = 0; i < TRIAL_PAIRS_MAX; i++)
			differences[i] = world_pair(&world, 0);
		for (size_t c = 0; c < ARRAY_SIZE(choices); c++)
			for (size_t e = 0; e < ARRAY_SIZE(choice_effects); e++) {
				unsigned pairs;
				int outcome =
					decide(&choices[c], differences, choice_effects[e], &pairs);

				count(&tallies[c][e],
				      outcome > 0   ? VERDICT_STEP_KEEP
				      : outcome < 0 ? VERDICT_STEP_HARM
						    : VERDICT_STEP_EXHAUSTED,
				      pairs);
			}
	}
	for (size_t c = 0; c < ARRAY_SIZE(choices); c++) {
		const Tally *t = tallies[c];

		diagnose("%-25s nothing: kept %.4f, harm %.3f; 5 %%: %.3f in %4.1f pairs; 10 %%: "
			 "%.3f in %4.1f; 20 %%: %4.1f; twofold: %4.1f",
			 choices[c].name, t[0].kept / (double)runs, t[0].harmed / (double)runs,
			 t[1].kept / (double)runs, t[1].pairs / MAX(t[1].kept, 1U),
			 t[2].kept / (double)runs, t[2].pairs / MAX(t[2].kept, 1U),
			 t[3].pairs / MAX(t[3].kept, 1U), t[4].pairs / MAX(t[4].kept, 1U));
		if (choices[c].large < VERDICT_LARGE)
			ck_assert_uint_ge(t[0].kept, tallies[1][0].kept);
	}
	ck_assert_double_le(tallies[1][4].pairs, 6.5 * runs);
	ck_assert_double_ge(tallies[0][4].pairs, 9.0 * runs);
}
END_TEST

/* --- the whole engine --- */

/* Evidence takes 2 minutes; 60 pairs of two blocks, each until two flows are old enough. */
#define ENGINE_SECONDS_MAX 7200

#define FLOW_SIGMA      0.2  /* of one transfer around the level of the path */
#define PATH_RHO        0.99 /* per transfer, that is per 3 s: five minutes */
#define INCIDENT_SHARE  0.05 /* of the transfers */
#define INCIDENT_FACTOR 0.7  /* mean, in ln */

/* A path that drifts, and transfers that meet with incidents. */
static double goodput_noise(void *context)
{
	World *world = context;
	const Random *random = &world->random;
	double day = sin(2 * M_PI * (double)(world->time += 3) / 86400), incident = 0;

	world->level = PATH_RHO * world->level +
		       LEVEL_SIGMA * sqrt(1 - PATH_RHO * PATH_RHO) * random_normal(random);
	if (random_unit(random) < 10 * STEP_RATE)
		world->step += STEP_SIGMA * random_normal(random);
	if (random_unit(random) < INCIDENT_SHARE)
		incident = random_exponential(random, INCIDENT_FACTOR);
	return exp(world->level + world->step + DIURNAL * day - incident +
		   FLOW_SIGMA * random_normal(random));
}

typedef struct EngineTally {
	unsigned tried, kept, restored, inconclusive;
	double pairs, seconds; /* of the kept, summed */
	double all_seconds;
	uint64_t longest;
} EngineTally;

static void count_change(EngineTally *tally, const Change *change)
{
	uint64_t seconds = (change->decided_ns - change->proposed_ns) / SECOND;

	tally->tried++;
	tally->kept += change->verdict == VERDICT_KEPT;
	tally->restored += change->verdict == VERDICT_RESTORED;
	tally->inconclusive += change->verdict == VERDICT_INCONCLUSIVE;
	tally->all_seconds += seconds;
	if (change->verdict != VERDICT_KEPT)
		return;
	tally->pairs += change->trial.n_pairs;
	tally->seconds += seconds;
	tally->longest = MAX(tally->longest, seconds);
}

/* One daemon on one lossy path, until it has decided about bbr, or has found no reason to try. */
static void run_engine(double gain, uint64_t seed, EngineTally *tally)
{
	uint64_t state = ~seed;
	World world;

	sim_setup();
	random_state = seed;
	world_init(&world, random_seeded(&state));
	traffic.noise = goodput_noise;
	traffic.noise_context = &world;
	sim_lossy_path(gain);
	for (unsigned i = 0; i < ENGINE_SECONDS_MAX / 60; i++) {
		const Change *change;

		sim_run(60);
		change = engine_change_at(engine, 0);
		if (change && change->state == CHANGE_DECIDED) {
			count_change(tally, change);
			break;
		}
	}
	sim_teardown();
}

static EngineTally simulate_engine(const char *name, double gain, unsigned runs, uint64_t seed)
{
	EngineTally t = {0};

	for (unsigned i = 0; i < runs; i++)
		run_engine(gain, seed + i * UINT64_C(0x5851f42d4c957f2d), &t);
	diagnose("engine, %s, seed %llu: %u of %u tried; of these kept %.4f, restored %.4f, "
		 "inconclusive %.4f; a verdict takes %.0f s; kept after %.1f pairs, %.0f s (at "
		 "most %llu s)",
		 name, (unsigned long long)seed, t.tried, runs, t.kept / (double)t.tried,
		 t.restored / (double)t.tried, t.inconclusive / (double)t.tried,
		 t.all_seconds / t.tried, t.pairs / MAX(t.kept, 1U), t.seconds / MAX(t.kept, 1U),
		 (unsigned long long)t.longest);
	return t;
}

START_TEST(test_engine_no_effect)
{
	const char *wanted = getenv("NETOPT_SIMULATION_RUNS");
	uint64_t runs = 200;
	EngineTally tally;

	if (wanted)
		ck_assert_int_eq(parse_uint64(wanted, 1, 100000, &runs), 0);
	tally = simulate_engine("A/A", 1, (unsigned)runs, SEED);

	ck_assert_uint_ge(tally.tried * 10, runs * 9);
	ck_assert_double_le(tally.kept / (double)tally.tried, FALSE_KEPT_MAX);
}
END_TEST

START_TEST(test_engine_effect)
{
	EngineTally tally = simulate_engine("+30 %", 1.3, 120, SEED + 1);

	ck_assert_uint_ge(tally.tried, 100);
	ck_assert_double_ge(tally.kept / (double)tally.tried, 0.9);
}
END_TEST

START_TEST(test_engine_tenfold)
{
	EngineTally tally = simulate_engine("tenfold", 10, 120, SEED + 2);

	ck_assert_uint_ge(tally.tried, 100);
	ck_assert_double_ge(tally.kept / (double)tally.tried, 0.99);
	ck_assert_uint_le(tally.longest, 480);
}
END_TEST

HARNESS_MAIN("simulation", TCase *tcase = tcase_create("verdict"); tcase_set_timeout(tcase, 120);
	     tcase_add_test(tcase, test_no_effect); tcase_add_test(tcase, test_wrong_prior);
	     tcase_add_test(tcase, test_choices);
	     tcase_add_loop_test(tcase, test_effect, 0, ARRAY_SIZE(effects));
	     suite_add_tcase(suite, tcase); tcase = tcase_create("engine");
	     tcase_set_timeout(tcase, 120); tcase_add_test(tcase, test_engine_no_effect);
	     tcase_add_test(tcase, test_engine_effect); tcase_add_test(tcase, test_engine_tenfold);
	     suite_add_tcase(suite, tcase);)
