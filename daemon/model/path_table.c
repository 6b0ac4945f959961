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
#include "common/clock.h"
#include "daemon/model/budget.h"
#include "daemon/model/flow.h"
#include "daemon/model/path_merge.h"

/* What is routed as one, more often than not: RFC 4632 and RFC 6177. */
#define PREFIX_IPV4 24
#define PREFIX_IPV6 48

/* Epoch 0 is the label of flows whose birth was not seen. */
#define EPOCH_UNKNOWN 0

/* Families that look alike are looked for once in so many sweeps' time. */
#define ALIKE_INTERVAL_NS (60 * NSEC_PER_SEC)
/* After a merge that won no place, the next is not tried for so long: the table is what it is. */
#define MERGE_INTERVAL_NS (60 * NSEC_PER_SEC)
/* A merge of a full table makes this share of it free, so that it is not done for each path. */
#define MERGE_SHARE 8
/* The share of the table whose busiest paths stay exact. */
#define EXACT_SHARE 4
/* A history without bulk traffic for this long is given back. */
#define HISTORY_IDLE_NS (PATH_WINDOWS * PATH_WINDOW_NS)

typedef struct PathKey {
	Address address;
	uint8_t prefix_length;
} PathKey;

struct PathTable {
	Map flows, paths;
	MapEntry *expected; /* the flow whose sample should come next; NULL: unknown */
	Path **slots; /* all paths, without holes; a flow remembers the number of its path's */
	uint8_t ipv4_length, ipv6_length;
	size_t n_prefixes, n_histories, n_pinned;
	size_t n_starts; /* those dropped since the last sweep still count */
	uint64_t paths_evicted, paths_merged;
	uint64_t merge_ns; /* not before */
	uint64_t alike_ns; /* likewise */
	uint32_t epoch;
	uint32_t sweep;       /* number of the current one; 0: none yet */
	uint64_t previous_ns; /* when its part was looked at before */
	uint64_t sweep_bytes, last_sweep_bytes;
	uint64_t evicted; /* flows, when the current sweep began */
	unsigned slices;  /* a sweep sees one of so many parts of the flows, in turn */
	uint32_t turn;    /* the sweep with which the present turn of the parts began */
	uint32_t split;   /* the one with which this number of parts began */
	uint64_t looks_ns[BUDGET_SLICES_MAX]; /* begin of the last sweeps, by number */
	uint64_t before_split_ns; /* every part had been looked at since, when the split began */
	unsigned run;             /* sweeps in a row that saw all of their part */
	bool covered;      /* every flow was seen, and what came since with its part's sweep */
	bool births_known; /* ... and none was evicted: what is new now was born since */
	PathTableObserver observer;
	void *observer_context;
};

static bool flow_equal(const MapEntry *entry, const void *key)
{
	return CONTAINER_OF(entry, Flow, entry)->cookie == *(const uint64_t *)key;
}

static void flow_evict(MapEntry *entry, void *context)
{
	PathTable *table = context;

	if (table->expected == entry)
		table->expected = NULL;
	free(CONTAINER_OF(entry, Flow, entry));
}

static bool path_equal(const MapEntry *entry, const void *key)
{
	const Path *path = CONTAINER_OF(entry, Path, entry);
	const PathKey *wanted = key;

	return path->prefix_length == wanted->prefix_length &&
	       address_equal(&path->address, &wanted->address);
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

	if (!table)
		return -ENOMEM;

	table->slots = calloc(path_capacity, sizeof(Path *));
	if (!table->slots || map_init(&table->flows, flow_capacity, &flow_ops, table) < 0 ||
	    map_init(&table->paths, path_capacity, &path_ops, NULL) < 0) {
		path_table_free(table);
		return -ENOMEM;
	}
	table->epoch = 1;
	table->slices = 1;
	path_table_set_prefixes(table, PREFIX_IPV4, PREFIX_IPV6);
	*ret_table = table;
	return 0;
}

void path_table_free(PathTable *table)
{
	if (!table)
		return;

	map_clear(&table->flows);
	map_clear(&table->paths);
	free(table->slots);
	free(table);
}

void path_table_set_prefixes(PathTable *table, unsigned ipv4_length, unsigned ipv6_length)
{
	table->ipv4_length = (uint8_t)MIN(ipv4_length, 32U);
	table->ipv6_length = (uint8_t)MIN(ipv6_length, 128U);
}

void path_table_set_observer(PathTable *table, PathTableObserver observer, void *context)
{
	table->observer = observer;
	table->observer_context = context;
}

