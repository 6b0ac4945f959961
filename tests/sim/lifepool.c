/* SPDX-License-Identifier: MIT */
#include "tests/sim/lifepool.h"

#include <stdlib.h>

void life_pools_clear(LifePools *pools)
{
	for (size_t i = 0; i < LIFE_POOLS; i++)
		free(pools->pools[i]);
	*pools = (LifePools){0};
}

static bool setting_equal(const FlowSetting *a, const FlowSetting *b)
{
	return a->congestion == b->congestion && a->initcwnd == b->initcwnd &&
	       a->sndbuf_bytes == b->sndbuf_bytes && a->rcvbuf_bytes == b->rcvbuf_bytes &&
	       a->rto_min_us == b->rto_min_us && a->keep_after_idle == b->keep_after_idle &&
	       a->ecn == b->ecn;
}

static LifePool *find(LifePools *pools, const FlowSetting *setting, unsigned variant)
{
	LifePool *pool;

	for (size_t i = 0; i < LIFE_POOLS && pools->pools[i]; i++)
		if (pools->pools[i]->variant == variant &&
		    setting_equal(&pools->pools[i]->setting, setting))
			return pools->pools[i];
	if (!pools->pools[pools->next])
		pools->pools[pools->next] = malloc(sizeof(LifePool));
	pool = pools->pools[pools->next];
	if (!pool)
		abort();
	pools->next = (pools->next + 1) % LIFE_POOLS;
	pool->setting = *setting;
	pool->variant = variant;
	pool->n = 0;
	return pool;
}

FlowLife life_pools_draw(LifePools *pools, const FlowPath *path, const FlowSetting *setting,
			 unsigned variant, const FlowPlan *plan, const Random *random)
{
	LifePool *pool = find(pools, setting, variant);

	if (pool->n < LIFE_POOL_SIZE) {
		flow_live(path, setting, plan, random, &pool->lives[pool->n]);
		return pool->lives[pool->n++];
	}
	return pool->lives[random->next(random->context) % LIFE_POOL_SIZE];
}
