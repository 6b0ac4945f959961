/* SPDX-License-Identifier: MIT */
#include "cli/watch_source.h"

#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/interface.h"

/* Between two attempts: soon enough after a restart, rare enough for a daemon that is stopped. */
#define RETRY_NS  NSEC_PER_SEC
#define LIMIT_MAX 100 /* of Monitor, and of the endpoints at once */

void watch_source_init(WatchSource *source, const char *socket, uint64_t interval_ns,
		       uint64_t timeout_ns, size_t limit, const WatchSourceOps *ops)
{
	*source = (WatchSource){.socket = socket,
				.interval_ns = interval_ns,
				.timeout_ns = timeout_ns,
				.limit = limit > 0 ? MIN(limit, (size_t)LIMIT_MAX) : LIMIT_MAX,
				.ops = *ops,
				.link = WATCH_LINK_NULL};
}

static void forget(WatchSource *source)
{
	watch_link_close(&source->link);
	json_free(source->update);
	source->update = NULL;
	free(source->checksums);
	source->checksums = NULL;
	source->n_checksums = 0;
	source->asks = false;
}

void watch_source_clear(WatchSource *source)
{
	forget(source);
	source->state = WATCH_SOURCE_WAITING;
}

int watch_source_fd(const WatchSource *source)
{
	return source->link.fd;
}

short watch_source_events(const WatchSource *source)
{
	return source->link.fd < 0 ? 0 : watch_link_events(&source->link);
}

uint64_t watch_source_next_ns(const WatchSource *source)
{
	return source->next_ns;
}

static void lose(WatchSource *source, int error, uint64_t now_ns)
{
	forget(source);
	source->state = WATCH_SOURCE_WAITING;
	source->next_ns = now_ns + RETRY_NS;
	source->ops.lost(source->ops.context, error);
}

/* Asking a daemon that does not stream. */

static Json *new_limit(const WatchSource *source)
{
	Json *parameters = json_new_object();

	json_set_uint(parameters, "limit", source->limit);
	return parameters;
}

enum { STEP_STATUS, STEP_PATHS, STEP_CHANGES, STEP_ENDPOINTS };

static int ask(WatchSource *source, uint64_t now_ns)
{
	Json *parameters = NULL;
	const char *method = INTERFACE_GET_STATUS;

	source->state = WATCH_SOURCE_ASKING;
	source->next_ns = now_ns + source->timeout_ns;
	if (source->step == STEP_CHANGES)
		method = INTERFACE_LIST_CHANGES;
	else if (source->step != STEP_STATUS) {
		method = source->step == STEP_PATHS ? INTERFACE_LIST_PATHS
						    : INTERFACE_LIST_ENDPOINTS;
		parameters = new_limit(source);
	}
	return watch_link_call(&source->link, method, parameters, false);
}

static void move_member(Json *to, const Json *from, const char *key)
{
	json_set(to, key, json_reference(json_get(from, key)));
}

static uint64_t checksum(const Json *change)
{
	_cleanup_free_ char *text = json_format(change, false);

	return text ? text_checksum(text, strlen(text)) : 0;
}

static bool is_old(const WatchSource *source, uint64_t sum)
{
	for (size_t i = 0; i < source->n_checksums; i++)
		if (source->checksums[i] == sum)
			return true;
	return false;
}

/* Those that are new, or not as they were; all are remembered. True: there are some. */
static bool take_changes(WatchSource *source, const Json *all)
{
	size_t n = json_length(all);
	uint64_t *sums = calloc(n ? n : 1, sizeof(*sums));
	Json *changes = json_new_array();

	for (size_t i = 0; sums && i < n; i++) {
		sums[i] = checksum(json_at(all, i));
		if (!is_old(source, sums[i]))
			json_append(changes, json_reference(json_at(all, i)));
	}
	free(source->checksums);
	source->checksums = sums;
	source->n_checksums = sums ? n : 0;
	json_set(source->update, "changes", changes);
	return json_length(changes) > 0;
}

