/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Members of a reply as cells of a table. What is absent or null is "-", never 0.
 */
#include "cli/table.h"

void cell_text(Table *table, const Json *object, const char *key);
void cell_count(Table *table, const Json *object, const char *key);
void cell_latency(Table *table, const Json *object, const char *key); /* of usec */
void cell_rate(Table *table, const Json *object, const char *key);    /* of bit/s */
void cell_span(Table *table, const Json *object, const char *key);    /* of usec */
void cell_bytes(Table *table, const Json *object, const char *key);
void cell_ppm(Table *table, const Json *object, const char *key);
void cell_permille(Table *table, const Json *object, const char *key, bool sign);
/* state, health, verdict or owner, in the colour of its meaning */
void cell_judged(Table *table, const Json *object, const char *key);
OutputStyle cell_style(const char *word);
