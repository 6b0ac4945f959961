/* SPDX-License-Identifier: MIT */
/*
 * Events come in bursts (a link that goes down takes its addresses and routes along), so what was
 * said is acted upon a moment after the first of a burst, once. The statistics of links are read
 * when somebody asks for them. Reading a router's full table takes a second or two, and there
 * something changes all the time: so the next reading waits a hundred times what the last one took.
 */
#include "daemon/discover.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/model/discovery.h"
#include "daemon/probe/resolv_conf.h"

#define RESOLV_CONF "/etc/resolv.conf"

#define PERIOD_NS (30 * NSEC_PER_SEC)
#define BURST_NS  (50 * NSEC_PER_MSEC)
#define FRESH_NS  NSEC_PER_SEC
/* Readings take at most one part of the time in so many. */
#define REFRESH_SHARE 100

/* Gentle: these were not asked for. */
#define GATEWAY_INTERVAL_NS (10 * NSEC_PER_SEC)
#define OTHER_INTERVAL_NS   (30 * NSEC_PER_SEC)
#define TIMEOUT_NS          (3 * NSEC_PER_SEC)

#define DNS_PORT     53
#define DNS_TYPE_NS  2
#define GATEWAYS_MAX 16

struct Discover {
	DiscoverParams params;
	Rtnl *rtnl;
	LoopWatch *rtnl_watch;
	LoopTimer *timer;
	bool wanted, probe_peers;
	bool changed; /* since the last look */
	Discovery discovery;
	uint64_t refreshed_ns; /* when the links and routes were read last */
	uint64_t rest_ns;      /* until they may be read again */
	char gateways[256];    /* as last logged */
};

static uint64_t now_of(const Discover *discover)
{
	return clock_monotonic_ns(&discover->params.clock);
}

static void refresh(Discover *discover)
{
	uint64_t begin_ns = now_of(discover);

	if (rtnl_refresh(discover->rtnl) < 0)
		log_debug("the links and routes could not be read again");
	discover->refreshed_ns = now_of(discover);
	discover->rest_ns = REFRESH_SHARE * (discover->refreshed_ns - begin_ns);
}

/* How long a reading must still wait; 0: it may be now. */
static uint64_t refresh_wait(const Discover *discover, uint64_t least_ns)
{
	uint64_t due_ns = discover->refreshed_ns + MAX(discover->rest_ns, least_ns);
	uint64_t now_ns = now_of(discover);

	return due_ns > now_ns ? due_ns - now_ns : 0;
}

static void convert(const Discovered *found, WatchItem *item)
{
	ConfigEndpoint *config = &item->config;
	char host[ADDRESS_TEXT_MAX];
	bool dns = found->origin == ENDPOINT_RESOLVER;

	*item = (WatchItem){.origin = found->origin};
	/* Each is as long as the field it comes from, or longer. */
	(void)text_copy(config->name, sizeof(config->name), found->name);
	(void)text_copy(config->url, sizeof(config->url), found->url);
	(void)text_copy(config->scheme, sizeof(config->scheme), found->scheme);
	(void)text_copy(config->host, sizeof(config->host), address_format(&found->address, host));
	(void)text_copy(config->target, sizeof(config->target), dns ? "." : "");
	config->port = dns ? DNS_PORT : 0;
	config->dns_type = dns ? DNS_TYPE_NS : 0;
	config->interval_ns =
		found->origin == ENDPOINT_GATEWAY ? GATEWAY_INTERVAL_NS : OTHER_INTERVAL_NS;
	config->timeout_ns = TIMEOUT_NS;
}

static void watch_found(Discover *discover)
{
	WatchItem items[DISCOVERY_MAX];

	for (size_t i = 0; i < discover->discovery.n; i++)
		convert(&discover->discovery.found[i], &items[i]);
	if (watch_discovered(discover->params.watch, items, discover->discovery.n) < 0)
		log_error("not every discovered endpoint could be set up: out of memory");
}

