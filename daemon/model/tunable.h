/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The table of tunables: every sysctl and every route metric netoptd may ever write, with its kind,
 * range and reason. What is not in this table cannot be written. Values are parsed into normal
 * form, so that comparing two of them never depends on white space. Source of semantics and ranges:
 * ip-sysctl.rst and net/ipv4/sysctl_net_ipv4.c; our ranges are narrower than the kernel's, which
 * accepts nonsense.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum TunableId {
	TUNABLE_TCP_CONGESTION_CONTROL,
	TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL, /* only as the collateral of the one above */
	TUNABLE_TCP_RMEM,
	TUNABLE_TCP_WMEM,
	TUNABLE_TCP_FASTOPEN,
	TUNABLE_TCP_MEM,
	TUNABLE_TCP_NOTSENT_LOWAT,
	TUNABLE_TCP_SLOW_START_AFTER_IDLE,
	TUNABLE_TCP_MTU_PROBING,
	TUNABLE_SOMAXCONN,
	TUNABLE_TCP_MAX_SYN_BACKLOG,
	TUNABLE_IP_LOCAL_PORT_RANGE,
	TUNABLE_RMEM_DEFAULT,
	TUNABLE_RMEM_MAX,
	TUNABLE_WMEM_DEFAULT,
	TUNABLE_WMEM_MAX,
	TUNABLE_NETDEV_MAX_BACKLOG,
	TUNABLE_NETDEV_BUDGET,
	TUNABLE_NETDEV_BUDGET_USECS,
	TUNABLE_NEIGH_GC_THRESH2,
	TUNABLE_NEIGH_GC_THRESH3,
	TUNABLE_NEIGH6_GC_THRESH2,
	TUNABLE_NEIGH6_GC_THRESH3,
	_TUNABLE_SYSCTLS, /* those above are sysctls, those below metrics of one destination's route
			   */
	TUNABLE_ROUTE_CONGCTL = _TUNABLE_SYSCTLS,
	TUNABLE_ROUTE_INITCWND,
	TUNABLE_ROUTE_RTO_MIN, /* ms */
	TUNABLE_ROUTE_QUICKACK,
	TUNABLE_ROUTE_ECN,
	_TUNABLES,
} TunableId;

typedef enum TunableKind {
	TUNABLE_WORD,    /* one name, [a-z0-9_] */
	TUNABLE_WORDS,   /* a set of names; order as given */
	TUNABLE_INTEGER, /* one number */
	TUNABLE_PAIR,    /* low high, ascending */
	TUNABLE_TRIPLE,  /* min default max, ascending */
} TunableKind;

typedef enum TunableScope {
	TUNABLE_SCOPE_NETNS,       /* per network namespace */
	TUNABLE_SCOPE_HOST,        /* one for the kernel; writable only in the init namespace */
	TUNABLE_SCOPE_DESTINATION, /* a route metric: one value for each destination, or none */
} TunableScope;

#define TUNABLE_WORD_MAX 128

typedef struct Tunable {
	const char *key; /* "net.ipv4.tcp_rmem"; "route.initcwnd" */
	TunableKind kind;
	TunableScope scope;
	int64_t minimum, maximum; /* of each number */
	/* Written by the kernel as a side effect of writing this one, or _TUNABLES. */
	TunableId collateral;
	bool proposable;     /* false: only ever restored */
	const char *reason;  /* why we would write it */
	const char *affects; /* which connections feel it */
} Tunable;

typedef struct TunableValue {
	TunableKind kind;
	int64_t numbers[3];
	char words[TUNABLE_WORD_MAX]; /* WORD, WORDS: separated by one blank */
} TunableValue;

/* A route metric that is not set has the number 0 or no word, shown as "unset". */
static inline bool tunable_is_route(TunableId id)
{
	return id >= _TUNABLE_SYSCTLS && id < _TUNABLES;
}
TunableValue tunable_unset(TunableId id);
bool tunable_is_unset(const TunableValue *value);

extern const Tunable tunables[_TUNABLES];

/* NULL if we have no such tunable. Accepts the dotted key only. */
const Tunable *tunable_find(const char *key, TunableId *ret_id);
/* Text of the kernel or of a user → value. -EINVAL: not of this kind. No range check. */
int tunable_parse(const Tunable *tunable, const char *text, TunableValue *ret_value);
/* What is written to the kernel, and shown: "4096 131072 6291456". buffer ≥ TUNABLE_WORD_MAX */
const char *tunable_format(const TunableValue *value, char *buffer, size_t size);
/* Numbers by number, WORDS as sets: the kernel lists names in an order of its own. */
bool tunable_equal(const TunableValue *a, const TunableValue *b);
/* WORD and WORDS: whether `word` is one of the names; whether each name of `a` is in `b`. */
bool tunable_has_word(const TunableValue *value, const char *word);
bool tunable_is_subset(const TunableValue *a, const TunableValue *b);
/* Adds a name to a WORDS value unless it is there. -ENOBUFS: no room, the value is untouched. */
int tunable_add_word(TunableValue *value, const char *word);
/* 0, or -ERANGE with the reason in `reason` ("max 99999999999 is over 536870912"). */
int tunable_check(const Tunable *tunable, const TunableValue *value, char *reason, size_t size);
