/* SPDX-License-Identifier: MIT */
/*
 * The bytecode is a chain of tests, each with two distances: where to go on after yes, and after
 * no. To arrive exactly at the end of the program is to accept, four bytes behind it to reject.
 * The kernel's audit (inet_diag_bc_audit) wants the yes of each test to lead to the next, and every
 * no forward, to a test of that chain. So both parts of a program are decision trees laid out in
 * preorder: yes is the subtree that follows, no jumps over it.
 *
 * Prefixes: sorted, without those inside others, and split again and again by what the lower half
 * has in common: a socket meets about log2 of them. The families are told apart first, so that the
 * IPv6 prefix ::/0 has no claim on IPv4 in IPv6 sockets (::ffff:0:0/96).
 *
 * Slices: bytecode knows no arithmetic, only ranges of ports. A slice is made of many narrow
 * ranges, dealt out in turn like cards: (port / width) % slices. One broad range each would do for
 * ports that are chosen from all 65536; but they come from 32768..60999 mostly, or some narrower
 * range that an operator chose, and Linux gives those towards one destination in rising order, by
 * twos.
 */
#include "daemon/kern/diag_filter.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <stdlib.h>
#include <string.h>

#include "common/base.h"

#define PORTS 65536U

/* Ranges of ports that make a slice, at least: 14 of them lie in the default range of Linux, so
 * that slices differ by 7 %. With four times as many the kernel's audit and the longer way cost
 * more than a small slice does; with half of them slices are twice as uneven. */
#define RANGES_PER_SLICE 32U

/* As `no`, until all is laid out; a true one is a multiple of four. */
typedef enum Exit {
	EXIT_ACCEPT = 0xffff,
	EXIT_REJECT = 0xfffe,
	EXIT_SLICE = 0xfffd, /* on to the part of the slices */
} Exit;

typedef struct Program {
	uint8_t *bytes;
	size_t size, length;
	bool full; /* it did not fit; what is in there is of no use */
} Program;

typedef struct Operation {
	struct inet_diag_bc_op op;
	uint8_t operand[sizeof(struct inet_diag_hostcond) + sizeof(struct in6_addr)];
} Operation;

/* The ranges of one slice as the ports where they begin (even) and end (odd), in rising order. */
typedef struct Slice {
	unsigned width, slice, slices, n_ends;
} Slice;

/* Where it was put. */
static size_t emit(Program *program, unsigned code, const void *operand, size_t length, unsigned no)
{
	Operation operation = {.op = {.code = (uint8_t)code,
				      .yes = (uint8_t)(sizeof(operation.op) + length),
				      .no = (uint16_t)no}};
	size_t at = program->length;
	if (program->full || program->size - at < operation.op.yes) {
		program->full = true;
		return at;
	}
	if (length > 0)
		memcpy(operation.operand, operand, length);
	memcpy(program->bytes + at, &operation, operation.op.yes);
	program->length += operation.op.yes;
	return at;
}

static void emit_jump(Program *program, Exit exit)
{
	(void)emit(program, INET_DIAG_BC_JMP, NULL, 0, exit);
}

static size_t emit_port(Program *program, unsigned code, unsigned port, unsigned no)
{
	const struct inet_diag_bc_op operand = {.no = (uint16_t)port};
	return emit(program, code, &operand, sizeof(operand), no);
}

static size_t emit_prefix(Program *program, const DiagPrefix *prefix, unsigned length, unsigned no)
{
	uint8_t operand[sizeof(struct inet_diag_hostcond) + sizeof(struct in6_addr)] = {0};
	/* Set byte by byte, as it has padding, and what the stack held is nobody's business. */
	struct inet_diag_hostcond condition;
	memset(&condition, 0, sizeof(condition));
	condition.family = prefix->address.family;
	condition.prefix_len = (uint8_t)length;
	condition.port = -1; /* any */
	size_t bytes = prefix->address.family == AF_INET ? sizeof(struct in_addr)
							 : sizeof(struct in6_addr);
	memcpy(operand, &condition, sizeof(condition));
	memcpy(operand + sizeof(condition), prefix->address.bytes, bytes);
	return emit(program, INET_DIAG_BC_D_COND, operand, sizeof(condition) + bytes, no);
}

