/* SPDX-License-Identifier: MIT */
/*
 * When to ask, what to keep, and when to give up on old addresses. How DNS is asked is lookup.c's.
 *
 * Each name is one timer and at most one query: the timer is armed whenever no query is out, and
 * a query always ends (evdns gives up by itself), so a name can neither stop nor ask twice.
 */
#include "daemon/probe/resolver.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "daemon/probe/lookup.h"
#include "daemon/probe/hosts.h"
#include "daemon/probe/resolv_conf.h"

enum { IPV4, IPV6, FAMILIES };

const ResolverTiming resolver_timing_default = {
	.ttl_min_ns = 30 * NSEC_PER_SEC,
	.ttl_max_ns = 10 * NSEC_PER_MIN,
	.hosts_ns = NSEC_PER_MIN,
	.retry_min_ns = 5 * NSEC_PER_SEC,
	.retry_max_ns = NSEC_PER_MIN,
	.keep_ns = 10 * NSEC_PER_MIN,
};

struct Resolver {
	Loop *loop;
	Clock clock;
	ResolverTiming timing;
	char *hosts, *resolv_conf;
	Lookup *lookup;
	size_t n_names;
};

typedef struct Known {
	Address address;
	uint64_t when_ns; /* of the last answer that held it */
} Known;

struct ResolverName {
	Resolver *resolver;
	char *host;
	ResolverCallback callback;
	void *context;
	LoopTimer *timer;
	LookupQuery *query; /* out now, or NULL */
	Known known[FAMILIES];
	uint64_t retry_ns; /* 0: the last answer was a success */
	uint64_t asked_ns; /* when DNS was asked last */
	uint64_t took_ns;  /* until its answer; 0: the last answer did not come from there */
};

int resolver_new(const ResolverParams *params, Resolver **ret_resolver)
{
	Resolver *resolver = calloc(1, sizeof(*resolver));
	int r;

	if (!resolver)
		return -ENOMEM;

	resolver->loop = params->loop;
	resolver->clock = params->clock;
	resolver->timing = params->timing ? *params->timing : resolver_timing_default;
	resolver->hosts = strdup(params->hosts ? params->hosts : "/etc/hosts");
	resolver->resolv_conf =
		strdup(params->resolv_conf ? params->resolv_conf : "/etc/resolv.conf");
	r = resolver->hosts && resolver->resolv_conf ? 0 : -ENOMEM;
	if (r == 0)
		r = lookup_new(params->loop, resolver->resolv_conf, &resolver->lookup);
	if (r < 0) {
		resolver_free(resolver);
		return r;
	}

	*ret_resolver = resolver;
	return 0;
}

void resolver_free(Resolver *resolver)
{
	if (!resolver)
		return;

	assert(resolver->n_names == 0);
	lookup_free(resolver->lookup);
	free(resolver->hosts);
	free(resolver->resolv_conf);
	free(resolver);
}

static void tell(ResolverName *name, const char *error)
{
	name->callback(name->context, &name->known[IPV4].address, &name->known[IPV6].address,
		       error);
}

/* Failing to arm a timer would silence the name for ever; libevent's timers need memory only to
 * grow their heap, which the disarmed timer's place has done already. */
static void ask_again_in(ResolverName *name, uint64_t delay_ns)
{
	int r = loop_timer_set(name->timer, delay_ns);

	assert(r == 0);
	(void)r; /* the assertion is its only reader */
}

static void forget_expired(ResolverName *name)
{
	uint64_t now_ns = clock_monotonic_ns(&name->resolver->clock);

	for (int family = 0; family < FAMILIES; family++) {
		Known *known = &name->known[family];
		if (now_ns - known->when_ns > name->resolver->timing.keep_ns)
			known->address = (Address){0};
	}
}

static void failed(ResolverName *name, const char *error)
{
	const ResolverTiming *timing = &name->resolver->timing;

	name->took_ns = 0;
	name->retry_ns = name->retry_ns == 0 ? timing->retry_min_ns
					     : MIN(2 * name->retry_ns, timing->retry_max_ns);
	forget_expired(name);
	ask_again_in(name, name->retry_ns);
	tell(name, error);
}

static void succeeded(ResolverName *name, uint64_t next_ns)
{
	name->retry_ns = 0;
	forget_expired(name);
	ask_again_in(name, next_ns);
	tell(name, NULL);
}

static void learn(ResolverName *name, int family, const Address *address)
{
	name->known[family] = (Known){
		.address = *address,
		.when_ns = clock_monotonic_ns(&name->resolver->clock),
	};
}

