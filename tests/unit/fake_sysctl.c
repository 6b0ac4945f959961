/* SPDX-License-Identifier: MIT */
/*
 * The parsers mirror kernel/sysctl.c: do_proc_dointvec() for triples and plain integers, which
 * stores each number as it goes and reports what it consumed; do_proc_douintvec() for the u8 and
 * unsigned keys, which takes one number and ignores what follows a blank; and
 * net/ipv4/tcp_cong.c for the congestion control names. An assert here is a test asking nonsense.
 */
#include "tests/unit/fake_sysctl.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX   96
#define WRITES_MAX 4096

#define AVAILABLE "net.ipv4.tcp_available_congestion_control"
#define ALLOWED   "net.ipv4.tcp_allowed_congestion_control"
#define CURRENT   "net.ipv4.tcp_congestion_control"

typedef enum Kind {
	KIND_TEXT,     /* stored as given */
	KIND_INTEGERS, /* proc_dointvec[_minmax] of `count` numbers */
	KIND_UNSIGNED, /* proc_dou8vec_minmax, proc_douintvec_minmax */
	KIND_RANGE,    /* ip_local_port_range: two numbers, ascending, both or none */
	KIND_CONGESTION,
	KIND_ALLOWED,
} Kind;

typedef struct Default {
	const char *key, *value;
	Kind kind;
	int64_t minimum, maximum;
	unsigned count;
} Default;

static const Default defaults[] = {
	{AVAILABLE, "reno bbr cubic", KIND_TEXT, 0, 0, 0},
	{ALLOWED, "reno cubic", KIND_ALLOWED, 0, 0, 0},
	{CURRENT, "cubic", KIND_CONGESTION, 0, 0, 0},
	{"net.ipv4.tcp_rmem", "4096\t131072\t6291456", KIND_INTEGERS, 1, INT_MAX, 3},
	{"net.ipv4.tcp_wmem", "4096\t16384\t4194304", KIND_INTEGERS, 1, INT_MAX, 3},
	{"net.ipv4.tcp_fastopen", "1", KIND_INTEGERS, INT_MIN, INT_MAX, 1},
	{"net.ipv4.tcp_max_syn_backlog", "2048", KIND_INTEGERS, INT_MIN, INT_MAX, 1},
	{"net.core.somaxconn", "4096", KIND_INTEGERS, 0, INT_MAX, 1},
	{"net.ipv4.tcp_sack", "1", KIND_UNSIGNED, 0, 255, 1},
	{"net.ipv4.tcp_timestamps", "1", KIND_UNSIGNED, 0, 255, 1},
	{"net.ipv4.tcp_window_scaling", "1", KIND_UNSIGNED, 0, 255, 1},
	{"net.ipv4.tcp_moderate_rcvbuf", "1", KIND_UNSIGNED, 0, 255, 1},
	{"net.ipv4.tcp_slow_start_after_idle", "1", KIND_UNSIGNED, 0, 255, 1},
	{"net.ipv4.tcp_mtu_probing", "0", KIND_UNSIGNED, 0, 255, 1},
	{"net.ipv4.tcp_ecn", "2", KIND_UNSIGNED, 0, 2, 1},
	{"net.ipv4.tcp_notsent_lowat", "4294967295", KIND_UNSIGNED, 0, UINT32_MAX, 1},
	{"net.ipv4.ip_local_port_range", "32768\t60999", KIND_RANGE, 1, 65535, 2},
	{"net.core.rmem_default", "212992", KIND_INTEGERS, 2304, INT_MAX, 1},
	{"net.core.rmem_max", "212992", KIND_INTEGERS, 2304, INT_MAX, 1},
	{"net.core.wmem_default", "212992", KIND_INTEGERS, 4608, INT_MAX, 1},
	{"net.core.wmem_max", "212992", KIND_INTEGERS, 4608, INT_MAX, 1},
	{"net.ipv4.tcp_mem", "190000\t260000\t390000", KIND_INTEGERS, 0, INT64_MAX, 3},
	{"net.core.netdev_max_backlog", "1000", KIND_INTEGERS, INT_MIN, INT_MAX, 1},
	{"net.core.netdev_budget", "300", KIND_INTEGERS, INT_MIN, INT_MAX, 1},
	{"net.core.netdev_budget_usecs", "8000", KIND_INTEGERS, 0, INT_MAX, 1},
	{"net.ipv4.neigh.default.gc_thresh2", "512", KIND_INTEGERS, 0, INT_MAX, 1},
	{"net.ipv4.neigh.default.gc_thresh3", "1024", KIND_INTEGERS, 0, INT_MAX, 1},
	{"net.ipv6.neigh.default.gc_thresh2", "512", KIND_INTEGERS, 0, INT_MAX, 1},
	{"net.ipv6.neigh.default.gc_thresh3", "1024", KIND_INTEGERS, 0, INT_MAX, 1},
};

