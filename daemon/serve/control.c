/* SPDX-License-Identifier: MIT */
/*
 * Accepting, limiting and auditing clients. What they say is in connection.c, what they get in
 * methods.c.
 *
 * Anybody on the host may connect, so everything an outsider can make grow is capped here: clients
 * in all and per user, with places that only root gets, and the bytes that wait to be read. Out of
 * descriptors we still take the client off the queue, with a descriptor kept for that, and close
 * it: otherwise the listening socket would stay readable and the loop would spin.
 */
#include "daemon/serve/control.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "common/base.h"
#include "common/interface.h"
#include "common/log.h"
#include "daemon/serve/connection.h"
#include "daemon/serve/listener.h"
#include "daemon/serve/methods.h"
#include "daemon/serve/monitors.h"
#include "daemon/serve/peer.h"

#define CLIENTS_MAX          128
#define CLIENTS_PER_USER_MAX 64
#define CLIENTS_FOR_ROOT     16 /* of CLIENTS_MAX */
#define ACCEPT_BATCH         32

/* Unsent replies of all clients together; one reply is 2 MiB at the very most. */
#define OUTPUT_MAX ((size_t)16 * 1024 * 1024)

#define EXPIRY_PERIOD_NS (5 * NSEC_PER_SEC)
/* How long accepting rests when the system lacks what it takes. */
#define ACCEPT_REST_NS NSEC_PER_SEC

#define LOG_BURST       10
#define LOG_INTERVAL_NS NSEC_PER_MIN

struct Control {
	Clock clock;
	ControlOps ops;
	Listener listener;
	struct event *acceptable;
	LoopTimer *accept_again, *expiry;
	struct event_base *base;
	int reserve_fd; /* given up for a moment to refuse a client when there is no other */
	bool has_group;
	gid_t group;
	Connection *clients[CLIENTS_MAX];
	size_t n_clients, max_clients;
	LogLimit denied_limit, refused_limit;
	Monitors *monitors;
};

size_t control_client_count(const Control *control)
{
	return control->n_clients;
}

/* Calls. */

static bool is_changing(const WireCall *call)
{
	MethodAccess access;

	return methods_access(call->method, &access) == 0 && access == METHOD_CHANGE;
}

/* Of a call that changes something. */
static void audit(Control *control, const MethodCaller *caller, const WireCall *call,
		  const Json *reply)
{
	const char *error = json_string(json_get(reply, "error"));
	uint64_t more = 0;

	if (!text_equal(error, INTERFACE_ERROR_PERMISSION_DENIED)) {
		log_notice("uid %" PRIu32 " (pid %" PRIu32 ") called %s%s%s", caller->uid,
			   caller->pid, call->method, error ? ": " : "", error ? error : "");
		return;
	}
	if (!log_limit(&control->denied_limit, clock_monotonic_ns(&control->clock), LOG_BURST,
		       LOG_INTERVAL_NS, &more))
		return;
	if (more > 0)
		log_notice("permission denied to uid %" PRIu32 " (pid %" PRIu32 ") for %s "
			   "(%" PRIu64 " more like this)",
			   caller->uid, caller->pid, call->method, more);
	else
		log_notice("permission denied to uid %" PRIu32 " (pid %" PRIu32 ") for %s",
			   caller->uid, caller->pid, call->method);
}

static size_t total_unsent(const Control *control)
{
	size_t unsent = 0;

	for (size_t i = 0; i < control->n_clients; i++)
		unsent += connection_unsent(control->clients[i]);
	return unsent;
}

static void warn_refused(Control *control, const char *what, uint32_t uid)
{
	uint64_t more = 0;

	if (!log_limit(&control->refused_limit, clock_monotonic_ns(&control->clock), LOG_BURST,
		       LOG_INTERVAL_NS, &more))
		return;
	log_warning("control: refused a client of uid %" PRIu32 ": %s (%" PRIu64 " before it)", uid,
		    what, more);
}

static bool has_room(void *context)
{
	return total_unsent(context) <= OUTPUT_MAX;
}

