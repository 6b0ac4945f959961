/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Asking the name servers of resolv.conf for the IPv4 and IPv6 addresses of a name, through evdns.
 * This file is the only one that knows evdns, and holds what it takes to use it safely.
 */
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "daemon/run/loop.h"

typedef struct Lookup Lookup;
typedef struct LookupQuery LookupQuery;

#define LOOKUP_ADDRESSES_MAX 32 /* what evdns keeps of one answer */
#define LOOKUP_ERROR_MAX     96

typedef enum LookupStatus {
	LOOKUP_FOUND,
	LOOKUP_EMPTY,  /* a definite answer: there is no address of this family */
	LOOKUP_FAILED, /* no such name, no answer, or a broken one */
} LookupStatus;

typedef struct LookupAnswer {
	LookupStatus status;
	const char *error; /* static; NULL when found */
	uint32_t ttl_s;
	size_t n; /* > 0 exactly when found */
	Address addresses[LOOKUP_ADDRESSES_MAX];
} LookupAnswer;

/* answers[0] is IPv4's, answers[1] IPv6's. The query is gone afterwards. */
typedef void (*LookupCallback)(void *context, const LookupAnswer answers[2]);

/* The path is copied. Nothing is read or opened before the first query. */
int lookup_new(Loop *loop, const char *resolv_conf, Lookup **ret_lookup);
/* Drops what is outstanding, without callbacks. Not from inside the callback of a query. */
void lookup_free(Lookup *lookup);

/*
 * Never calls back from inside. Reads resolv.conf again if it changed. Negative errno, with the
 * reason in ret_error[LOOKUP_ERROR_MAX]: -ENOENT no name server, -EINVAL not a possible name,
 * -ENOMEM.
 */
int lookup_query(Lookup *lookup, const char *host, LookupCallback callback, void *context,
		 LookupQuery **ret_query, char *ret_error);
/* The callback will not come; the query ends by itself. NULL is fine. */
void lookup_abandon(LookupQuery *query);