/* What a child namespace may read only, and what it has not. */
static const char *const shown[] = {ALLOWED, "net.core.rmem_default", "net.core.rmem_max",
				    "net.core.wmem_default", "net.core.wmem_max"};
static const char *const hidden[] = {
	"net.ipv4.tcp_mem",
	"net.core.netdev_max_backlog",
	"net.core.netdev_budget",
	"net.core.netdev_budget_usecs",
	"net.ipv4.neigh.default.gc_thresh2",
	"net.ipv4.neigh.default.gc_thresh3",
	"net.ipv6.neigh.default.gc_thresh2",
	"net.ipv6.neigh.default.gc_thresh3",
};

typedef struct Key {
	char name[96], value[SYSCTL_VALUE_MAX];
	Kind kind;
	int64_t minimum, maximum;
	unsigned count;
	bool present, writable;
	int error; /* of every write; 0 none */
	FakeSysctlFault fault;
} Key;

struct FakeSysctl {
	Key keys[KEYS_MAX];
	size_t n_keys;
	bool initial_netns;

	unsigned fail_write_in, fail_read_in; /* 0: no order */
	int write_error, read_error;
	FakeSysctlFault write_fault;

	FakeSysctlHook hook;
	void *hook_context;

	FakeSysctlWrite *writes;
	size_t n_writes;
};

static Key *find(const FakeSysctl *fake, const char *name)
{
	for (size_t i = 0; i < fake->n_keys; i++)
		if (strcmp(fake->keys[i].name, name) == 0)
			return (Key *)&fake->keys[i];
	return NULL;
}

static Key *find_present(const FakeSysctl *fake, const char *name)
{
	Key *key = find(fake, name);
	return key && key->present ? key : NULL;
}

static void store(Key *key, const char *value)
{
	int length = snprintf(key->value, sizeof(key->value), "%s", value);
	assert(length >= 0 && (size_t)length < sizeof(key->value));
}

static Key *add(FakeSysctl *fake, const char *name, const char *value)
{
	assert(fake->n_keys < KEYS_MAX);
	Key *key = &fake->keys[fake->n_keys++];
	int length = snprintf(key->name, sizeof(key->name), "%s", name);
	assert(length > 0 && (size_t)length < sizeof(key->name));
	store(key, value);
	key->present = key->writable = true;
	return key;
}

FakeSysctl *fake_sysctl_new(void)
{
	FakeSysctl *fake = calloc(1, sizeof(*fake));
	assert(fake);
	fake->writes = calloc(WRITES_MAX, sizeof(*fake->writes));
	assert(fake->writes);
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		Key *key = add(fake, defaults[i].key, defaults[i].value);
		key->kind = defaults[i].kind;
		key->minimum = defaults[i].minimum;
		key->maximum = defaults[i].maximum;
		key->count = defaults[i].count;
	}
	find(fake, AVAILABLE)->writable = false;
	fake_sysctl_set_initial_netns(fake, false);
	return fake;
}

void fake_sysctl_free(FakeSysctl *fake)
{
	if (!fake)
		return;
	free(fake->writes);
	free(fake);
}

void fake_sysctl_set(FakeSysctl *fake, const char *name, const char *value)
{
	Key *key = find(fake, name);
	if (!key)
		key = add(fake, name, value);
	store(key, value);
	key->present = true;
}

void fake_sysctl_remove(FakeSysctl *fake, const char *name)
{
	Key *key = find(fake, name);
	if (key)
		key->present = false;
}

const char *fake_sysctl_get(const FakeSysctl *fake, const char *name)
{
	const Key *key = find_present(fake, name);
	return key ? key->value : NULL;
}

void fake_sysctl_set_writable(FakeSysctl *fake, const char *name, bool writable)
{
	Key *key = find(fake, name);
	assert(key);
	key->writable = writable;
}

void fake_sysctl_set_initial_netns(FakeSysctl *fake, bool initial)
{
	fake->initial_netns = initial;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		find(fake, shown[i])->writable = initial;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		find(fake, hidden[i])->present = initial;
}

void fake_sysctl_fail_write(FakeSysctl *fake, unsigned n, int error, FakeSysctlFault fault)
{
	assert(error > 0 || n == 0 || fault == FAKE_SYSCTL_IGNORED);
	fake->fail_write_in = n;
	fake->write_error = error;
	fake->write_fault = fault;
}