static void deliver(WatchSource *source, const Json *update, uint64_t now_ns)
{
	bool first = source->first;

	source->first = false;
	source->next_ns = now_ns + source->interval_ns +
			  (source->state == WATCH_SOURCE_STREAMING ? source->timeout_ns : 0);
	source->ops.update(source->ops.context, update, first);
}

/* A reply to the call of this step. */
static int answered(WatchSource *source, const Json *reply, uint64_t now_ns)
{
	switch (source->step) {
	case STEP_STATUS:
		source->update = json_new_object();
		json_set_string(source->update, "reason", "interval");
		json_set_uint(source->update, "realtimeUsec",
			      clock_realtime_ns(&clock_system) / NSEC_PER_USEC);
		move_member(source->update, reply, "health");
		move_member(source->update, reply, "healthReasons");
		break;
	case STEP_PATHS:
		move_member(source->update, reply, "paths");
		break;
	case STEP_CHANGES:
		if (take_changes(source, json_get(reply, "changes")) && !source->first)
			json_set_string(source->update, "reason", "change");
		break;
	default:
		move_member(source->update, reply, "endpoints");
	}
	if (json_failed())
		return -ENOMEM;
	if (source->step++ < STEP_ENDPOINTS)
		return ask(source, now_ns);
	source->state = WATCH_SOURCE_RESTING;
	deliver(source, source->update, now_ns);
	json_free(source->update);
	source->update = NULL;
	return 0;
}

/* The stream. */

static int begin(WatchSource *source, uint64_t now_ns)
{
	Json *parameters;
	int r = watch_link_open(&source->link, source->socket);

	if (r < 0)
		return r;
	parameters = new_limit(source);
	json_set_uint(parameters, "intervalUsec", source->interval_ns / NSEC_PER_USEC);
	json_set_bool(parameters, "endpoints", true);
	json_set_bool(parameters, "paths", true);
	source->state = WATCH_SOURCE_STREAMING;
	source->first = true;
	source->next_ns = now_ns + source->timeout_ns;
	return watch_link_call(&source->link, INTERFACE_MONITOR, parameters, true);
}

/* The daemon refused. An old one is asked in the old way. */
static int refused(WatchSource *source, const char *error, uint64_t now_ns)
{
	if (source->state != WATCH_SOURCE_STREAMING ||
	    !text_equal(error, INTERFACE_ERROR_METHOD_NOT_FOUND))
		return -EPROTO;
	source->asks = true;
	source->step = STEP_STATUS;
	return ask(source, now_ns);
}

static int take(WatchSource *source, const Json *message, uint64_t now_ns)
{
	const Json *parameters = json_get(message, "parameters");
	const char *error = json_string(json_get(message, "error"));

	if (error)
		return refused(source, error, now_ns);
	if (json_type(parameters) != JSON_OBJECT || source->state == WATCH_SOURCE_RESTING)
		return -EBADMSG;
	if (source->state == WATCH_SOURCE_ASKING)
		return answered(source, parameters, now_ns);
	deliver(source, parameters, now_ns);
	return json_bool(json_get(message, "continues"), false) ? 0 : -ECONNRESET;
}

/* All replies that are there; then what became of the connection. */
static int take_all(WatchSource *source, short revents, uint64_t now_ns)
{
	int end = revents ? watch_link_step(&source->link, revents) : 0, r;

	do {
		_cleanup_json_ Json *message = NULL;

		r = watch_link_next(&source->link, &message);
		if (r > 0) {
			int taken = take(source, message, now_ns);

			r = taken < 0 ? taken : 1;
		}
	} while (r > 0);
	return r < 0 ? r : end;
}

void watch_source_step(WatchSource *source, short revents, uint64_t now_ns)
{
	bool due = now_ns >= source->next_ns;
	int r = 0;

	if (source->link.fd >= 0)
		r = take_all(source, revents, now_ns);
	else if (due)
		r = begin(source, now_ns);
	if (r == 0 && source->link.fd >= 0 && now_ns >= source->next_ns) {
		source->step = STEP_STATUS;
		r = source->state == WATCH_SOURCE_RESTING ? ask(source, now_ns) : -ETIMEDOUT;
	}
	if (r < 0)
		lose(source, r, now_ns);
}