/* When the part whose turn it is in this sweep, the current or the next one, was looked at before.
 * In the first turn of a split nobody knows in which of the former parts a flow would have been:
 * then it is the look at the one that was looked at longest ago. */
static uint64_t look_before(const PathTable *table, uint32_t sweep)
{
	if (sweep < table->split + table->slices)
		return table->before_split_ns;
	return table->looks_ns[(sweep - table->slices) % BUDGET_SLICES_MAX];
}

void path_table_set_slices(PathTable *table, unsigned slices)
{
	assert(slices > 0 && slices <= BUDGET_SLICES_MAX);
	if (slices == table->slices)
		return;
	table->before_split_ns = look_before(table, table->sweep + 1);
	table->slices = slices;
	table->turn = table->split = table->sweep + 1;
	table->run = 0; /* parts of another split do not add up */
}

void path_table_sweep_begin(PathTable *table, uint64_t now_ns)
{
	table->expected = table->flows.oldest;
	table->sweep++;
	if (table->sweep - table->turn >= table->slices)
		table->turn = table->sweep;
	table->previous_ns = look_before(table, table->sweep); /* its place may be the next one's */
	table->looks_ns[table->sweep % BUDGET_SLICES_MAX] = now_ns;
	table->sweep_bytes = 0;
	if (table->flows.evicted != table->evicted) {
		table->covered = false;
		table->run = 0;
	}
	table->births_known = table->covered;
	table->evicted = table->flows.evicted;
	for (size_t i = 0; table->turn == table->sweep && i < table->paths.count; i++)
		table->slots[i]->flows = 0;
}

/* Brings in what the next two samples will be about. */
static void flow_prefetch(const PathTable *table, const MapEntry *entry)
{
	const Flow *flow = CONTAINER_OF(entry, const Flow, entry);

	if (entry->newer) {
		__builtin_prefetch(entry->newer);
		__builtin_prefetch((const char *)entry->newer + 64);
	}
	if (flow->path < table->paths.count) {
		const char *path = (const char *)table->slots[flow->path];

		for (size_t i = 0; i < sizeof(Path); i += 64)
			__builtin_prefetch(path + i);
	}
}

/* A dump brings the sockets in the same order each time, and what is seen becomes the newest: after
 * one flow comes, as a rule, the one that was seen after it the last time. */
static Flow *flow_find(PathTable *table, uint64_t cookie)
{
	MapEntry *entry = table->expected;

	if (!entry || CONTAINER_OF(entry, Flow, entry)->cookie != cookie)
		entry = map_find(&table->flows, map_hash_u64(cookie), &cookie);
	if (!entry)
		return NULL;
	table->expected = entry->newer;
	if (entry->newer)
		flow_prefetch(table, entry->newer);
	return CONTAINER_OF(entry, Flow, entry);
}

static void flow_drop(PathTable *table, Flow *flow)
{
	if (table->expected == &flow->entry)
		table->expected = flow->entry.newer;
	map_remove(&table->flows, &flow->entry);
	free(flow);
}