void fake_sysctl_fail_key(FakeSysctl *fake, const char *name, int error, FakeSysctlFault fault)
{
	Key *key = find(fake, name);
	assert(key && error >= 0);
	key->error = error;
	key->fault = fault;
}

void fake_sysctl_fail_read(FakeSysctl *fake, unsigned n, int error)
{
	assert(error > 0 || n == 0);
	fake->fail_read_in = n;
	fake->read_error = error;
}

void fake_sysctl_set_hook(FakeSysctl *fake, FakeSysctlHook hook, void *context)
{
	fake->hook = hook;
	fake->hook_context = context;
}

size_t fake_sysctl_writes(const FakeSysctl *fake)
{
	return fake->n_writes;
}

const FakeSysctlWrite *fake_sysctl_write_at(const FakeSysctl *fake, size_t index)
{
	assert(index < fake->n_writes);
	return &fake->writes[index];
}

void fake_sysctl_clear_log(FakeSysctl *fake)
{
	fake->n_writes = 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* proc_get_long(): any base by its prefix, and a blank or the end must follow. */
static bool number(const char **text, int64_t *ret)
{
	const char *p = *text;
	bool negative = *p == '-';
	p += negative;
	int base = 10;
	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	} else if (p[0] == '0') {
		base = 8;
	}
	if (digit(*p) >= base)
		return false;
	int64_t value = 0;
	for (; digit(*p) < base; p++)
		if (value < ((int64_t)1 << 50))
			value = value * base + digit(*p);
	if (*p != '\0' && !is_blank(*p))
		return false;
	*text = p;
	*ret = negative ? -value : value;
	return true;
}

static const char *skip_blanks(const char *text)
{
	while (is_blank(*text))
		text++;
	return text;
}

static int write_integers(Key *key, const char *text)
{
	int64_t values[3] = {0};
	const char *p = key->value;
	for (unsigned i = 0; i < key->count; i++) {
		p = skip_blanks(p);
		(void)number(&p, &values[i]); /* the administrator may have stored fewer */
	}
	int result = 0;
	unsigned taken = 0;
	for (p = skip_blanks(text); taken < key->count && *p; p = skip_blanks(p), taken++) {
		int64_t value;
		if (!number(&p, &value) || value < key->minimum || value > key->maximum) {
			result = -EINVAL;
			break;
		}
		values[taken] = value;
	}
	if (taken == 0)
		return -EINVAL;
	if (result == 0 && *p)
		result = -EIO; /* the kernel took a part: a short write */
	char joined[SYSCTL_VALUE_MAX] = "";
	int length = 0;
	for (unsigned i = 0; i < key->count; i++)
		length += snprintf(joined + length, sizeof(joined) - (size_t)length, "%s%lld",
				   i ? "\t" : "", (long long)values[i]);
	store(key, joined);
	return result;
}

/* net/ipv4/sysctl_net_ipv4.c:ipv4_local_port_range() works on a copy. */
static int write_range(Key *key, const char *text)
{
	Key copy = *key;
	int64_t low = 0, high = 0;
	const char *p = copy.value;
	int r = write_integers(&copy, text);

	if (r < 0)
		return r;
	(void)number(&p, &low);
	p = skip_blanks(p);
	(void)number(&p, &high);
	if (high < low)
		return -EINVAL;
	store(key, copy.value);
	return 0;
}

static int write_unsigned(Key *key, const char *text)
{
	const char *p = skip_blanks(text);
	int64_t value;
	if (!number(&p, &value) || value < key->minimum || value > key->maximum)
		return -EINVAL;
	char joined[24];
	(void)snprintf(joined, sizeof(joined), "%lld", (long long)value);
	store(key, joined);
	return 0;
}

static bool list_has(const char *list, const char *name, size_t length)
{
	for (const char *p = skip_blanks(list); *p; p = skip_blanks(p)) {
		size_t word = strcspn(p, " \t\n");
		if (word == length && strncmp(p, name, length) == 0)
			return true;
		p += word;
	}
	return false;
}

/* The members of the available list, in its order, that `allowed` or `extra` name. */
static void store_allowed(FakeSysctl *fake, const char *allowed, const char *extra)
{
	char joined[SYSCTL_VALUE_MAX] = "";
	size_t used = 0;
	const char *available = fake_sysctl_get(fake, AVAILABLE);
	for (const char *p = skip_blanks(available ? available : ""); *p; p = skip_blanks(p)) {
		size_t length = strcspn(p, " \t\n");
		if (list_has(allowed, p, length) || list_has(extra, p, length)) {
			if (used > 0)
				joined[used++] = ' ';
			memcpy(joined + used, p, length);
			used += length;
			joined[used] = '\0';
		}
		p += length;
	}
	fake_sysctl_set(fake, ALLOWED, joined);
}

