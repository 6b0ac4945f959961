/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Numbers as people read them, for tables and explanations; never for JSON, where integers carry
 * their unit in the name. Three significant digits, because more of a measurement is noise. One
 * place, so that the client and the daemon's own explanations agree. Every function writes at most
 * HUMAN_MAX bytes and returns `buffer`.
 */
#include <stdbool.h>
#include <stdint.h>

#define HUMAN_MAX 32

/* A latency, always in ms so that a column compares: "0.153 ms", "20.1 ms", "1200 ms". */
const char *human_latency(uint64_t us, char *buffer);
/* Bit per second, decimal: "812 kbit/s", "94.2 Mbit/s", "1.20 Gbit/s". */
const char *human_rate(uint64_t bps, char *buffer);
/* Binary: "512 B", "6.00 MiB". */
const char *human_bytes(uint64_t bytes, char *buffer);
/* A span of time at two units at most: "42 s", "3 min 20 s", "2 d 5 h"; below a second "<1 s". */
const char *human_span(uint64_t us, char *buffer);
/* Tenths of a percent: "0.5 %", "12.0 %". With `sign`: "+12.0 %". */
const char *human_permille(int64_t permille, bool sign, char *buffer);
/* Parts per million as percent, three significant digits: "0.0123 %", "0 %". */
const char *human_ppm(uint64_t ppm, char *buffer);