/* The no of the test at `at` leads to what is put next. */
static void land_here(Program *program, size_t at)
{
	const uint16_t no = (uint16_t)(program->length - at);
	if (!program->full)
		memcpy(program->bytes + at + offsetof(struct inet_diag_bc_op, no), &no, sizeof(no));
}

/* Once the end is known. */
static void resolve_exits(Program *program, size_t slice_at)
{
	for (size_t at = 0; at < program->length;) {
		struct inet_diag_bc_op op;
		memcpy(&op, program->bytes + at, sizeof(op));
		if (op.no == EXIT_ACCEPT)
			op.no = (uint16_t)(program->length - at);
		else if (op.no == EXIT_REJECT)
			op.no = (uint16_t)(program->length - at + sizeof(op));
		else if (op.no == EXIT_SLICE)
			op.no = (uint16_t)(slice_at - at);
		memcpy(program->bytes + at, &op, sizeof(op));
		at += op.yes;
	}
}

static bool bit_at(const DiagPrefix *prefix, unsigned bit)
{
	return prefix->address.bytes[bit / 8] >> (7 - bit % 8) & 1;
}

/* Bits from the first on in which both are the same, at most `most`. */
static unsigned common_bits(const DiagPrefix *a, const DiagPrefix *b, unsigned most)
{
	unsigned bits = 0;
	while (bits < most && bit_at(a, bits) == bit_at(b, bits))
		bits++;
	return bits;
}

static bool covers(const DiagPrefix *wide, const DiagPrefix *narrow)
{
	return wide->address.family == narrow->address.family && wide->length <= narrow->length &&
	       common_bits(wide, narrow, wide->length) == wide->length;
}

static int compare_prefixes(const void *a, const void *b)
{
	const DiagPrefix *one = a, *other = b;
	if (one->address.family != other->address.family)
		return one->address.family < other->address.family ? -1 : 1;
	int r = memcmp(one->address.bytes, other->address.bytes, sizeof(one->address.bytes));
	return r ? r : one->length - other->length;
}

static int take_prefix(const DiagPrefix *given, DiagPrefix *ret_prefix)
{
	const uint8_t family = given->address.family;
	if ((family != AF_INET && family != AF_INET6) ||
	    given->length > (family == AF_INET ? 32 : 128))
		return -EINVAL;
	DiagPrefix prefix = {.address.family = family, .length = given->length};
	for (unsigned bit = 0; bit < prefix.length; bit++)
		prefix.address.bytes[bit / 8] |=
			(uint8_t)(given->address.bytes[bit / 8] & 0x80 >> bit % 8);
	*ret_prefix = prefix;
	return 0;
}

/* Sorted, IPv4 first, each within no other. */
static int take_prefixes(const DiagFilter *filter, DiagPrefix *prefixes, size_t *ret_n,
			 size_t *ret_n_ipv4)
{
	size_t n = 0, n_ipv4 = 0;
	if (filter->n_prefixes > DIAG_FILTER_PREFIXES_MAX)
		return -EINVAL;
	for (size_t i = 0; i < filter->n_prefixes; i++)
		if (take_prefix(&filter->prefixes[i], &prefixes[i]) < 0)
			return -EINVAL;
	qsort(prefixes, filter->n_prefixes, sizeof(*prefixes), compare_prefixes);
	for (size_t i = 0; i < filter->n_prefixes; i++) {
		if (n > 0 && covers(&prefixes[n - 1], &prefixes[i]))
			continue;
		prefixes[n++] = prefixes[i];
		n_ipv4 += prefixes[n - 1].address.family == AF_INET;
	}
	*ret_n = n;
	*ret_n_ipv4 = n_ipv4;
	return 0;
}

