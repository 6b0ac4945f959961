/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The table of our routes: for which destinations we have installed metrics, why, and whether they
 * are still ours. All installing goes through here, in this order: is the destination eligible, is
 * the value in range, one message, read back, compare, report.
 *
 * A route of ours is a copy, and a copy can be wrong tomorrow: it would go on sending to a gateway
 * that is gone. So at each change of routes, links, addresses, rules and nexthop objects the way to
 * each destination is looked up as it would be without us, and a copy that differs is deleted at
 * once. What the copy hides (a path MTU learned by ICMP, a redirect) makes a destination
 * ineligible.
 *
 * What somebody else has removed, altered or overridden is left alone. Unlike a sysctl, of which
 * his value would be overwritten, a destination is ours to try again when he has no route to it:
 * where he has one that alone keeps us away, so being foreign ends by itself after a day, but after
 * twice as long each time that it happens again.
 *
 * There is no journal: what is ours is told by its protocol number, whoever died when, and the
 * first act of each instance is to remove what it finds of that number. So nothing of it outlives a
 * restart either, with OnStop=keep too: the routes stay until the next start. What was learned is
 * to be kept elsewhere, and by destination; that a route was found at the start proves nothing.
 *
 * It does not log: each act and each finding goes to `report`.
 */
#include "common/clock.h"
#include "daemon/kern/route.h"
#include "daemon/tune/registry.h"

#define ROUTES_MAX 256

/* How long a destination is foreign, and at most so many times that. */
#define ROUTES_FOREIGN_NS        NSEC_PER_DAY
#define ROUTES_FOREIGN_TIMES_MAX 32
/* What could not be flushed at the start is tried again after this long, and then twice as long. */
#define ROUTES_FLUSH_NS     (10 * NSEC_PER_SEC)
#define ROUTES_FLUSH_MAX_NS NSEC_PER_HOUR

#define ROUTE_TUNABLES     (_TUNABLES - _TUNABLE_SYSCTLS)
#define ROUTE_REASON_MAX   256
#define ROUTE_METRICS_TEXT 128
#define ROUTE_WAY_TEXT     192

typedef enum RouteEvent {
	ROUTE_INSTALLED, /* by us */
	ROUTE_CHANGED,   /* its metrics, or what was copied, by us */
	ROUTE_REMOVED,   /* by us, as it was no longer wanted */
	ROUTE_FOREIGN,   /* somebody else removed, altered or overrode it: left alone for long */
	ROUTE_DROPPED,   /* removed, because the way there changed; `reason` */
	ROUTE_FLUSHED,   /* left by a dead instance, removed */
	ROUTE_KEPT,      /* OnStop=keep: stays */
	ROUTE_FAILED,    /* `error` */
} RouteEvent;

typedef struct RouteReport {
	RouteEvent event;
	Address destination; /* family 0: of all (the list could not be read, a rule) */
	const char *old_metrics, *new_metrics; /* "congctl bbr initcwnd 20", "none"; never NULL */
	const char *reason;                    /* "" none; never NULL */
	uint64_t change_id;                    /* 0 none */
	uint32_t ids; /* which metrics were in force before: bit 1 << (id - _TUNABLE_SYSCTLS) */
	int error;    /* negative errno, or 0 */
} RouteReport;

/* A destination with metrics of ours. */
typedef struct RouteState {
	RouteOwn own;
	uint64_t change_ids[ROUTE_TUNABLES];
	uint64_t since_ns; /* monotonic; of the last change */
	char link_name[LINK_NAME_MAX];
	/* The watchdog's: */
	uint64_t checked_ns; /* when what ICMP taught was looked at last */
	bool exact_due;      /* the way could not be told without us, and must be looked up anew */
} RouteState;

typedef struct RouteFacts {
	bool eligible;
	char reason[ROUTE_REASON_MAX]; /* why not; "" if eligible */
	bool host_wide;                /* that reason holds for every destination */
	int link_index;                /* of the egress device; 0: unknown */
	char link_name[LINK_NAME_MAX];
	Address gateway;       /* family 0: on the link, or unknown */
	RouteMetrics metrics;  /* ours in force */
	RouteMetrics set_here; /* by the route itself, so somebody else's: never overridden */
} RouteFacts;

typedef struct Routes Routes;

typedef struct RoutesParams {
	RouteOps ops;
	Clock clock;
	bool dry_run; /* every apply is refused with -EPERM, and nothing is flushed */
	void (*report)(const RouteReport *report, void *context);
	void *context;
} RoutesParams;

