/* SPDX-License-Identifier: MIT */
#include "cli/watch_data.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/change.h"
#include "cli/endpoint.h"
#include "cli/reply.h"
#include "common/clock.h"

#define ROUTE_PREFIX "route."

void watch_data_clear(WatchData *data)
{
	free(data->endpoints);
	free(data->paths);
	free(data->changes);
	*data = (WatchData){.known = false};
}

/* What is longer is cut: it is shown, never sent back. */
static void copy_word(char *buffer, size_t size, const Json *object, const char *key)
{
	(void)text_copy(buffer, size, reply_text(object, key));
}

static int64_t number(const Json *object, const char *key)
{
	return MAX(json_int(json_get(object, key), -1), INT64_C(-1));
}

/* Endpoints. */

/* The row of that name in the last update; most often it stands where it stood. */
static const WatchEndpoint *old_endpoint(const WatchData *data, const char *name, size_t hint)
{
	if (hint < data->n_endpoints && text_equal(data->endpoints[hint].name, name))
		return &data->endpoints[hint];
	for (size_t i = 0; i < data->n_endpoints; i++)
		if (text_equal(data->endpoints[i].name, name))
			return &data->endpoints[i];
	return NULL;
}

static const Json *minute_window(const Json *endpoint)
{
	const Json *windows = json_get(endpoint, "windows");

	for (size_t i = 0; i < json_length(windows); i++)
		if (text_equal(reply_text(json_at(windows, i), "span"), "1min"))
			return json_at(windows, i);
	return NULL;
}

static void add_trend(WatchEndpoint *row, int64_t usec, uint64_t now_ns)
{
	if (row->n_trend > 0 && now_ns - row->trend_ns < WATCH_TREND_STEP_NS) {
		row->trend_us[row->n_trend - 1] = usec;
		return;
	}
	if (row->n_trend == WATCH_TREND_MAX)
		memmove(row->trend_us, row->trend_us + 1,
			--row->n_trend * sizeof(row->trend_us[0]));
	row->trend_us[row->n_trend++] = usec;
	row->trend_ns = now_ns;
}

/* The daemon remembers better. */
static void take_history(WatchEndpoint *row, const Json *history)
{
	size_t n = json_length(history), skip = n > WATCH_TREND_MAX ? n - WATCH_TREND_MAX : 0;

	row->n_trend = n - skip;
	for (size_t i = 0; i < row->n_trend; i++)
		row->trend_us[i] = MAX(json_int(json_at(history, skip + i), -1), INT64_C(-1));
}

static void fill_endpoint(WatchEndpoint *row, const WatchEndpoint *old, const Json *endpoint,
			  uint64_t now_ns)
{
	const Json *window = endpoint_window(endpoint);

	*row = old ? *old : (WatchEndpoint){.n_trend = 0};
	copy_word(row->name, sizeof(row->name), endpoint, "name");
	copy_word(row->group, sizeof(row->group), endpoint, "group");
	copy_word(row->state, sizeof(row->state), endpoint, "state");
	copy_word(row->slo, sizeof(row->slo), endpoint, "slo");
	row->p50_us = number(window, "p50Usec");
	row->p95_us = number(window, "p95Usec");
	row->p99_us = number(window, "p99Usec");
	row->loss_permille = number(window, "lossPermille");
	if (json_has(endpoint, "history"))
		take_history(row, json_get(endpoint, "history"));
	else
		add_trend(row, number(minute_window(endpoint), "p50Usec"), now_ns);
}

static int apply_endpoints(WatchData *data, const Json *array, uint64_t now_ns)
{
	size_t n = MIN(json_length(array), (size_t)WATCH_ENDPOINTS_MAX);
	WatchEndpoint *rows = calloc(n ? n : 1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const Json *endpoint = json_at(array, i);

		fill_endpoint(&rows[i], old_endpoint(data, reply_text(endpoint, "name"), i),
			      endpoint, now_ns);
	}
	free(data->endpoints);
	data->endpoints = rows;
	data->n_endpoints = n;
	return 0;
}

/* Changes. */

/* Of a route without its prefix: the path stands beside it. */
static const char *short_key(const Json *setting)
{
	const char *key = reply_text(setting, "key");

	return text_starts_with(key, ROUTE_PREFIX) ? key + strlen(ROUTE_PREFIX) : key;
}

/* "net.ipv4.tcp_rmem: OLD -> NEW, ..." */
static void fill_values(WatchChange *row, const Json *change)
{
	_cleanup_(text_clear) Text text = {.data = NULL};
	const Json *settings = json_get(change, "tunables");

	for (size_t i = 0; i < json_length(settings); i++) {
		const Json *setting = json_at(settings, i);

		text_appendf(&text, "%s%s: %s -> %s", i ? ", " : "", short_key(setting),
			     reply_text(setting, "old"), reply_text(setting, "new"));
	}
	(void)text_copy(row->values, sizeof(row->values), text_string(&text));
}

