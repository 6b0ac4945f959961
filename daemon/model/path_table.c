/* SPDX-License-Identifier: MIT */
/*
 * Flows keyed by socket cookie, paths keyed by remote address.
 *
 * A flow holds only what is needed to make the next delta (the kernel's counters are cumulative)
 * and the label of the arm it was born in. Flows that exist at the very first sweep were born at an
 * unknown time: they only contribute what they do from then on, and belong to no arm. So does a
 * flow that turns up after a sweep which did not see everything, or which had to evict flows: it
 * may be an old one, and its whole life would be counted again as that of a flow born now. A flow
 * that vanishes from the dump is kept for one more sweep, because its destroy event, which carries
 * the final counters, may still be queued.
 */
#include "daemon/model/path_table.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"

/* Epoch 0 is the label of flows whose birth was not seen. */
#define EPOCH_UNKNOWN 0

typedef struct Flow {
	MapEntry entry;
	uint64_t cookie;
	uint64_t birth_ns, last_ns;
	uint64_t bytes_acked, bytes_sent, bytes_retrans, bytes_received;
	uint64_t busy_us, rwnd_limited_us, sndbuf_limited_us;
	uint32_t epoch;
	uint32_t sweep; /* last one it was seen in */
	uint32_t dsack_dups;
	uint16_t total_rto;
	bool bulk;
	bool birth_seen;
} Flow;

struct PathTable {
	Map flows, paths;
	uint32_t epoch;
	uint32_t sweep;       /* number of the current one; 0: none yet */
	uint64_t sweep_ns;    /* begin of the current one */
	uint64_t previous_ns; /* begin of the one before */
	uint64_t sweep_bytes, last_sweep_bytes;
	uint64_t evicted;  /* flows, when the current sweep began */
	bool complete;     /* the last sweep saw every flow */
	bool births_known; /* ... and kept it: what is new now was born since */
	PathTableObserver observer;
	void *observer_context;
};

static bool flow_equal(const MapEntry *entry, const void *key)
{
	return CONTAINER_OF(entry, Flow, entry)->cookie == *(const uint64_t *)key;
}

static void flow_evict(MapEntry *entry, void *context)
{
	(void)context;
	free(CONTAINER_OF(entry, Flow, entry));
}

static bool path_equal(const MapEntry *entry, const void *key)
{
	return address_equal(&CONTAINER_OF(entry, Path, entry)->address, key);
}

static void path_evict(MapEntry *entry, void *context)
{
	(void)context;
	path_free(CONTAINER_OF(entry, Path, entry));
}

static const MapOps flow_ops = {.equal = flow_equal, .evict = flow_evict};
static const MapOps path_ops = {.equal = path_equal, .evict = path_evict};

int path_table_new(size_t path_capacity, size_t flow_capacity, PathTable **ret_table)
{
	PathTable *table = calloc(1, sizeof(*table));
	int r;

	if (!table)
		return -ENOMEM;

	r = map_init(&table->flows, flow_capacity, &flow_ops, NULL);
	if (r < 0) {
		free(table);
		return r;
	}
	r = map_init(&table->paths, path_capacity, &path_ops, NULL);
	if (r < 0) {
		map_clear(&table->flows);
		free(table);
		return r;
	}

	table->epoch = 1;
	*ret_table = table;
	return 0;
}

void path_table_free(PathTable *table)
{
	if (!table)
		return;

	map_clear(&table->flows);
	map_clear(&table->paths);
	free(table);
}

void path_table_set_observer(PathTable *table, PathTableObserver observer, void *context)
{
	table->observer = observer;
	table->observer_context = context;
}

void path_table_sweep_begin(PathTable *table, uint64_t now_ns)
{
	table->sweep++;
	table->previous_ns = table->sweep_ns;
	table->sweep_ns = now_ns;
	table->sweep_bytes = 0;
	table->births_known = table->complete && table->flows.evicted == table->evicted;
	table->evicted = table->flows.evicted;
	table->complete = false;
	map_each (&table->paths, entry)
		CONTAINER_OF(entry, Path, entry)->flows = 0;
}

static Flow *flow_find(const PathTable *table, uint64_t cookie)
{
	MapEntry *entry = map_find(&table->flows, map_hash_u64(cookie), &cookie);

	return entry ? CONTAINER_OF(entry, Flow, entry) : NULL;
}

