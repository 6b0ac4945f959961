/* SPDX-License-Identifier: MIT */
/*
 * Sysctls, routes and journal are compared by those who keep them. The sockets are compared here:
 * a congestion control holds for the connections that are born under it, so one that uses another
 * is explained by its age, or it is not.
 */
#include "daemon/verify.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "daemon/tune/journal.h"

static void add(Verification *verification, const Difference *difference)
{
	if (verification->n_differences < VERIFY_DIFFERENCES_MAX)
		verification->differences[verification->n_differences++] = *difference;
	else
		verification->more_differences++;
}

/* What was found, or why it could not be. */
static void set_live(Difference *difference, const char *live, int error)
{
	if (error < 0)
		(void)text_format(difference->live, sizeof(difference->live), "cannot be read: %s",
				  strerror(-error));
	else
		(void)text_copy(difference->live, sizeof(difference->live), live);
}

/* --- sysctls and journal --- */

static void on_value(const RegistryMismatch *mismatch, void *context)
{
	bool journal = mismatch->id == _TUNABLES;
	const char *key = journal ? JOURNAL_FILE : tunables[mismatch->id].key;
	Difference difference = {.kind = journal ? VERIFY_JOURNAL : VERIFY_SYSCTL};

	(void)text_copy(difference.subject, sizeof(difference.subject), key);
	(void)text_copy(difference.believed, sizeof(difference.believed), mismatch->believed);
	set_live(&difference, mismatch->live, mismatch->error);
	if (journal)
		(void)text_copy(difference.remedy, sizeof(difference.remedy),
				"somebody touched the state directory, or its disk is full: see to "
				"it, then 'netoptctl revert all' puts every original back, from "
				"memory");
	else
		(void)text_format(difference.remedy, sizeof(difference.remedy),
				  "somebody else wrote it (another tuner? grep -rs %s "
				  "/etc/sysctl.d /run/sysctl.d): with the next look it is left to "
				  "them; 'sysctl -w %s=\"%s\"' gives it back what it had",
				  key, key, mismatch->believed);
	add(context, &difference);
}

/* --- routes --- */

static void on_route(const RouteMismatch *mismatch, void *context)
{
	Difference difference = {.kind = VERIFY_ROUTE};
	char address[ADDRESS_TEXT_MAX];

	(void)address_format(&mismatch->destination, address);
	(void)text_copy(difference.subject, sizeof(difference.subject), address);
	(void)text_copy(difference.believed, sizeof(difference.believed), mismatch->believed);
	set_live(&difference, mismatch->live, mismatch->error);
	if (mismatch->leftover)
		(void)text_format(difference.remedy, sizeof(difference.remedy),
				  "left by an earlier instance, or made by hand with our number: "
				  "'ip route flush proto %u' removes it, and a restart does too",
				  ROUTE_PROTOCOL);
	else
		(void)text_copy(difference.remedy, sizeof(difference.remedy),
				"somebody else has touched it, or the way there has changed: with "
				"the next look netopt gives it up and says so in 'netoptctl "
				"changes'");
	add(context, &difference);
}

/* --- sockets --- */

typedef struct Sockets {
	Verification *verification;
	const PathTable *paths;
	const uint64_t *since_ns; /* of each use: younger ones must have it */
	uint64_t sweep_ns;        /* whoever is not known was born after that */
} Sockets;

static LiveUse *use_of(Verification *verification, const Address *remote)
{
	LiveUse *host = NULL;

	for (size_t i = 0; i < verification->n_uses; i++) {
		LiveUse *use = &verification->uses[i];

		if (use->destination.family == 0)
			host = use;
		else if (address_equal(&use->destination, remote))
			return use;
	}
	return host;
}

/* What was made before the change may be seen for the first time after it: by the sweep that
 * follows every change, or, since a socket chooses when it is made and is seen when it is
 * connected, after a handshake whose SYN was repeated (RFC 6298, 2: after 1 s). */
#define HANDSHAKE_NS (3 * NSEC_PER_SEC)

/* Of a flow that was there at the first sweep nobody knows the birth: it is old. */
static bool is_older(const Sockets *sockets, uint64_t cookie, uint64_t since_ns)
{
	uint64_t birth_ns, settled_ns = since_ns + HANDSHAKE_NS;
	bool seen;

	if (path_table_birth(sockets->paths, cookie, &birth_ns, &seen))
		return !seen || birth_ns <= settled_ns;
	return sockets->sweep_ns < settled_ns;
}

