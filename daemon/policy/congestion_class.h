/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the numbers of one path say of its congestion control: whether another one is worth an
 * experiment, or must not even be tried. Pure arithmetic on three windows; congestion.c turns it
 * into proposals.
 */
#include "daemon/policy/controller.h"

typedef enum CongestionClass {
	CONGESTION_CONTENT, /* nothing calls for another algorithm */
	CONGESTION_LOSS,    /* loss without a queue, taken for congestion: try bbr */
	CONGESTION_BLOATED, /* a standing queue of our own making: try bbr */
	CONGESTION_OVERRUN, /* bbr retransmits over 3 %: try cubic */
	/* The loss comes with a short queue that fills and drains, or at a rate that does not move:
	 * of congestion, then, and bbr would take the path from all others. */
	CONGESTION_SHALLOW,
	CONGESTION_POLICED,
	CONGESTION_LOSSY, /* so lossy that bbr could not be told from an overrun */
} CongestionClass;

typedef struct CongestionFindings {
	CongestionClass class;
	double mathis_bps;        /* what a loss-based algorithm can have; INFINITY without loss */
	unsigned swing_permille;  /* p90 - p10 of srtt, in floors; median of the windows */
	unsigned spread_permille; /* rate of the fastest window in that of the slowest */
} CongestionFindings;

/* `current` is the algorithm that new connections to the path get now. */
void congestion_classify(const ControllerInput *input, const Path *path, const WindowSum *sum,
			 const char *current, CongestionFindings *ret);
/* Whether bbr must be kept from this path, whoever else would gain by it. */
bool congestion_forbids_bbr(CongestionClass class);
/* Why, as the end of a sentence that begins with the path: "loses packets ...". */
const char *congestion_class_reason(CongestionClass class);