static int follow(Control *control, Connection *connection, const MonitorWant *want)
{
	int r = monitors_add(control->monitors, connection, want);

	if (r == 0)
		connection_follow(connection);
	return r;
}

void control_changed(Control *control)
{
	monitors_changed(control->monitors);
}

static Json *on_call(Connection *connection, const WireCall *call, void *context)
{
	Control *control = context;
	const MethodCaller *caller = connection_caller(connection);
	_cleanup_json_ Json *reply = NULL;
	MonitorWant want;

	if (caller->uid != 0 && total_unsent(control) > OUTPUT_MAX) {
		warn_refused(control, "too many replies wait to be read", caller->uid);
		return NULL;
	}
	reply = methods_call(&control->ops, caller, call, &want);
	if (!reply || (want.interval_ns > 0 && follow(control, connection, &want) < 0))
		return NULL;
	if (is_changing(call)) {
		audit(control, caller, call, reply);
		control_changed(control);
	}
	return STEAL(reply);
}

static void on_ended(Connection *connection, void *context)
{
	Control *control = context;

	for (size_t i = 0; i < control->n_clients; i++)
		if (control->clients[i] == connection) {
			control->clients[i] = control->clients[--control->n_clients];
			break;
		}
	monitors_remove(control->monitors, connection);
	connection_free(connection);
}

static void drop_expired(Control *control)
{
	uint64_t now_ns = clock_monotonic_ns(&control->clock);

	for (size_t i = control->n_clients; i-- > 0;)
		if (connection_expired(control->clients[i], now_ns))
			on_ended(control->clients[i], control);
}

/* Runs only while there are clients: an idle daemon is not woken for it. */
static void on_expiry(void *context)
{
	Control *control = context;

	drop_expired(control);
	if (control->n_clients > 0)
		(void)loop_timer_set(control->expiry, EXPIRY_PERIOD_NS); /* accepting checks too */
}

/* Accepting. */

/* NULL, or why this user gets no place. */
static const char *find_place(const Control *control, uid_t uid)
{
	size_t for_others = control->max_clients > CLIENTS_FOR_ROOT
				    ? control->max_clients - CLIENTS_FOR_ROOT
				    : 0;
	size_t of_user = 0;

	if (control->n_clients >= control->max_clients)
		return "all places are taken";
	if (uid == 0)
		return NULL;
	if (control->n_clients >= for_others)
		return "all places but those of root are taken";
	for (size_t i = 0; i < control->n_clients; i++)
		of_user += connection_caller(control->clients[i])->uid == uid;
	return of_user >= CLIENTS_PER_USER_MAX ? "this user has too many connections" : NULL;
}

static void add_client(Control *control, int fd_to_take)
{
	const ConnectionOps ops = {.call = on_call, .ended = on_ended, .context = control};
	_cleanup_close_ int fd = fd_to_take;
	_cleanup_peer_ Peer peer = {.pid = 0};
	MethodCaller caller;
	Connection *connection;
	const char *refused;

	if (peer_read(fd, &peer) < 0)
		return; /* gone already, or no memory: nobody is served by a line about it */
	refused = find_place(control, peer.uid);
	if (refused) {
		warn_refused(control, refused, peer.uid);
		return;
	}
	caller = (MethodCaller){
		.uid = peer.uid,
		.pid = (uint32_t)peer.pid,
		.may_change = peer_may_change(&peer, control->has_group, control->group),
	};
	if (connection_new(control->base, &control->clock, base_steal_fd(&fd), &caller, &ops,
			   &connection) < 0)
		return;
	control->clients[control->n_clients++] = connection;
	if (control->n_clients == 1)
		(void)loop_timer_set(control->expiry, EXPIRY_PERIOD_NS); /* accepting checks too */
}