/* "congctl bbr, initcwnd 20" */
static void fill_setting(WatchChange *row, const Json *change)
{
	_cleanup_(text_clear) Text text = {.data = NULL};
	const Json *settings = json_get(change, "tunables");

	for (size_t i = 0; row->in_force && i < json_length(settings); i++) {
		const Json *setting = json_at(settings, i);

		if (text_starts_with(reply_text(setting, "key"), ROUTE_PREFIX))
			text_appendf(&text, "%s%s %s", text.length ? ", " : "", short_key(setting),
				     reply_text(setting, "new"));
	}
	(void)text_copy(row->setting, sizeof(row->setting), text_string(&text));
}

static void fill_change(WatchChange *row, const Json *change)
{
	const Json *gain = json_get(json_get(change, "trial"), "gainPermille");
	const char *outcome = change_outcome(change);

	row->id = number(change, "id");
	copy_word(row->controller, sizeof(row->controller), change, "controller");
	copy_word(row->path, sizeof(row->path), change, "path");
	(void)text_copy(row->outcome, sizeof(row->outcome), outcome ? outcome : "");
	row->has_gain = json_type(gain) == JSON_INT;
	row->gain_permille = json_int(gain, 0);
	row->in_force = json_bool(json_get(change, "inForce"), false);
	row->provisional = json_bool(json_get(change, "provisional"), false);
	row->proposed_us = number(change, "proposedRealtimeUsec");
	fill_values(row, change);
	fill_setting(row, change);
}

/* Where a change of that id stands, or is to stand. */
static size_t change_place(const WatchData *data, int64_t id)
{
	size_t i = 0;

	while (i < data->n_changes && data->changes[i].id > id)
		i++;
	return i;
}

static void apply_change(WatchData *data, const Json *change, uint64_t changed_ns)
{
	size_t i = change_place(data, number(change, "id")), n;
	WatchChange *row = &data->changes[i];

	if (i == WATCH_CHANGES_MAX)
		return; /* older than all that are kept */
	if (i == data->n_changes || row->id != number(change, "id")) {
		n = MIN(data->n_changes, (size_t)WATCH_CHANGES_MAX - 1);
		memmove(row + 1, row, (n - i) * sizeof(*row));
		data->n_changes = n + 1;
		*row = (WatchChange){.id = 0};
	}
	fill_change(row, change);
	row->changed_ns = changed_ns;
}

static int apply_changes(WatchData *data, const Json *array, bool first, uint64_t now_ns)
{
	if (!data->changes)
		data->changes = calloc(WATCH_CHANGES_MAX, sizeof(*data->changes));
	if (!data->changes)
		return -ENOMEM;
	if (first)
		data->n_changes = 0;
	for (size_t i = 0; i < json_length(array); i++)
		apply_change(data, json_at(array, i), first ? 0 : now_ns);
	return 0;
}

/* Paths. */

static const WatchPath *old_path(const WatchData *data, const char *name, size_t hint)
{
	if (hint < data->n_paths && text_equal(data->paths[hint].name, name))
		return &data->paths[hint];
	for (size_t i = 0; i < data->n_paths; i++)
		if (text_equal(data->paths[i].name, name))
			return &data->paths[i];
	return NULL;
}

static void path_name(const Json *path, char *buffer, size_t size)
{
	const char *address = reply_text(path, "address");
	int64_t length = number(path, "prefixLength");

	if (length > 0 && length != (strchr(address, ':') ? 128 : 32))
		(void)text_format(buffer, size, "%s/%" PRId64, address, length);
	else
		(void)text_copy(buffer, size, address);
}

/* A counter that went back is that of another daemon. */
static void count(WatchPath *row, const Json *path, uint64_t now_ns)
{
	WatchCounted now = {now_ns, number(path, "ackedBytes"), number(path, "receivedBytes")};
	const WatchCounted *last = &row->counted[row->n_counted ? row->n_counted - 1 : 0];

	if (row->n_counted > 0 &&
	    (now.sent_bytes < last->sent_bytes || now.received_bytes < last->received_bytes))
		row->n_counted = 0;
	if (row->n_counted > 1 && last->when_ns - last[-1].when_ns < NSEC_PER_SEC)
		row->n_counted--; /* replaced */
	if (row->n_counted == WATCH_RATE_SAMPLES)
		memmove(row->counted, row->counted + 1, --row->n_counted * sizeof(now));
	row->counted[row->n_counted++] = now;
}

static int64_t rate(int64_t before, int64_t after, uint64_t span_ns)
{
	if (before < 0 || after < before || span_ns == 0)
		return -1;
	return (int64_t)((double)(after - before) * 8 * (double)NSEC_PER_SEC / (double)span_ns);
}

