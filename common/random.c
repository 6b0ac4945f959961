/* SPDX-License-Identifier: MIT */
/*
 * Random numbers for experiments, not for secrets.
 *
 * Trials need coins that nothing on the host correlates with, and simulations need the same coins
 * again: hence a source of 64-bit words with two makers, and distributions computed from the words
 * alone. The distributions keep no spare values (the second normal of a Box-Muller pair is thrown
 * away), so the sequence depends on nothing but the number of calls.
 */
#include "common/random.h"

#include <math.h>
#include <stddef.h>
#include <sys/random.h>

#include "common/clock.h"

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
static uint64_t splitmix64_next(void *context)
{
	uint64_t *state = context;
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static uint64_t system_next(void *context)
{
	static uint64_t fallback_state;
	uint64_t word;

	(void)context; /* the kernel holds the state */
	/* GRND_NONBLOCK: at early boot a clock-seeded coin beats a daemon that hangs. */
	if (getrandom(&word, sizeof(word), GRND_NONBLOCK) == (ssize_t)sizeof(word))
		return word;

	if (fallback_state == 0)
		fallback_state =
			clock_monotonic_ns(&clock_system) ^ clock_realtime_ns(&clock_system) << 20;
	return splitmix64_next(&fallback_state);
}

const Random random_system = {.next = system_next};

Random random_seeded(uint64_t *state)
{
	return (Random){.next = splitmix64_next, .context = state};
}

bool random_coin(const Random *random)
{
	return random->next(random->context) >> 63;
}

double random_unit(const Random *random)
{
	return (double)(random->next(random->context) >> 11) * 0x1p-53;
}

/* (0, 1): both ends excluded, for logarithms. 52 bits and a half are exact in a double; with 53
 * the largest would round to 1. */
static double open_unit(const Random *random)
{
	return ((double)(random->next(random->context) >> 12) + 0.5) * 0x1p-52;
}

double random_normal(const Random *random)
{
	double radius = sqrt(-2.0 * log(open_unit(random)));

	return radius * cos(2.0 * M_PI * random_unit(random));
}

double random_exponential(const Random *random, double mean)
{
	return -mean * log(open_unit(random));
}