static void flow_drop(PathTable *table, Flow *flow)
{
	map_remove(&table->flows, &flow->entry);
	free(flow);
}

/* A cumulative counter only grows; anything else is a counter that the kernel does not deliver. */
static uint64_t step(uint64_t *last, uint64_t now)
{
	uint64_t delta = now > *last ? now - *last : 0;

	*last = MAX(*last, now);
	return delta;
}

/* Takes the counters as the baseline of a flow whose past we do not know. */
static void flow_baseline(Flow *flow, const TcpInfo *info)
{
	flow->bytes_acked = tcp_info_get(info, bytes_acked, 0);
	flow->bytes_sent = tcp_info_get(info, bytes_sent, 0);
	flow->bytes_retrans = tcp_info_get(info, bytes_retrans, 0);
	flow->bytes_received = tcp_info_get(info, bytes_received, 0);
	flow->busy_us = tcp_info_get(info, busy_time_us, 0);
	flow->rwnd_limited_us = tcp_info_get(info, rwnd_limited_us, 0);
	flow->sndbuf_limited_us = tcp_info_get(info, sndbuf_limited_us, 0);
	flow->dsack_dups = tcp_info_get(info, dsack_dups, 0);
	flow->total_rto = tcp_info_get(info, total_rto, 0);
	flow->bulk =
		flow->bytes_acked >= PATH_BULK_BYTES || flow->bytes_received >= PATH_BULK_BYTES;
}

static Flow *flow_new(PathTable *table, const FlowSample *sample, uint64_t now_ns)
{
	Flow *flow = calloc(1, sizeof(*flow));

	if (!flow)
		return NULL;

	*flow = (Flow){.cookie = sample->cookie, .birth_ns = now_ns, .epoch = table->epoch};
	flow->birth_seen = table->births_known && table->flows.evicted == table->evicted;
	flow->last_ns = flow->birth_seen ? table->previous_ns : now_ns;
	if (!flow->birth_seen) {
		flow->epoch = EPOCH_UNKNOWN;
		flow_baseline(flow, &sample->info);
	}
	if (map_insert(&table->flows, map_hash_u64(flow->cookie), &flow->entry) < 0) {
		free(flow);
		return NULL;
	}
	return flow;
}

static void flow_advance(Flow *flow, const TcpInfo *info, uint64_t now_ns, FlowDelta *ret)
{
	uint32_t dsack = tcp_info_get(info, dsack_dups, 0);
	uint16_t rto = tcp_info_get(info, total_rto, 0);
	bool was_bulk = flow->bulk;

	*ret = (FlowDelta){
		.cookie = flow->cookie,
		.birth_ns = flow->birth_ns,
		.epoch = flow->epoch,
		.birth_seen = flow->birth_seen,
		.elapsed_ns = now_ns > flow->last_ns ? now_ns - flow->last_ns : 0,
		.bytes_acked = step(&flow->bytes_acked, tcp_info_get(info, bytes_acked, 0)),
		.bytes_sent = step(&flow->bytes_sent, tcp_info_get(info, bytes_sent, 0)),
		.bytes_retrans = step(&flow->bytes_retrans, tcp_info_get(info, bytes_retrans, 0)),
		.bytes_received =
			step(&flow->bytes_received, tcp_info_get(info, bytes_received, 0)),
		.busy_us = step(&flow->busy_us, tcp_info_get(info, busy_time_us, 0)),
		.rwnd_limited_us =
			step(&flow->rwnd_limited_us, tcp_info_get(info, rwnd_limited_us, 0)),
		.sndbuf_limited_us =
			step(&flow->sndbuf_limited_us, tcp_info_get(info, sndbuf_limited_us, 0)),
		.acked_total = flow->bytes_acked,
		.busy_total_us = flow->busy_us,
		.sent_total = flow->bytes_sent,
		.retrans_total = flow->bytes_retrans,
		.dsack_dups = dsack - flow->dsack_dups,
		.total_rto = (uint16_t)(rto - flow->total_rto), /* u16 in the kernel: wraps */
	};
	flow->dsack_dups = dsack;
	flow->total_rto = rto;
	flow->last_ns = now_ns;
	flow->bulk = was_bulk || flow->bytes_acked >= PATH_BULK_BYTES ||
		     flow->bytes_received >= PATH_BULK_BYTES;
	ret->bulk = flow->bulk;
	ret->became_bulk = flow->bulk && !was_bulk;
}

