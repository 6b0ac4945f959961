/* SPDX-License-Identifier: MIT */
/*
 * evdns (libevent 2.1), with its sharp edges covered. What was learnt about it decides the shape:
 *
 * - evdns_cancel_request() calls back later all the same, and what it queues leaks if the loop does
 *   not run again. So queries are never cancelled: one that nobody waits for is abandoned, and ends
 *   with its answer or its timeout. evdns_base_free(…, 0) then drops the rest without a callback,
 *   but for those whose answer is already queued in the loop; which those are, it does not tell.
 *   So queries outlive a Lookup that is freed before them, in a list where their callback finds
 *   them if it comes. That happens once, when the daemon stops.
 * - Changing the name servers of a live evdns_base touches freed memory when one of its own probes
 *   has just been answered (libevent pull request 1561). So a changed resolv.conf gets a new base;
 *   the old one is freed when its last query has ended, by an event activated at that point, which
 *   libevent runs after every callback that is already queued.
 * - A name server that failed is probed by asking it for google.com. Nobody configured that, so the
 *   probe is put off as far as evdns allows (1 h). It is not needed: a failed server that answers
 *   counts as good again, and when all have failed, evdns asks them in turn.
 * - No /etc/hosts (see hosts.h), no TCP: a truncated answer is a failure and is named so.
 * - Its log goes to stderr unless it is given somewhere else to go.
 *
 * Its random numbers (transaction ids, 0x20 case randomisation) are its own and on by default.
 */
#include "daemon/probe/lookup.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <event2/dns.h>
#include <event2/event.h>

#include "common/base.h"
#include "common/log.h"
#include "common/text.h"

/* Each try waits this long, on each name server in turn; resolv.conf's options go first. The
 * defaults of evdns, 3 tries of 5 s, would leave a name unknown for 15 s when DNS is down. */
#define LOOKUP_TIMEOUT  "2"
#define LOOKUP_ATTEMPTS "3"

/* The servers of one state of resolv.conf. */
typedef struct Servers {
	struct Servers *next; /* older ones, waiting for their queries to end */
	Lookup *lookup;
	struct evdns_base *evdns;
	struct event *reap;
	size_t n_queries;
} Servers;

typedef struct FileState {
	struct timespec changed;
	dev_t device;
	ino_t inode;
	off_t size;
	int error; /* positive, of stat(2) */
} FileState;

struct Lookup {
	Loop *loop;
	char *resolv_conf;
	FileState file_state; /* of what `servers` was read from */
	Servers *servers;     /* the current ones, then older ones; NULL before the first query */
	LookupQuery *queries;
};

typedef struct Half {
	LookupQuery *query;
	struct evdns_request *request; /* evdns frees it; only so that it is never lost */
	LookupAnswer answer;
} Half;

struct LookupQuery {
	LookupQuery *next, *previous;
	LookupQuery **list;      /* whose head it may be */
	Servers *servers;        /* NULL: left behind */
	LookupCallback callback; /* NULL: abandoned */
	void *context;
	unsigned outstanding;
	Half halves[2];
};

static LookupQuery *left_behind;

static void on_evdns_log(int is_warning, const char *message)
{
	(void)is_warning; /* the owner of the name says that it does not resolve, once */
	log_debug("evdns: %s", message);
}

int lookup_new(Loop *loop, const char *resolv_conf, Lookup **ret_lookup)
{
	Lookup *lookup = calloc(1, sizeof(*lookup));

	if (!lookup)
		return -ENOMEM;
	lookup->loop = loop;
	lookup->resolv_conf = strdup(resolv_conf);
	if (!lookup->resolv_conf) {
		free(lookup);
		return -ENOMEM;
	}

	*ret_lookup = lookup;
	return 0;
}

static void servers_free(Servers *servers)
{
	if (servers->evdns)
		evdns_base_free(servers->evdns, 0);
	if (servers->reap)
		event_free(servers->reap);
	free(servers);
}

static void query_link(LookupQuery *query, LookupQuery **list)
{
	query->list = list;
	query->previous = NULL;
	query->next = *list;
	if (query->next)
		query->next->previous = query;
	*list = query;
}

