/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the files of the table of routes share: its shape, and the few moves that each of them
 * makes. Only they include it.
 */
#include "common/base.h"
#include "daemon/tune/routes.h"

/* A destination whose route somebody else touched. */
typedef struct ForeignWay {
	Address destination; /* family 0: a free place */
	uint64_t until_ns;
	unsigned times; /* that it was; kept when the time is over */
} ForeignWay;

struct Routes {
	RoutesParams params;
	RouteState states[ROUTES_MAX];
	size_t n;
	ForeignWay foreign[ROUTES_MAX]; /* the oldest goes when it is full */
	size_t n_foreign, next_foreign;
	bool unflushed;                   /* something of a dead instance may be left */
	uint64_t flush_ns, flush_rest_ns; /* when to try again, and how long that was */
	bool rules_known, rules_suppress;
	bool has_shadow;
	RouteOwn shadow;
	/* The watchdog's: */
	int pending;         /* changes not acted upon yet */
	uint64_t check_ns;   /* not before that */
	bool looked_exactly; /* a route of ours was deleted for a look */
	size_t turn;         /* who is verified next */
};

uint64_t route_book_now(const Routes *routes);
RouteState *route_book_find(Routes *routes, const Address *destination);
/* A new one, not yet reported. NULL: full. */
RouteState *route_book_add(Routes *routes, const RouteOwn *own);
/* The last one takes its place. */
void route_book_forget(Routes *routes, RouteState *state);
/* Of one that is ours; `after` NULL: none. `why` may be NULL. */
void route_book_report(Routes *routes, RouteEvent event, const RouteState *state,
		       const RouteMetrics *before, const RouteMetrics *after, uint64_t change_id,
		       const char *why, int error);
/* Forgets it, and reports; it is out of the kernel already, or somebody else's. */
void route_book_lose(Routes *routes, RouteState *state, RouteEvent event, const char *why);
void route_book_note_foreign(Routes *routes, const Address *destination);

/* If something of a dead instance is left, and it is time to try again to remove it. */
void route_book_flush_again(Routes *routes);

/* Deletes our route; one that is not there is no error. */
int route_book_delete(Routes *routes, const RouteOwn *own);
/* One message and a look whether the kernel holds it: 0, or negative errno; then nobody knows what
 * it holds. -EEXIST: nothing was touched. */
int route_book_put(Routes *routes, RouteVerb verb, const RouteOwn *own, uint32_t mark);
/* Whether an error says that there is no way, rather than that the kernel could not be asked. */
bool route_book_no_way(int error);

/* The entry to copy for a destination that has no route of ours. 0: it may be copied, and
 * *ret_entry, *ret_link are set. ROUTES_REFUSED: `facts` has the reason. Negative errno. */
int route_facts_resolve(Routes *routes, const Address *destination, RouteFacts *facts,
			RouteEntry *ret_entry, Link *ret_link);
/* Whether this entry is one that we copy; else false, with the reason. */
bool route_facts_may_copy(const Routes *routes, const RouteEntry *entry, char *reason, size_t size);
/* What ICMP taught of the way is hidden by a copy, or lost with it: true, with the reason. */
bool route_facts_taught(const RouteEntry *entry, const RouteEntry *cached, uint32_t mtu_bytes,
			char *reason, size_t size);

/* Whether the kernel holds this route as we know it. If not, it is dealt with, reported, and
 * forgotten: `state` is no longer valid. Negative errno: it could not be asked. */
enum { ROUTE_WATCH_LOST = 1 };
int route_watch_confirm(Routes *routes, RouteState *state);
/* Likewise, whether ICMP has taught something since, which a replacement would make it forget. */
int route_watch_taught(Routes *routes, RouteState *state);

/* After a change of anything: whether the candidate is still what the way there suggests. */
void route_shadow_check(Routes *routes);