static Flow *flow_new(PathTable *table, const FlowSample *sample, uint64_t now_ns)
{
	Flow *flow = calloc(1, sizeof(*flow));

	if (!flow)
		return NULL;

	*flow = (Flow){.cookie = sample->cookie,
		       .birth_ns = now_ns,
		       .epoch = table->epoch,
		       .path = UINT32_MAX};
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

static uint64_t path_key(const PathTable *table, const Address *address, bool prefix,
			 PathKey *ret_key)
{
	bool ipv6 = address->family == AF_INET6;
	unsigned full = ipv6 ? 128 : 32;
	unsigned length = !prefix ? full : ipv6 ? table->ipv6_length : table->ipv4_length;

	ret_key->prefix_length = (uint8_t)length;
	ret_key->address = prefix ? path_prefix(address, length) : *address;
	return address_hash(&ret_key->address) + length;
}

static Path *path_lookup(const PathTable *table, const Address *address, bool prefix)
{
	PathKey key;
	uint64_t hash = path_key(table, address, prefix, &key);
	MapEntry *entry = map_find(&table->paths, hash, &key);

	return entry ? CONTAINER_OF(entry, Path, entry) : NULL;
}

static void history_drop(PathTable *table, Path *path)
{
	if (!path->history)
		return;
	free(path->history);
	sparse_clear(&path->srtt);
	path->history = NULL;
	path->n_history = 0;
	table->n_histories--;
}

/* The last slot moves into its place. */
static void path_drop(PathTable *table, Path *path)
{
	map_remove(&table->paths, &path->entry);
	table->slots[path->slot] = table->slots[table->paths.count];
	table->slots[path->slot]->slot = path->slot;
	table->slots[table->paths.count] = NULL;
	table->n_prefixes -= path_is_prefix(path);
	history_drop(table, path);
	path_free(path);
}

void path_table_pin(PathTable *table, const Address *addresses, size_t n)
{
	if (n == 0 && table->n_pinned == 0)
		return;
	for (size_t i = 0; i < table->paths.count; i++)
		table->slots[i]->pinned = false;
	table->n_pinned = n;
	for (size_t i = 0; i < n; i++) {
		Path *path = path_lookup(table, &addresses[i], false);

		if (path)
			path->pinned = true;
	}
}

bool path_table_expect(PathTable *table, const Address *address, const PathMetrics *metrics)
{
	Path *path = path_lookup(table, address, false);

	if (path)
		path_expect(path, metrics ? metrics : &(PathMetrics){0},
			    table->looks_ns[table->sweep % BUDGET_SLICES_MAX]);
	return path;
}

static void path_evict_oldest(PathTable *table)
{
	for (MapEntry *entry = table->paths.oldest; entry; entry = entry->newer) {
		Path *path = CONTAINER_OF(entry, Path, entry);

		if (path->pinned && table->paths.count > 1)
			continue;
		path_drop(table, path);
		table->paths_evicted++;
		return;
	}
}

/* Makes an exact path that of its prefix. */
static void make_prefix(PathTable *table, Path *path)
{
	PathKey key;
	uint64_t hash = path_key(table, &path->address, true, &key);

	map_remove(&table->paths, &path->entry);
	path_become_prefix(path, &key.address, key.prefix_length);
	(void)map_insert(&table->paths, hash, &path->entry); /* cannot fail: there is room */
	table->n_prefixes++;
}

/* Merges families: to win `wanted` places, or, if that is 0, those that look alike. Returns how
 * many it won. */
static size_t merge_paths(PathTable *table, size_t wanted, uint64_t now_ns)
{
	size_t n = table->paths.count, won = 0;
	_cleanup_free_ Path **plan = malloc(n * sizeof(Path *));
	PathMergeRule rule = {.ipv4_length = table->ipv4_length,
			      .ipv6_length = table->ipv6_length,
			      .keep = table->paths.capacity / EXACT_SHARE,
			      .wanted = wanted};
	int planned = plan ? path_merge_plan(table->slots, n, &rule, plan) : -ENOMEM;

	for (int i = 0; i < planned; i++) {
		Path *into = path_lookup(table, &plan[i]->address, true);

		if (!into) {
			make_prefix(table, plan[i]);
		} else if (into != plan[i]) {
			path_absorb(into, plan[i], now_ns);
			path_drop(table, plan[i]);
			won++;
		}
	}
	table->paths_merged += won;
	return won;
}

static void path_make_room(PathTable *table, uint64_t now_ns)
{
	if (table->paths.count < table->paths.capacity)
		return;
	if (now_ns >= table->merge_ns) {
		size_t wanted = MAX(table->paths.capacity / MERGE_SHARE, (size_t)1);

		if (merge_paths(table, wanted, now_ns) > 0)
			return;
		table->merge_ns = now_ns + MERGE_INTERVAL_NS;
	}
	path_evict_oldest(table);
}

static Path *path_insert(PathTable *table, const Address *address, uint64_t now_ns)
{
	Path *path = path_new(address, now_ns);
	PathKey key;

	if (!path)
		return NULL;
	path->slot = (uint32_t)table->paths.count;
	if (map_insert(&table->paths, path_key(table, address, false, &key), &path->entry) < 0) {
		path_free(path);
		return NULL;
	}
	table->slots[path->slot] = path;
	return path;
}

/* The path of a flow: where it was the last time, if that still is its path. */
static Path *path_get(PathTable *table, const Flow *flow, const Address *address, uint64_t now_ns)
{
	Path *path = flow->path < table->paths.count ? table->slots[flow->path] : NULL;

	if (path && path_covers(path, address))
		return path;
	path = path_table_find(table, address);
	if (path)
		return path;
	path_make_room(table, now_ns);
	/* What made room may have made its prefix. */
	path = table->n_prefixes > 0 ? path_lookup(table, address, true) : NULL;
	return path ? path : path_insert(table, address, now_ns);
}

void path_table_add(PathTable *table, const FlowSample *sample, const PathCaps *caps,
		    uint64_t now_ns)
{
	FlowDelta delta;
	Flow *flow;
	Path *path;
	bool born, had_history, had_starts;

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
	path = flow ? path_get(table, flow, &sample->remote, now_ns) : NULL;
	if (!path)
		return;

	flow->path = path->slot;
	flow_advance(flow, &sample->info, now_ns, &delta);
	delta.born = born && delta.birth_seen;
	if (path->flows == 0 || path->last_seen_ns != now_ns)
		map_touch(&table->paths, &path->entry); /* once is enough to be recent */
	path->flows += !sample->destroyed && flow->sweep < table->turn;
	flow->sweep = table->sweep;
	map_touch(&table->flows, &flow->entry);
	table->sweep_bytes += delta.bytes_acked + delta.bytes_received;

	had_history = path->history;
	had_starts = path->starts;
	path->history_denied = !had_history && table->n_histories >= PATH_TABLE_HISTORIES;
	path->starts_denied = table->n_starts >= PATH_TABLE_STARTS;
	path_add(path, sample, &delta, caps, now_ns);
	table->n_histories += !had_history && path->history;
	table->n_starts += !had_starts && path->starts;
	if (table->observer)
		table->observer(path, sample, &delta, table->observer_context);
	if (sample->destroyed)
		flow_drop(table, flow);
}

/* Gives histories back that are idle, and the least busy one if a busier path is without. */
static void deal_histories(PathTable *table, uint64_t now_ns)
{
	Path *least = NULL, *most = NULL;

	for (size_t i = 0; i < table->paths.count; i++) {
		Path *path = table->slots[i];

		if (path->history && now_ns > path->bulk_ns + HISTORY_IDLE_NS)
			history_drop(table, path);
		if (path->history && (!least || path_bytes(path) < path_bytes(least)) &&
		    !path->pinned)
			least = path;
		if (!path->history && path->history_denied &&
		    now_ns <= path->bulk_ns + PATH_WINDOW_NS &&
		    (!most || path_bytes(path) > path_bytes(most)))
			most = path;
	}
	if (table->n_histories < PATH_TABLE_HISTORIES || !least || !most ||
	    path_bytes(least) >= path_bytes(most))
		return;
	history_drop(table, least);
	most->history = calloc(PATH_WINDOWS, sizeof(*most->history));
	table->n_histories += most->history != NULL;
}

static void end_paths(PathTable *table, uint64_t now_ns)
{
	table->n_starts = 0;
	for (size_t i = 0; i < table->paths.count; i++) {
		path_roll(table->slots[i], now_ns);
		path_end_sweep(table->slots[i], table->slices, now_ns);
		table->n_starts += table->slots[i]->starts != NULL;
	}
}

/* Its part was looked at twice without it. Looks of another split do not count: of eight parts, one
 * had its last look seven sweeps ago without anything being wrong. */
static bool is_gone(const PathTable *table, const Flow *flow)
{
	return table->sweep + 1 - MAX(flow->sweep + 1, table->split) >= 2 * table->slices;
}

void path_table_sweep_end(PathTable *table, uint64_t now_ns, bool complete)
{
	if (complete) {
		map_each (&table->flows, entry) {
			Flow *flow = CONTAINER_OF(entry, Flow, entry);

			if (is_gone(table, flow))
				flow_drop(table, flow);
		}
	}
	end_paths(table, now_ns);
	deal_histories(table, now_ns);
	if (table->paths.count > table->paths.capacity / EXACT_SHARE && now_ns >= table->alike_ns) {
		(void)merge_paths(table, 0, now_ns); /* none alike: nothing to do */
		table->alike_ns = now_ns + ALIKE_INTERVAL_NS;
	}
	table->run = complete ? table->run + 1 : 0;
	table->covered = complete && (table->covered || table->run >= table->slices);
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
	Path *path = path_lookup(table, address, false);

	return path || table->n_prefixes == 0 ? path : path_lookup(table, address, true);
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
	return table->paths_evicted;
}

uint64_t path_table_paths_merged(const PathTable *table)
{
	return table->paths_merged;
}

uint64_t path_table_flows_evicted(const PathTable *table)
{
	return table->flows.evicted;
}

uint64_t path_table_last_sweep_bytes(const PathTable *table)
{
	return table->last_sweep_bytes;
}

const Path *path_table_at(const PathTable *table, size_t index)
{
	return table->slots[index];
}

bool path_table_birth(const PathTable *table, uint64_t cookie, uint64_t *ret_ns, bool *ret_seen)
{
	const MapEntry *entry = map_find(&table->flows, map_hash_u64(cookie), &cookie);

	if (!entry)
		return false;
	*ret_ns = CONTAINER_OF(entry, const Flow, entry)->birth_ns;
	*ret_seen = CONTAINER_OF(entry, const Flow, entry)->birth_seen;
	return true;
}
