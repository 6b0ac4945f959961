/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Lives of flows to choose from: walking a flow round by round takes microseconds, and weeks have
 * millions of flows. The first lives of one setting on one path are walked, the others are drawn
 * from those. A path that changes forgets them.
 */
#include "tests/sim/flowmodel.h"

/* Lives of one setting, and settings remembered per path. */
#define LIFE_POOL_SIZE 24
#define LIFE_POOLS     6

typedef struct LifePool {
	FlowSetting setting;
	unsigned variant; /* what else tells apart: chosen by the caller */
	unsigned n;
	FlowLife lives[LIFE_POOL_SIZE];
} LifePool;

typedef struct LifePools {
	LifePool *pools[LIFE_POOLS]; /* owned; NULL: free */
	unsigned next;               /* to give way */
} LifePools;

void life_pools_clear(LifePools *pools);
/* `plan` is used if there are too few lives of this setting and variant yet. */
FlowLife life_pools_draw(LifePools *pools, const FlowPath *path, const FlowSetting *setting,
			 unsigned variant, const FlowPlan *plan, const Random *random);