/* Removes and reports (ROUTE_FLUSHED) all routes and rules of a dead instance. What cannot be is
 * reported (ROUTE_FAILED), and until routes_flush() has been better, which routes_verify() tries
 * now and then, every apply is refused. Fails only for lack of memory. */
int routes_new(const RoutesParams *params, Routes **ret_routes);
void routes_free(Routes *routes); /* removes nothing, but the shadow */
/* Again; 0 if nothing is left of a dead instance. Not while routes are installed: -EBUSY. */
int routes_flush(Routes *routes);
/* Whether nothing of a dead instance is left. */
bool routes_are_clean(const Routes *routes);

/* What the kernel and this table say of a destination: two or three questions to the kernel, so for
 * candidates only. Negative errno: the kernel could not be asked; "it does not go" is a reason. */
int routes_facts(Routes *routes, const Address *destination, RouteFacts *ret_facts);

enum { ROUTES_REFUSED = 1 /* not eligible, foreign, full: nothing was touched */ };
/*
 * Sets metrics of a destination, all or none; an unset value takes one back. Without any metric
 * left there is no route. `reason` (may be NULL) says why not. Negative errno: -EINVAL (not a route
 * metric, or named twice), -ERANGE, -EPERM (dry run), -EIO (the kernel made something else of it;
 * put back), or of the kernel.
 */
int routes_apply(Routes *routes, const Address *destination, const TunableChange *changes, size_t n,
		 uint64_t change_id, char *reason, size_t reason_size);
/* Takes these metrics back. 0 also if there were none; ROUTES_REFUSED if somebody else has touched
 * our route, which is then left alone. */
int routes_restore(Routes *routes, const Address *destination, const TunableId *ids, size_t n);
int routes_restore_all(Routes *routes);
/* For OnStop=keep: what is in force stays (ROUTE_KEPT) until the next start, and is forgotten here.
 */
int routes_keep_all(Routes *routes);
/* Destinations that became foreign are ours again at once, as if they never had been; family 0:
 * all.
 */
void routes_release(Routes *routes, const Address *destination);

/*
 * To be called at once with what rtnl_read() returned, and with 0 when the time that it returned
 * last is over. Looks at each route of ours, but spends at most one part of the time in fifty on
 * it, as a router's table may never be still. Returns in how many ns it wants to be called again,
 * at most half a second; 0: nothing is pending.
 */
uint64_t routes_event(Routes *routes, int changes);
/* To be called each cycle: for what comes without an event, and what is to be done again. */
void routes_verify(Routes *routes);

typedef struct RouteMismatch {
	Address destination;
	const char *believed, *live; /* "congctl bbr: default via ...", "none" */
	bool leftover;               /* it has our number, and is none that we know of */
	int error;                   /* negative errno: the kernel could not be asked; 0 */
} RouteMismatch;
/* Compares each route of ours with what the kernel holds, and looks for others of our number;
 * changes nothing. Negative errno: they could not be listed. */
int routes_compare(Routes *routes, void (*each)(const RouteMismatch *mismatch, void *context),
		   void *context);

/* The candidate that marked sockets (ROUTE_MARK) feel and no other; one at a time. While there is
 * one the kernel consults a rule more for each lookup of a route. ROUTES_REFUSED, or negative
 * errno; `reason` as above. */
int routes_shadow_set(Routes *routes, const Address *destination, const RouteMetrics *metrics,
		      char *reason, size_t reason_size);
void routes_shadow_clear(Routes *routes);

/* In no order; valid until the next call that is not const. */
size_t routes_count(const Routes *routes);
const RouteState *routes_at(const Routes *routes, size_t index);
/* NULL: nothing of ours. */
const RouteState *routes_get(const Routes *routes, const Address *destination);
/* NULL: none. */
const RouteOwn *routes_shadow(const Routes *routes);
bool routes_is_foreign(const Routes *routes, const Address *destination);

/* Unset if the metrics do not have it. */
TunableValue routes_value(const RouteMetrics *metrics, TunableId id);
/* `value` is in range, or unset. */
void routes_set_value(RouteMetrics *metrics, TunableId id, const TunableValue *value);
/* "congctl bbr initcwnd 20", "none". buffer of ROUTE_METRICS_TEXT; returns it. */
const char *routes_format_metrics(const RouteMetrics *metrics, char *buffer);
/* "198.51.100.0/24 via 192.0.2.1 dev eth0"; `link_name` may be "". buffer of ROUTE_WAY_TEXT. */
const char *routes_format_way(const RouteEntry *entry, const char *link_name, char *buffer);