static void query_unlink(LookupQuery *query)
{
	if (query->previous)
		query->previous->next = query->next;
	else
		*query->list = query->next;
	if (query->next)
		query->next->previous = query->previous;
}

static void query_leave_behind(LookupQuery *query)
{
	query_unlink(query);
	query->servers = NULL;
	query->callback = NULL;
	query_link(query, &left_behind);
}

void lookup_free(Lookup *lookup)
{
	if (!lookup)
		return;

	while (lookup->servers) {
		Servers *servers = lookup->servers;
		lookup->servers = servers->next;
		servers_free(servers);
	}
	while (lookup->queries)
		query_leave_behind(lookup->queries);
	free(lookup->resolv_conf);
	free(lookup);
}

static void on_reap(evutil_socket_t fd, short what, void *context)
{
	Servers *servers = context, **link = &servers->lookup->servers;

	(void)fd;
	(void)what;
	while (*link != servers)
		link = &(*link)->next;
	*link = servers->next;
	servers_free(servers);
}

static void reap_if_done(Servers *servers)
{
	if (servers->n_queries == 0 && servers != servers->lookup->servers)
		event_active(servers->reap, EV_TIMEOUT, 0);
}

static struct evdns_base *evdns_from_file(Lookup *lookup)
{
	static const char *const options[][2] = {
		{"timeout:", LOOKUP_TIMEOUT},
		{"attempts:", LOOKUP_ATTEMPTS},
		{"initial-probe-timeout:", "3600"},
	};
	struct evdns_base *evdns = evdns_base_new(loop_base(lookup->loop), 0);

	if (!evdns)
		return NULL;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		(void)evdns_base_set_option(evdns, options[i][0], options[i][1]); /* constants */
	/* Fails without a file or without servers in it; what counts is the number of servers. */
	(void)evdns_base_resolv_conf_parse(evdns,
					   DNS_OPTION_NAMESERVERS | DNS_OPTION_SEARCH |
						   DNS_OPTION_MISC |
						   DNS_OPTION_NAMESERVERS_NO_DEFAULT,
					   lookup->resolv_conf);
	return evdns;
}

static Servers *servers_new(Lookup *lookup)
{
	Servers *servers = calloc(1, sizeof(*servers));

	if (!servers)
		return NULL;

	evdns_set_log_fn(on_evdns_log);
	servers->lookup = lookup;
	servers->reap = event_new(loop_base(lookup->loop), -1, 0, on_reap, servers);
	servers->evdns = evdns_from_file(lookup);
	if (!servers->reap || !servers->evdns) {
		servers_free(servers);
		return NULL;
	}
	return servers;
}

static FileState state_of_file(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return (FileState){.error = errno};
	return (FileState){
		.changed = st.st_mtim,
		.device = st.st_dev,
		.inode = st.st_ino,
		.size = st.st_size,
	};
}

static bool state_equal(const FileState *a, const FileState *b)
{
	return a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec &&
	       a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->error == b->error;
}

static int refresh_servers(Lookup *lookup)
{
	FileState state = state_of_file(lookup->resolv_conf);
	Servers *old = lookup->servers, *servers;

	if (old && state_equal(&state, &lookup->file_state))
		return 0;
	servers = servers_new(lookup);
	if (!servers)
		return -ENOMEM;

	lookup->file_state = state;
	servers->next = old;
	lookup->servers = servers;
	if (old)
		reap_if_done(old);
	return 0;
}

static const char *error_name(int error)
{
	switch (error) {
	case DNS_ERR_NOTEXIST:
		return "no such name";
	case DNS_ERR_NODATA:
		return "the name has no address";
	case DNS_ERR_TIMEOUT:
	case DNS_ERR_SERVERFAILED: /* which evdns waits out, as if nothing had come */
		return "no usable answer from the name servers";
	case DNS_ERR_REFUSED:
		return "the name server refused";
	case DNS_ERR_TRUNCATED:
		return "the name server's answer was truncated";
	case DNS_ERR_FORMAT:
	case DNS_ERR_NOTIMPL:
		return "the name server did not understand the query";
	default:
		return "the name server's answer was malformed";
	}
}

static void half_fail(Half *half, int error)
{
	half->answer.status = error == DNS_ERR_NODATA ? LOOKUP_EMPTY : LOOKUP_FAILED;
	half->answer.error = error_name(error);
}

