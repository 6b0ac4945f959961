/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Names to addresses, again and again, without ever blocking: a numeric address answers itself,
 * then /etc/hosts, then DNS through libevent's evdns.
 *
 * A name is asked for again when its time to live ends (within bounds), after a failure sooner and
 * then ever more slowly. While asking fails, the last known addresses stay in use for a while: a
 * DNS server that is down does not make the network unreachable. A changed resolv.conf is noticed
 * the next time a name is asked for.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/address.h"
#include "common/clock.h"
#include "daemon/run/loop.h"

typedef struct Resolver Resolver;
typedef struct ResolverName ResolverName;

typedef struct ResolverTiming {
	uint64_t ttl_min_ns, ttl_max_ns;     /* bounds of the time between two successes */
	uint64_t hosts_ns;                   /* the same, for what /etc/hosts answered */
	uint64_t retry_min_ns, retry_max_ns; /* after failures, doubling */
	uint64_t keep_ns; /* how long after the last success its addresses stay in use */
} ResolverTiming;

/* 30 s to 10 min (a TTL of 0 must not become a flood, one of a week must not hide a move for that
 * long); hosts 1 min; 5 s to 60 s; 10 min. */
extern const ResolverTiming resolver_timing_default;

typedef struct ResolverParams {
	Loop *loop;
	Clock clock;
	const char *resolv_conf;      /* NULL: /etc/resolv.conf */
	const char *hosts;            /* NULL: /etc/hosts */
	const ResolverTiming *timing; /* NULL: the default */
} ResolverParams;

/*
 * Every answer, the first one soon after resolver_add() but never from inside it. One address of
 * each family or none (family 0); of several, the one already in use. error NULL: this is what the
 * name resolves to. Otherwise why it does not resolve now, and the addresses, if any, are the last
 * known ones, still to be used.
 */
typedef void (*ResolverCallback)(void *context, const Address *ipv4, const Address *ipv6,
				 const char *error);

/* Reads and opens nothing yet; evdns is set up when the first name needs DNS. */
int resolver_new(const ResolverParams *params, Resolver **ret_resolver);
/* All names must have been removed. Outstanding DNS queries are dropped. */
void resolver_free(Resolver *resolver);

/* `host` is copied: a name, a numeric address, or "": the first name server of resolv.conf. */
int resolver_add(Resolver *resolver, const char *host, ResolverCallback callback, void *context,
		 ResolverName **ret_name);
/* No callback comes after. NULL is fine. */
void resolver_remove(ResolverName *name);
/* How long the last answer took to come over DNS; false if it came from elsewhere, or failed. */
bool resolver_took(const ResolverName *name, uint64_t *ret_ns);