/* Servers rotate their answers; a rotated answer is no reason to measure another machine. */
static const Address *prefer_known(const Known *known, const LookupAnswer *answer)
{
	for (size_t i = 0; i < answer->n; i++)
		if (address_equal(&answer->addresses[i], &known->address))
			return &answer->addresses[i];
	return &answer->addresses[0];
}

static void on_dns(void *context, const LookupAnswer answers[])
{
	static const Address none = {0};
	ResolverName *name = context;
	const ResolverTiming *timing = &name->resolver->timing;
	uint64_t ttl_ns = timing->ttl_max_ns;

	name->query = NULL;
	if (answers[IPV4].n == 0 && answers[IPV6].n == 0) {
		/* That it has no IPv6 address explains nothing; prefer the other reason. */
		failed(name, answers[IPV4].status == LOOKUP_EMPTY ? answers[IPV6].error
								  : answers[IPV4].error);
		return;
	}

	for (int family = 0; family < FAMILIES; family++) {
		const LookupAnswer *answer = &answers[family];
		if (answer->n > 0) {
			learn(name, family, prefer_known(&name->known[family], answer));
			ttl_ns = MIN(ttl_ns, answer->ttl_s * NSEC_PER_SEC);
		} else if (answer->status == LOOKUP_EMPTY) {
			learn(name, family, &none);
		}
	}
	name->took_ns = clock_monotonic_ns(&name->resolver->clock) - name->asked_ns;
	succeeded(name, MAX(ttl_ns, timing->ttl_min_ns));
}

/* True if the name is an address itself: then there is nothing to ask, now or later. */
static bool answer_numeric(ResolverName *name)
{
	Address address;

	if (address_parse(name->host, &address) < 0)
		return false;

	learn(name, address.family == AF_INET6 ? IPV6 : IPV4, &address);
	tell(name, NULL);
	return true;
}

static bool answer_from_hosts(ResolverName *name)
{
	Address ipv4, ipv6;

	/* An unreadable file is a missing one, as it is for the C library. */
	if (hosts_find(name->resolver->hosts, name->host, &ipv4, &ipv6) != 0)
		return false;

	learn(name, IPV4, &ipv4);
	learn(name, IPV6, &ipv6);
	name->took_ns = 0;
	succeeded(name, name->resolver->timing.hosts_ns);
	return true;
}

/* The name server itself: it is read again as often as /etc/hosts. */
static void answer_name_server(ResolverName *name)
{
	static const Address none = {0};
	Address server;

	if (resolv_conf_servers(name->resolver->resolv_conf, &server, 1) < 1) {
		failed(name, "resolv.conf names no name server");
		return;
	}
	learn(name, IPV4, server.family == AF_INET ? &server : &none);
	learn(name, IPV6, server.family == AF_INET6 ? &server : &none);
	succeeded(name, name->resolver->timing.hosts_ns);
}

static void ask_dns(ResolverName *name)
{
	char error[LOOKUP_ERROR_MAX] = "";
	int r;

	name->asked_ns = clock_monotonic_ns(&name->resolver->clock);
	r = lookup_query(name->resolver->lookup, name->host, on_dns, name, &name->query, error);

	if (r < 0)
		failed(name, error);
}

static void on_timer(void *context)
{
	ResolverName *name = context;

	if (name->host[0] == '\0')
		answer_name_server(name);
	else if (!answer_numeric(name) && !answer_from_hosts(name))
		ask_dns(name);
}

int resolver_add(Resolver *resolver, const char *host, ResolverCallback callback, void *context,
		 ResolverName **ret_name)
{
	ResolverName *name = calloc(1, sizeof(*name));
	int r = -ENOMEM;

	if (!name)
		return -ENOMEM;

	name->resolver = resolver;
	resolver->n_names++;
	name->callback = callback;
	name->context = context;
	name->host = strdup(host);
	if (name->host)
		r = loop_timer_new(resolver->loop, on_timer, name, &name->timer);
	if (r == 0)
		r = loop_timer_set(name->timer, 0);
	if (r < 0) {
		resolver_remove(name);
		return r;
	}

	*ret_name = name;
	return 0;
}

bool resolver_took(const ResolverName *name, uint64_t *ret_ns)
{
	if (name->took_ns == 0)
		return false;
	*ret_ns = name->took_ns;
	return true;
}

void resolver_remove(ResolverName *name)
{
	if (!name)
		return;

	name->resolver->n_names--;
	lookup_abandon(name->query);
	loop_timer_free(name->timer);
	free(name->host);
	free(name);
}