static void open_reserve(Control *control)
{
	if (control->reserve_fd < 0)
		control->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void rest(Control *control)
{
	(void)event_del(control->acceptable); /* not added is fine */
	if (loop_timer_set(control->accept_again, ACCEPT_REST_NS) < 0)
		(void)event_add(control->acceptable, NULL); /* spinning is better than deaf */
}

/* No descriptor left: one client is turned away with the reserve. */
static void turn_away(Control *control)
{
	_cleanup_close_ int fd = -1;

	warn_refused(control, "no file descriptor left", 0);
	if (control->reserve_fd < 0) {
		rest(control);
		return;
	}
	(void)close(control->reserve_fd);
	control->reserve_fd = -1;
	fd = accept4(control->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 && errno != EAGAIN && errno != ECONNABORTED)
		rest(control); /* the whole system is out of them (ENFILE) */
	base_close(&fd);
	fd = -1;
	open_reserve(control);
}

/* True if another client may be waiting. */
static bool accept_one(Control *control)
{
	int fd = accept4(control->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		add_client(control, fd);
		return true;
	}
	switch (errno) {
	case EAGAIN:
		return false;
	case EINTR:
	case ECONNABORTED:
		return true;
	case EMFILE:
	case ENFILE:
		turn_away(control);
		return false;
	default:
		rest(control);
		return false;
	}
}

static void on_acceptable(evutil_socket_t fd, short what, void *context)
{
	Control *control = context;

	(void)fd;
	(void)what;
	open_reserve(control);
	drop_expired(control);
	for (unsigned i = 0; i < ACCEPT_BATCH && accept_one(control); i++)
		;
}

static void on_accept_again(void *context)
{
	Control *control = context;

	if (event_add(control->acceptable, NULL) < 0)
		rest(control);
}

/* Life. */

/* At most half of our descriptors: the other half is for probes, netlink and files. */
static size_t places(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur / 2 >= CLIENTS_MAX)
		return CLIENTS_MAX;
	return (size_t)limit.rlim_cur / 2;
}

static int set_group(Control *control, const char *name)
{
	int r = name && *name ? peer_find_group(name, &control->group) : -ENOENT;

	control->has_group = r == 0;
	if (r == -ENOENT)
		return 0; /* only root may change things then */
	if (r < 0)
		log_warning("control: cannot look up group %s: %s; only root may change things",
			    name, strerror(-r));
	return r == -ENOMEM ? r : 0;
}

static int start(Control *control, const ControlParams *params)
{
	const MonitorsParams monitors = {.loop = params->loop,
					 .clock = params->clock,
					 .ops = params->ops,
					 .room = has_room,
					 .context = control};
	int r = set_group(control, params->group);

	if (r == 0)
		r = listener_open(params->path, params->listen_fd, &control->listener);
	if (r == 0)
		r = loop_timer_new(params->loop, on_accept_again, control, &control->accept_again);
	if (r == 0)
		r = loop_timer_new(params->loop, on_expiry, control, &control->expiry);
	if (r == 0)
		r = monitors_new(&monitors, &control->monitors);
	if (r < 0)
		return r;
	open_reserve(control);
	control->acceptable = event_new(control->base, control->listener.fd, EV_READ | EV_PERSIST,
					on_acceptable, control);
	if (!control->acceptable || event_add(control->acceptable, NULL) < 0)
		return -ENOMEM;
	return 0;
}

int control_new(const ControlParams *params, Control **ret_control)
{
	Control *control = calloc(1, sizeof(*control));
	int r;

	if (!control)
		return -ENOMEM;
	*control = (Control){
		.clock = params->clock,
		.ops = params->ops,
		.listener = {.fd = -1},
		.base = loop_base(params->loop),
		.reserve_fd = -1,
		.max_clients = places(),
	};
	r = start(control, params);
	if (r < 0) {
		control_free(control);
		return r;
	}
	*ret_control = control;
	return 0;
}

void control_free(Control *control)
{
	if (!control)
		return;
	while (control->n_clients > 0)
		on_ended(control->clients[0], control);
	if (control->acceptable)
		event_free(control->acceptable);
	loop_timer_free(control->accept_again);
	loop_timer_free(control->expiry);
	monitors_free(control->monitors);
	listener_close(&control->listener);
	base_close(&control->reserve_fd);
	free(control);
}