static void half_fill(Half *half, int family, int count, int ttl, const uint8_t *bytes)
{
	size_t size = family == AF_INET ? 4 : 16;
	LookupAnswer *answer = &half->answer;

	for (int i = 0; i < count && answer->n < LOOKUP_ADDRESSES_MAX; i++) {
		Address address = address_from_bytes(family, bytes + (size_t)i * size);
		/* ::ffff:1.2.3.4 in an AAAA record is IPv4, and no IPv6 address of the name. */
		if (address.family == family)
			answer->addresses[answer->n++] = address;
	}
	if (answer->n == 0) {
		half_fail(half, DNS_ERR_NODATA);
		return;
	}
	answer->status = LOOKUP_FOUND;
	answer->ttl_s = ttl > 0 ? (uint32_t)ttl : 0; /* above 2^31 means 0: RFC 2181 section 8 */
}

static void query_done(LookupQuery *query)
{
	if (query->servers) {
		query->servers->n_queries--;
		reap_if_done(query->servers);
	}
	query_unlink(query);
	if (query->callback) {
		LookupAnswer answers[2] = {query->halves[0].answer, query->halves[1].answer};
		query->callback(query->context, answers);
	}
	free(query);
}

static void half_done(Half *half)
{
	if (--half->query->outstanding == 0)
		query_done(half->query);
}

static void on_answer(int error, char type, int count, int ttl, void *addresses, void *context)
{
	Half *half = context;

	if (error == DNS_ERR_NONE && type == DNS_IPv4_A)
		half_fill(half, AF_INET, count, ttl, addresses);
	else if (error == DNS_ERR_NONE && type == DNS_IPv6_AAAA)
		half_fill(half, AF_INET6, count, ttl, addresses);
	else
		half_fail(half, error);
	half_done(half);
}

/* The name servers are asked for both families at once. */
static int query_send(LookupQuery *query, const char *host)
{
	struct evdns_base *evdns = query->servers->evdns;
	size_t length = strlen(host);
	int flags = length > 0 && host[length - 1] == '.' ? DNS_QUERY_NO_SEARCH : 0;

	query->halves[0].request =
		evdns_base_resolve_ipv4(evdns, host, flags, on_answer, &query->halves[0]);
	query->halves[1].request =
		evdns_base_resolve_ipv6(evdns, host, flags, on_answer, &query->halves[1]);
	for (size_t i = 0; i < ARRAY_SIZE(query->halves); i++) {
		if (query->halves[i].request)
			query->outstanding++;
		else
			half_fail(&query->halves[i], DNS_ERR_FORMAT);
	}
	return query->outstanding > 0 ? 0 : -EINVAL;
}

static LookupQuery *query_new(Lookup *lookup, LookupCallback callback, void *context)
{
	LookupQuery *query = calloc(1, sizeof(*query));

	if (!query)
		return NULL;

	*query =
		(LookupQuery){.servers = lookup->servers, .callback = callback, .context = context};
	query->halves[0].query = query->halves[1].query = query;
	query_link(query, &lookup->queries);
	return query;
}

int lookup_query(Lookup *lookup, const char *host, LookupCallback callback, void *context,
		 LookupQuery **ret_query, char *ret_error)
{
	int r = refresh_servers(lookup);
	LookupQuery *query;

	if (r == 0 && evdns_base_count_nameservers(lookup->servers->evdns) == 0) {
		(void)text_format(ret_error, LOOKUP_ERROR_MAX, "no usable name server in %s",
				  lookup->resolv_conf); /* a cut path still tells enough */
		return -ENOENT;
	}
	query = r == 0 ? query_new(lookup, callback, context) : NULL;
	if (!query) {
		(void)text_copy(ret_error, LOOKUP_ERROR_MAX, "out of memory"); /* fits */
		return -ENOMEM;
	}

	r = query_send(query, host);
	if (r < 0) {
		query_unlink(query);
		free(query);
		(void)text_copy(ret_error, LOOKUP_ERROR_MAX, "not a possible host name"); /* fits */
		return r;
	}
	query->servers->n_queries++;
	*ret_query = query;
	return 0;
}

void lookup_abandon(LookupQuery *query)
{
	if (query)
		query->callback = NULL;
}