static size_t take_gateways(const Discover *discover, DiscoveryGateway *ret_gateways)
{
	size_t n;
	const Gateway *gateways = rtnl_gateways(discover->rtnl, &n);

	n = MIN(n, (size_t)GATEWAYS_MAX);
	for (size_t i = 0; i < n; i++)
		ret_gateways[i] = (DiscoveryGateway){gateways[i].address, gateways[i].link_name};
	return n;
}

static void look(Discover *discover)
{
	DiscoveryGateway gateways[GATEWAYS_MAX];
	Address servers[RESOLV_CONF_SERVERS_MAX];
	DiscoveryInput input = {.gateways = gateways,
				.servers = servers,
				.paths = discover->params.paths,
				.probe_peers = discover->probe_peers,
				.now_ns = now_of(discover)};

	if (discover->wanted) {
		int n = resolv_conf_servers(RESOLV_CONF, servers, RESOLV_CONF_SERVERS_MAX);

		input.n_gateways = take_gateways(discover, gateways);
		input.n_servers = n > 0 ? (size_t)n : 0;
	} else {
		input.paths = NULL;
	}
	if (discovery_update(&discover->discovery, &input))
		watch_found(discover);
}

static void log_gateways(Discover *discover)
{
	Text text = {0};
	size_t n;
	const Gateway *gateways = rtnl_gateways(discover->rtnl, &n);
	char address[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < n; i++)
		text_appendf(&text, "%s%s over %s", i > 0 ? ", " : "",
			     address_format(&gateways[i].address, address), gateways[i].link_name);
	if (!text_equal(text_string(&text), discover->gateways))
		log_notice("default gateway: %s", n > 0 ? text_string(&text) : "none");
	/* Cut, it still differs when it should. */
	(void)text_format(discover->gateways, sizeof(discover->gateways), "%.200s",
			  text_string(&text));
	text_clear(&text);
}

static void on_timer(void *context)
{
	Discover *discover = context;

	if (discover->changed) {
		discover->changed = false;
		refresh(discover);
		log_gateways(discover);
	}
	look(discover);
	if (loop_timer_set(discover->timer, PERIOD_NS) < 0)
		log_error("cannot schedule the next look at gateways and name servers");
}

static void on_rtnl(void *context)
{
	Discover *discover = context;
	int changes = rtnl_read(discover->rtnl);

	if (changes > 0 && discover->params.changed)
		discover->params.changed(discover->params.context, changes);
	/* A route of ours is none of the surroundings. */
	if ((changes & ~RTNL_CHANGED_OWN) == 0 || discover->changed)
		return;
	discover->changed = true;
	/* If it cannot be set, the next period sees it. */
	(void)loop_timer_set(discover->timer, MAX(BURST_NS, refresh_wait(discover, 0)));
}

int discover_new(const DiscoverParams *params, Discover **ret_discover)
{
	Discover *discover = calloc(1, sizeof(*discover));
	int r;

	if (!discover)
		return -ENOMEM;
	discover->params = *params;
	r = rtnl_new(&discover->rtnl);
	if (r >= 0)
		r = rtnl_refresh(discover->rtnl);
	if (r >= 0)
		r = loop_watch_new(params->loop, rtnl_fd(discover->rtnl), on_rtnl, discover,
				   &discover->rtnl_watch);
	if (r >= 0)
		r = loop_timer_new(params->loop, on_timer, discover, &discover->timer);
	if (r < 0) {
		discover_free(discover);
		return r;
	}
	*ret_discover = discover;
	return 0;
}

void discover_free(Discover *discover)
{
	if (!discover)
		return;

	loop_timer_free(discover->timer);
	loop_watch_free(discover->rtnl_watch);
	rtnl_free(discover->rtnl);
	free(discover);
}

void discover_configure(Discover *discover, const Config *config)
{
	discover->wanted = config->discover == CONFIG_DISCOVER_YES ||
			   (config->discover == CONFIG_DISCOVER_AUTO && config->n_endpoints == 0);
	discover->probe_peers = config->probe_peers;
	if (loop_timer_set(discover->timer, 0) < 0)
		log_error("cannot look for gateways and name servers");
}

const Rtnl *discover_rtnl(Discover *discover)
{
	if (refresh_wait(discover, FRESH_NS) == 0)
		refresh(discover);
	return discover->rtnl;
}