static Path *path_get(PathTable *table, const Address *address, uint64_t now_ns)
{
	Path *path = path_table_find(table, address);

	if (path) {
		map_touch(&table->paths, &path->entry);
		return path;
	}
	path = path_new(address, now_ns);
	if (path && map_insert(&table->paths, address_hash(address), &path->entry) < 0) {
		path_free(path);
		path = NULL;
	}
	return path;
}

void path_table_add(PathTable *table, const FlowSample *sample, const PathCaps *caps,
		    uint64_t now_ns)
{
	FlowDelta delta;
	Flow *flow;
	Path *path;
	bool born;

	if (sample->info.length == 0 || address_is_loopback(&sample->remote) ||
	    sample->state == TCP_STATE_LISTEN)
		return;

	flow = flow_find(table, sample->cookie);
	born = !flow;
	if (sample->destroyed && sample->remote_port == 0) {
		/* Reset by its own side: the kernel has zeroed counters and ports by then. */
		if (flow)
			flow_drop(table, flow);
		return;
	}
	if (born && table->sweep == 0)
		return; /* a destroy event before the first sweep: its past is unknown */
	if (!flow)
		flow = flow_new(table, sample, now_ns);
	path = path_get(table, &sample->remote, now_ns);
	if (!flow || !path)
		return;

	flow_advance(flow, &sample->info, now_ns, &delta);
	delta.born = born && delta.birth_seen;
	path->flows += !sample->destroyed && flow->sweep != table->sweep;
	flow->sweep = table->sweep;
	map_touch(&table->flows, &flow->entry);
	table->sweep_bytes += delta.bytes_acked + delta.bytes_received;

	path_add(path, sample, &delta, caps, now_ns);
	if (table->observer)
		table->observer(path, sample, &delta, table->observer_context);
	if (sample->destroyed)
		flow_drop(table, flow);
}

void path_table_sweep_end(PathTable *table, uint64_t now_ns, bool complete)
{
	if (complete) {
		map_each (&table->flows, entry) {
			Flow *flow = CONTAINER_OF(entry, Flow, entry);

			if (table->sweep - flow->sweep < 2)
				continue;
			flow_drop(table, flow);
		}
	}
	map_each (&table->paths, entry)
		path_roll(CONTAINER_OF(entry, Path, entry), now_ns);
	table->complete = complete;
	table->last_sweep_bytes = table->sweep_bytes;
}

void path_table_set_epoch(PathTable *table, uint32_t epoch)
{
	assert(epoch != EPOCH_UNKNOWN);
	table->epoch = epoch;
}

uint32_t path_table_epoch(const PathTable *table)
{
	return table->epoch;
}

Path *path_table_find(const PathTable *table, const Address *address)
{
	MapEntry *entry = map_find(&table->paths, address_hash(address), address);

	return entry ? CONTAINER_OF(entry, Path, entry) : NULL;
}

size_t path_table_count(const PathTable *table)
{
	return table->paths.count;
}

size_t path_table_flow_count(const PathTable *table)
{
	return table->flows.count;
}

uint64_t path_table_paths_evicted(const PathTable *table)
{
	return table->paths.evicted;
}

uint64_t path_table_flows_evicted(const PathTable *table)
{
	return table->flows.evicted;
}

uint64_t path_table_last_sweep_bytes(const PathTable *table)
{
	return table->last_sweep_bytes;
}

static uint64_t path_bytes(const Path *path)
{
	return path->bytes_acked + path->bytes_received;
}

/* Insertion into a short sorted list: n is what a screen shows, not the size of the table. */
size_t path_table_top(const PathTable *table, const Path *ret_paths[], size_t n)
{
	size_t found = 0;

	if (n == 0)
		return 0;
	map_each (&table->paths, entry) {
		const Path *path = CONTAINER_OF(entry, Path, entry);
		size_t at = found;

		if (found == n && path_bytes(path) <= path_bytes(ret_paths[n - 1]))
			continue;
		at = MIN(found, n - 1);
		while (at > 0 && path_bytes(ret_paths[at - 1]) < path_bytes(path)) {
			ret_paths[at] = ret_paths[at - 1];
			at--;
		}
		ret_paths[at] = path;
		found = MIN(found + 1, n);
	}
	return found;
}