static void fill_path(WatchPath *row, const WatchPath *old, const char *name, const Json *path,
		      uint64_t now_ns)
{
	const WatchCounted *before, *after;

	*row = old ? *old : (WatchPath){.n_counted = 0};
	(void)text_copy(row->name, sizeof(row->name), name);
	copy_word(row->address, sizeof(row->address), path, "address");
	copy_word(row->congestion, sizeof(row->congestion), path, "congestion");
	row->flows = number(path, "flows");
	row->srtt_us = number(path, "srttUsec");
	row->floor_us = number(path, "floorUsec");
	row->lost_ppm = number(path, "lossPpm");
	count(row, path, now_ns);
	before = &row->counted[0];
	after = &row->counted[row->n_counted - 1];
	row->sending_bps =
		rate(before->sent_bytes, after->sent_bytes, after->when_ns - before->when_ns);
	row->receiving_bps = rate(before->received_bytes, after->received_bytes,
				  after->when_ns - before->when_ns);
}

static int apply_paths(WatchData *data, const Json *array, uint64_t now_ns)
{
	size_t n = MIN(json_length(array), (size_t)WATCH_PATHS_MAX);
	WatchPath *rows = calloc(n ? n : 1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		char name[WATCH_NAME_MAX];

		path_name(json_at(array, i), name, sizeof(name));
		fill_path(&rows[i], old_path(data, name, i), name, json_at(array, i), now_ns);
	}
	free(data->paths);
	data->paths = rows;
	data->n_paths = n;
	return 0;
}

/* What is set on the route to each path, from the changes in force. */
static void join_settings(WatchData *data)
{
	for (size_t i = 0; i < data->n_paths; i++) {
		WatchPath *path = &data->paths[i];
		_cleanup_(text_clear) Text text = {.data = NULL};

		for (size_t k = 0; k < data->n_changes; k++) {
			const WatchChange *change = &data->changes[k];

			if (*change->setting && text_equal(change->path, path->address))
				text_appendf(&text, "%s%s", text.length ? ", " : "",
					     change->setting);
		}
		(void)text_copy(path->setting, sizeof(path->setting), text_string(&text));
	}
}

static void apply_health(WatchData *data, const Json *update)
{
	_cleanup_(text_clear) Text text = {.data = NULL};
	const Json *reasons = json_get(update, "healthReasons");

	copy_word(data->health, sizeof(data->health), update, "health");
	for (size_t i = 0; i < json_length(reasons); i++) {
		const char *reason = json_string(json_at(reasons, i));

		text_appendf(&text, "%s%s", i ? "; " : "", reason ? reason : "");
	}
	(void)text_copy(data->reasons, sizeof(data->reasons), text_string(&text));
}

int watch_data_apply(WatchData *data, const Json *update, bool first, uint64_t now_ns)
{
	int r = 0;

	data->known = true;
	data->realtime_us = number(update, "realtimeUsec");
	apply_health(data, update);
	if (json_has(update, "endpoints"))
		r = apply_endpoints(data, json_get(update, "endpoints"), now_ns);
	if (r == 0 && json_has(update, "paths"))
		r = apply_paths(data, json_get(update, "paths"), now_ns);
	if (r == 0)
		r = apply_changes(data, json_get(update, "changes"), first, now_ns);
	join_settings(data);
	return r;
}

static int copy_rows(void **ret_rows, const void *rows, size_t n, size_t size)
{
	void *copy = calloc(n ? n : 1, size);

	if (!copy)
		return -ENOMEM;
	if (n > 0)
		memcpy(copy, rows, n * size);
	*ret_rows = copy;
	return 0;
}

int watch_data_copy(WatchData *to, const WatchData *from)
{
	WatchData copy = *from;
	void *endpoints = NULL, *paths = NULL, *changes = NULL;

	if (copy_rows(&endpoints, from->endpoints, from->n_endpoints, sizeof(WatchEndpoint)) < 0 ||
	    copy_rows(&paths, from->paths, from->n_paths, sizeof(WatchPath)) < 0 ||
	    copy_rows(&changes, from->changes, from->n_changes, sizeof(WatchChange)) < 0) {
		free(endpoints);
		free(paths);
		return -ENOMEM;
	}
	copy.endpoints = endpoints;
	copy.paths = paths;
	copy.changes = changes;
	watch_data_clear(to);
	*to = copy;
	return 0;
}

size_t watch_data_down(const WatchData *data)
{
	size_t n = 0;

	for (size_t i = 0; i < data->n_endpoints; i++)
		n += text_equal(data->endpoints[i].state, "down") ||
		     text_equal(data->endpoints[i].state, "unresolved");
	return n;
}

size_t watch_data_in_force(const WatchData *data)
{
	size_t n = 0;

	for (size_t i = 0; i < data->n_changes; i++)
		n += data->changes[i].in_force;
	return n;
}
