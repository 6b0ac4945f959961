/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a fuzz target needs. A target is one file, fuzz_NAME.c, that defines LLVMFuzzerTestOneInput
 * and checks invariants with FUZZ_CHECK; its corpus is the directory corpus/NAME. It runs in two
 * ways: under libFuzzer (-Dfuzz=true, clang), and in every `meson test`, where replay_main.c feeds
 * it the corpus.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);      \
			abort();                                                                   \
		}                                                                                  \
	} while (0)