/* Of one family; none of them reaches into another, so two differ in a bit that both have. */
static void emit_prefixes(Program *program, const DiagPrefix *prefixes, size_t n, Exit hit,
			  Exit miss)
{
	if (n == 0) {
		emit_jump(program, miss);
		return;
	}
	if (n == 1) {
		(void)emit_prefix(program, prefixes, prefixes->length, miss);
		emit_jump(program, hit);
		return;
	}
	const unsigned shared = common_bits(&prefixes[0], &prefixes[n - 1], 128);
	size_t lower = 1;
	while (!bit_at(&prefixes[lower], shared))
		lower++;
	size_t at = emit_prefix(program, prefixes, shared + 1, 0);
	emit_prefixes(program, prefixes, lower, hit, miss);
	land_here(program, at);
	emit_prefixes(program, prefixes + lower, n - lower, hit, miss);
}

static void emit_families(Program *program, const DiagPrefix *prefixes, size_t n, size_t n_ipv4,
			  Exit hit, Exit miss)
{
	static const DiagPrefix ipv4 = {.address.family = AF_INET};
	if (n == n_ipv4) {
		emit_prefixes(program, prefixes, n, hit, miss);
		return;
	}
	size_t at = emit_prefix(program, &ipv4, 0, 0);
	emit_prefixes(program, prefixes, n_ipv4, hit, miss);
	land_here(program, at);
	emit_prefixes(program, prefixes + n_ipv4, n - n_ipv4, hit, miss);
}

static unsigned slice_end(const Slice *slice, unsigned i)
{
	return slice->width * (i / 2 * slice->slices + slice->slice + i % 2);
}

static Slice slice_of(const DiagFilter *filter)
{
	/* Even, as the ports that Linux prefers for connect(2) are all odd or all even. */
	Slice slice = {.width = PORTS / (filter->slices * RANGES_PER_SLICE) & ~1U,
		       .slice = filter->slice,
		       .slices = filter->slices};
	_Static_assert(PORTS / (DIAG_FILTER_SLICES_MAX * RANGES_PER_SLICE) >= 2, "no width of 0");
	while (slice_end(&slice, slice.n_ends) < PORTS)
		slice.n_ends++;
	return slice;
}

/* The larger port is known to lie between the ends `first` - 1 and `last`. */
static void emit_ranges(Program *program, const Slice *slice, unsigned first, unsigned last)
{
	if (first == last) {
		emit_jump(program, first % 2 ? EXIT_ACCEPT : EXIT_REJECT);
		return;
	}
	/* Is one of the ports beyond the middle? The first that is leads behind the second test. */
	const unsigned middle = first + (last - first) / 2, end = slice_end(slice, middle);
	size_t source = emit_port(program, INET_DIAG_BC_S_LE, end - 1, 0);
	size_t destination = emit_port(program, INET_DIAG_BC_D_GE, end, 0);
	land_here(program, source);
	emit_ranges(program, slice, middle + 1, last);
	land_here(program, destination);
	emit_ranges(program, slice, first, middle);
}

int diag_filter_compile(const DiagFilter *filter, void *buffer, size_t size)
{
	const bool sliced = filter->slices > 1;
	DiagPrefix prefixes[DIAG_FILTER_PREFIXES_MAX];
	size_t n, n_ipv4, slice_at;
	Program program = {.bytes = buffer, .size = MIN(size, (size_t)DIAG_FILTER_SIZE_MAX)};

	if (sliced && (filter->slice >= filter->slices || filter->slices > DIAG_FILTER_SLICES_MAX))
		return -EINVAL;
	if (take_prefixes(filter, prefixes, &n, &n_ipv4) < 0)
		return -EINVAL;
	if (filter->only_prefixes)
		emit_families(&program, prefixes, n, n_ipv4, sliced ? EXIT_SLICE : EXIT_ACCEPT,
			      EXIT_REJECT);
	else if (sliced && n > 0)
		emit_families(&program, prefixes, n, n_ipv4, EXIT_ACCEPT, EXIT_SLICE);
	slice_at = program.length;
	if (sliced) {
		const Slice slice = slice_of(filter);
		/* The first slice begins at port 0: nothing lies before. */
		emit_ranges(&program, &slice, filter->slice == 0, slice.n_ends);
	}
	if (program.full)
		return -E2BIG;
	resolve_exits(&program, slice_at);
	return (int)program.length;
}
