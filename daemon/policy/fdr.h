/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * How strong a proof must be when many things are tried. With e >= 20 for each, one in twenty
 * trials of something useless may succeed by chance, and a host with many destinations and knobs
 * tries hundreds. e-BH (Wang and Ramdas, arXiv 2009.02824): of K hypotheses accept the k with the
 * largest e-values, k the largest number for which the k-th is at least K / (alpha k). Then at most
 * the share alpha of what was accepted is wrong in the mean, however the trials depend on each
 * other.
 */
#include <stddef.h>

#define FDR_ALPHA 0.05
/* Hypotheses that count: those of the last 7 days. */
#define FDR_MEMORY_NS (UINT64_C(7) * 24 * 3600 * 1000000000)

/*
 * What the e-value of a trial under way must reach. log_e: of the trials that ended, those that
 * were kept or not; any order. n_running: with the one that asks, at least 1; the others count as
 * if they showed nothing. At least 1 / alpha.
 */
double fdr_threshold(const double *log_e, size_t n, size_t n_running, double alpha);
