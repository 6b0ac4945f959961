/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The randomness seam: fair coins for trials, exponential gaps for probe schedules.
 * The system source is getrandom(2); tests use the seeded one (splitmix64) and print the seed.
 */
#include <stdbool.h>
#include <stdint.h>

typedef struct Random {
	uint64_t (*next)(void *context); /* 64 uniformly distributed bits */
	void *context;
} Random;

/* getrandom(2), falling back to a clock-seeded splitmix64 if the call fails. */
extern const Random random_system;

/* A reproducible source; `state` is owned by the caller and must outlive the Random. */
Random random_seeded(uint64_t *state);

bool random_coin(const Random *random);
double random_unit(const Random *random);                     /* [0, 1) */
double random_normal(const Random *random);                   /* mean 0, sigma 1 */
double random_exponential(const Random *random, double mean); /* > 0 */