static void on_socket(const FlowSample *sample, void *context)
{
	Sockets *sockets = context;
	LiveUse *use = use_of(sockets->verification, &sample->remote);

	if (!use || !sample->congestion[0] || address_is_loopback(&sample->remote))
		return;
	use->connections++;
	if (text_equal(sample->congestion, use->congestion))
		use->following++;
	else if (is_older(sockets, sample->cookie,
			  sockets->since_ns[use - sockets->verification->uses]))
		use->older++;
	else
		use->other++;
}

static void add_use(Verification *verification, const Address *destination, const char *name,
		    uint64_t since_ns, uint64_t *since)
{
	LiveUse *use = &verification->uses[verification->n_uses];

	*use = (LiveUse){.destination = *destination};
	(void)text_copy(use->congestion, sizeof(use->congestion), name);
	since[verification->n_uses++] = since_ns;
}

/* Those whose congestion control is of our making. */
static void list_uses(Root *root, Verification *verification, uint64_t *since)
{
	const TunableState *host = registry_get(root->registry, TUNABLE_TCP_CONGESTION_CONTROL);
	Routes *routes = hands_routes(root->hands);

	for (size_t i = 0; routes && i < routes_count(routes); i++) {
		const RouteState *state = routes_at(routes, i);

		if (state->own.metrics.congctl[0])
			add_use(verification, &state->own.destination, state->own.metrics.congctl,
				state->since_ns, since);
	}
	if (host->present && host->owner == OWNER_NETOPT)
		add_use(verification, &(Address){0}, host->current.words, host->changed_ns, since);
}

static void judge_use(Verification *verification, const LiveUse *use)
{
	Difference difference = {.kind = VERIFY_CONNECTIONS};
	char address[ADDRESS_TEXT_MAX];

	if (use->other == 0)
		return;
	(void)text_copy(difference.subject, sizeof(difference.subject),
			use->destination.family ? address_format(&use->destination, address)
						: "the host");
	(void)text_format(difference.believed, sizeof(difference.believed),
			  "connections born since the change use %s", use->congestion);
	(void)text_format(difference.live, sizeof(difference.live),
			  "%u of %u are younger and use another", use->other, use->connections);
	(void)text_copy(difference.remedy, sizeof(difference.remedy),
			"an application chooses for itself (setsockopt TCP_CONGESTION): see "
			"'netoptctl flows --process' whose they are");
	add(verification, &difference);
}

static int compare_sockets(Root *root, Verification *verification)
{
	uint64_t since[VERIFY_USES_MAX] = {0};
	Sockets sockets = {.verification = verification,
			   .paths = root->paths,
			   .since_ns = since,
			   .sweep_ns = cycle_stats(root->cycle).at_ns};
	int r;

	_Static_assert(VERIFY_USES_MAX > ROUTES_MAX, "each route, and the host");
	list_uses(root, verification, since);
	if (verification->n_uses == 0)
		return 0;
	r = cycle_dump(root->cycle, DIAG_STATES_FLOWS, on_socket, &sockets);
	for (size_t i = 0; r >= 0 && i < verification->n_uses; i++)
		judge_use(verification, &verification->uses[i]);
	return r;
}

/* --- queueing disciplines --- */

static void list_queues(const Root *root, Verification *verification)
{
	const Link *links;
	size_t n;

	if (sysctl_read(&sysctl_kernel, "net.core.default_qdisc", verification->default_qdisc,
			sizeof(verification->default_qdisc)) < 0)
		verification->default_qdisc[0] = '\0';
	if (!root->discover)
		return;
	links = rtnl_links(discover_rtnl(root->discover), &n);
	for (size_t i = 0; i < n && verification->n_queues < VERIFY_QUEUES_MAX; i++) {
		LiveQueue *queue = &verification->queues[verification->n_queues];

		if (links[i].loopback || !links[i].up)
			continue;
		(void)text_copy(queue->link, sizeof(queue->link), links[i].name);
		(void)text_copy(queue->qdisc, sizeof(queue->qdisc), links[i].qdisc);
		verification->n_queues++;
	}
}

int verify_live(Root *root, Verification *ret)
{
	Routes *routes = hands_routes(root->hands);
	int r = registry_compare(root->registry, on_value, ret, &ret->sysctls,
				 &ret->journal_entries);

	if (r >= 0 && routes) {
		ret->routes = (unsigned)routes_count(routes);
		r = routes_compare(routes, on_route, ret);
	}
	if (r >= 0)
		r = compare_sockets(root, ret);
	if (r >= 0)
		list_queues(root, ret);
	return r < 0 ? r : 0;
}