static int write_congestion(FakeSysctl *fake, Key *key, const char *text)
{
	const char *available = fake_sysctl_get(fake, AVAILABLE);
	const char *allowed = fake_sysctl_get(fake, ALLOWED);
	char name[SYSCTL_VALUE_MAX];
	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, "\n"), text);
	size_t length = strlen(name);
	if (length == 0 || !available || !list_has(available, name, length))
		return -ENOENT;
	if (!fake->initial_netns && allowed && !list_has(allowed, name, length))
		return -EPERM;
	store(key, name);
	if (allowed)
		store_allowed(fake, allowed, name);
	return 0;
}

static int write_allowed(FakeSysctl *fake, const char *text)
{
	const char *available = fake_sysctl_get(fake, AVAILABLE);
	for (const char *p = skip_blanks(text); *p; p = skip_blanks(p)) {
		size_t length = strcspn(p, " \t\n");
		if (!available || !list_has(available, p, length))
			return -ENOENT;
		p += length;
	}
	store_allowed(fake, text, "");
	return 0;
}

static int apply(FakeSysctl *fake, Key *key, const char *value)
{
	switch (key->kind) {
	case KIND_INTEGERS:
		return write_integers(key, value);
	case KIND_UNSIGNED:
		return write_unsigned(key, value);
	case KIND_RANGE:
		return write_range(key, value);
	case KIND_CONGESTION:
		return write_congestion(fake, key, value);
	case KIND_ALLOWED:
		return write_allowed(fake, value);
	case KIND_TEXT:
		store(key, value);
		return 0;
	}
	return -EINVAL;
}

static int apply_fault(FakeSysctl *fake, Key *key, const char *value, int error,
		       FakeSysctlFault fault)
{
	switch (fault) {
	case FAKE_SYSCTL_APPLIED:
		(void)apply(fake, key, value);
		break;
	case FAKE_SYSCTL_HALF:
		if (key->kind == KIND_INTEGERS && key->count > 1) {
			char first[SYSCTL_VALUE_MAX];
			value = skip_blanks(value);
			(void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(value, " \t"),
				       value);
			(void)apply(fake, key, first);
		}
		break;
	case FAKE_SYSCTL_IGNORED:
		return 0;
	case FAKE_SYSCTL_UNTOUCHED:
		break;
	}
	return -error;
}

static int fake_read(void *context, const char *name, char *buffer, size_t size)
{
	FakeSysctl *fake = context;
	if (fake->fail_read_in > 0 && --fake->fail_read_in == 0)
		return -fake->read_error;
	const Key *key = find_present(fake, name);
	if (!key)
		return -ENOENT;
	size_t length = strlen(key->value);
	if (length >= size)
		return -EMSGSIZE;
	memcpy(buffer, key->value, length + 1);
	return 0;
}

static int do_write(FakeSysctl *fake, const char *name, const char *value)
{
	bool ordered = fake->fail_write_in > 0 && --fake->fail_write_in == 0;
	Key *key = find_present(fake, name);
	if (!key)
		return -ENOENT;
	if (!key->writable)
		return -EACCES;
	if (ordered)
		return apply_fault(fake, key, value, fake->write_error, fake->write_fault);
	if (key->error)
		return apply_fault(fake, key, value, key->error, key->fault);
	return apply(fake, key, value);
}

static int fake_write(void *context, const char *name, const char *value)
{
	FakeSysctl *fake = context;
	if (fake->hook)
		fake->hook(fake, FAKE_SYSCTL_BEFORE, name, value, fake->hook_context);
	int result = do_write(fake, name, value);
	assert(fake->n_writes < WRITES_MAX);
	FakeSysctlWrite *write = &fake->writes[fake->n_writes++];
	(void)snprintf(write->key, sizeof(write->key), "%s", name);
	(void)snprintf(write->value, sizeof(write->value), "%s", value);
	write->result = result;
	if (fake->hook)
		fake->hook(fake, FAKE_SYSCTL_AFTER, name, value, fake->hook_context);
	return result;
}

static bool fake_writable(void *context, const char *name)
{
	const Key *key = find_present(context, name);
	return key && key->writable;
}

SysctlOps fake_sysctl_ops(FakeSysctl *fake)
{
	return (SysctlOps){fake_read, fake_write, fake_writable, fake};
}
