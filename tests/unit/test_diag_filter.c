/* SPDX-License-Identifier: MIT */
/*
 * Every program is audited and run as the kernel does it (diag_bytecode.h), over sockets by the ten
 * thousand, and compared with what the filter is to mean, said once more without any bytecode. In
 * the inner loops nothing is asserted that holds: each assertion of Check is a system call.
 * Buffers are exactly as long as the program, so that the sanitizers see what lies beyond.
 */
#include "daemon/kern/diag_filter.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base.h"
#include "tests/unit/diag_bytecode.h"
#include "tests/unit/harness.h"

typedef struct Program {
	uint8_t *code;
	long length;
} Program;

static uint64_t state = 88172645463325252; /* xorshift64, the same on every run */

static uint32_t draw(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 33) % below;
}

static Program compile(const DiagFilter *filter)
{
	uint8_t room[DIAG_FILTER_SIZE_MAX];
	int length = diag_filter_compile(filter, room, sizeof(room));
	ck_assert_int_gt(length, 0);
	Program program = {.code = malloc((size_t)length), .length = length};
	ck_assert_int_eq(diag_filter_compile(filter, program.code, (size_t)length), length);
	ck_assert_mem_eq(program.code, room, (size_t)length);
	ck_assert(bytecode_audit(program.code, length));
	return program;
}

static bool passes(const Program *program, const BytecodeSocket *socket)
{
	return bytecode_run(program->code, program->length, socket, NULL);
}

static BytecodeSocket of_ports(uint16_t local, uint16_t remote)
{
	return (BytecodeSocket){.family = AF_INET, .local_port = local, .remote_port = remote};
}

static uint16_t random_port(void)
{
	static const uint16_t edges[] = {0,     1,     2,     80,    443,  32767,
					 32768, 60999, 61000, 65534, 65535};
	switch (draw(4)) {
	case 0:
		return edges[draw(ARRAY_SIZE(edges))];
	case 1:
		return (uint16_t)draw(65536);
	default:
		return (uint16_t)(32768 + draw(28232));
	}
}

/* Which of the slices has it: exactly one must. */
static unsigned slice_of(const Program *programs, unsigned slices, const BytecodeSocket *socket)
{
	unsigned slice = UINT_MAX;
	for (unsigned i = 0; i < slices; i++) {
		if (!passes(&programs[i], socket))
			continue;
		if (slice != UINT_MAX)
			ck_abort_msg("ports %u, %u: in %u and %u of %u", socket->local_port,
				     socket->remote_port, slice, i, slices);
		slice = i;
	}
	if (slice == UINT_MAX)
		ck_abort_msg("ports %u, %u: in none of %u", socket->local_port, socket->remote_port,
			     slices);
	return slice;
}

static void compile_slices(Program *programs, unsigned slices)
{
	for (unsigned i = 0; i < slices; i++)
		programs[i] = compile(&(DiagFilter){.slice = i, .slices = slices});
}

static void free_programs(Program *programs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		free(programs[i].code);
}

START_TEST(every_socket_is_in_one_slice)
{
	static const unsigned counts[] = {2, 3, 4, 5, 7, 16, 64, 100, 513, 700, 1023, 1024};
	static Program programs[DIAG_FILTER_SLICES_MAX];
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		const unsigned n = counts[i];
		compile_slices(programs, n);
		for (unsigned j = 0; j < MAX(200000 / n, 500U); j++) {
			BytecodeSocket socket = of_ports(random_port(), random_port());
			const unsigned slice = slice_of(programs, n, &socket);
			/* The larger port alone decides, whichever side has it. */
			socket = of_ports(socket.remote_port, socket.local_port);
			ck_assert_uint_eq(slice_of(programs, n, &socket), slice);
			const uint16_t larger = MAX(socket.local_port, socket.remote_port);
			socket = of_ports((uint16_t)draw(larger + 1U), larger);
			ck_assert_uint_eq(slice_of(programs, n, &socket), slice);
		}
		free_programs(programs, n);
	}
}
END_TEST

START_TEST(every_port_is_in_one_slice)
{
	static const unsigned counts[] = {2, 3, 8};
	Program programs[8];
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		compile_slices(programs, counts[i]);
		for (unsigned port = 0; port < 65536; port++) {
			const BytecodeSocket socket = of_ports((uint16_t)port, 0);
			(void)slice_of(programs, counts[i], &socket);
		}
		free_programs(programs, counts[i]);
	}
}
END_TEST

/* `n` ports from `first` on; no slice may have more than `most_permille` of an equal share. */
static void check_even(unsigned slices, unsigned first, unsigned step, unsigned n,
		       unsigned least_permille, unsigned most_permille)
{
	Program programs[64];
	unsigned share[64] = {0};
	compile_slices(programs, slices);
	for (unsigned i = 0; i < n; i++) {
		const BytecodeSocket socket = of_ports(443, (uint16_t)(first + i * step));
		share[slice_of(programs, slices, &socket)]++;
	}
	for (unsigned i = 0; i < slices; i++) {
		const unsigned permille = share[i] * slices * 1000U / n;
		ck_assert_msg(permille >= least_permille && permille <= most_permille,
			      "slice %u of %u, ports %u + %u * %u: %u permille", i, slices, first,
			      n, step, permille);
	}
	free_programs(programs, slices);
}

START_TEST(slices_are_even)
{
	static const unsigned counts[] = {2, 3, 4, 8, 10, 16, 32};
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		check_even(counts[i], 32768, 1, 28232, 900, 1150); /* Linux */
		check_even(counts[i], 49152, 1, 16384, 840, 1160); /* IANA, Windows, macOS */
		check_even(counts[i], 1024, 1, 64512, 900, 1150);
		check_even(counts[i], 32768, 2, 14116, 900, 1150); /* those of connect(2) */
		check_even(counts[i], 32769, 2, 14116, 900, 1150);
		check_even(counts[i], 32768, 8, 3529, 850, 1200);
	}
	/* Towards one destination, in rising order. */
	check_even(4, 40000, 2, 4096, 900, 1100);
	check_even(16, 40000, 2, 4096, 850, 1200);
}
END_TEST

/* Said once more, without bytecode: of the path, not of the socket. */
static bool is_in(const BytecodeSocket *socket, const DiagPrefix *prefix)
{
	Address remote = address_from_bytes(socket->family, socket->remote);
	if (remote.family != prefix->address.family)
		return false;
	for (unsigned bit = 0; bit < prefix->length; bit++)
		if ((remote.bytes[bit / 8] ^ prefix->address.bytes[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return true;
}

static bool expected(const BytecodeSocket *socket, const DiagFilter *filter, const Program *slice)
{
	bool in = false;
	for (size_t i = 0; i < filter->n_prefixes && !in; i++)
		in = is_in(socket, &filter->prefixes[i]);
	if (filter->only_prefixes)
		return in && (!slice || passes(slice, socket));
	return in || passes(slice, socket);
}

static void random_bytes(uint8_t *bytes, size_t n)
{
	/* Of few values, so that prefixes share much. */
	static const uint8_t values[] = {0, 0, 10, 0x20, 0x80, 0xfe, 0xff};
	for (size_t i = 0; i < n; i++)
		bytes[i] = draw(3) ? values[draw(ARRAY_SIZE(values))] : (uint8_t)draw(256);
}

static DiagPrefix random_prefix(const DiagPrefix *before, size_t n)
{
	static const uint8_t lengths4[] = {0, 1, 8, 16, 24, 31, 32};
	static const uint8_t lengths6[] = {0, 1, 32, 48, 64, 95, 96, 97, 127, 128};
	DiagPrefix prefix = {0};
	const bool four = draw(2);
	prefix.address.family = four ? AF_INET : AF_INET6;
	random_bytes(prefix.address.bytes, four ? 4 : 16);
	prefix.length = four ? lengths4[1 + draw(ARRAY_SIZE(lengths4) - 1)]
			     : lengths6[1 + draw(ARRAY_SIZE(lengths6) - 1)];
	if (draw(40) == 0)
		prefix.length = 0;
	if (draw(5) == 0)
		prefix.length = (uint8_t)draw(four ? 33 : 129);
	if (n > 0 && draw(3) == 0) { /* near another one, or the same */
		prefix.address = before[draw((uint32_t)n)].address;
		prefix.length = (uint8_t)draw(prefix.address.family == AF_INET ? 33 : 129);
	}
	return prefix;
}

static BytecodeSocket random_socket(const DiagFilter *filter)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	BytecodeSocket socket = of_ports(random_port(), random_port());
	const DiagPrefix *near =
		filter->n_prefixes ? &filter->prefixes[draw((uint32_t)filter->n_prefixes)] : NULL;
	socket.family = draw(2) ? AF_INET : AF_INET6;
	random_bytes(socket.local, 16);
	random_bytes(socket.remote, 16);
	if (near && draw(4)) {
		socket.family = near->address.family;
		memcpy(socket.remote, near->address.bytes, 16);
		const unsigned bits = socket.family == AF_INET ? 32 : 128, bit = draw(bits);
		if (draw(4)) /* mostly behind the prefix, or its last bit */
			socket.remote[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		else if (near->length > 0)
			socket.remote[(near->length - 1) / 8] ^=
				(uint8_t)(0x80 >> (near->length - 1) % 8);
	}
	if (socket.family == AF_INET && draw(2)) {
		memmove(socket.remote + 12, socket.remote, 4);
		memcpy(socket.remote, mapped, sizeof(mapped));
		socket.family = AF_INET6;
	}
	return socket;
}

static void check_filter(const DiagFilter *filter, unsigned n_sockets, unsigned accepted[2])
{
	Program program = compile(filter), slice = {0};
	if (filter->slices > 1)
		slice = compile(&(DiagFilter){.slice = filter->slice, .slices = filter->slices});
	for (unsigned i = 0; i < n_sockets; i++) {
		const BytecodeSocket socket = random_socket(filter);
		const bool wanted = expected(&socket, filter, slice.code ? &slice : NULL);
		if (passes(&program, &socket) != wanted)
			ck_abort_msg("socket %u: wanted %d", i, wanted);
		accepted[wanted]++;
	}
	free(program.code);
	free(slice.code);
}

START_TEST(prefixes_as_said)
{
	static const unsigned slices[] = {0, 1, 2, 7, 64};
	DiagPrefix prefixes[DIAG_FILTER_PREFIXES_MAX];
	unsigned accepted[2] = {0};
	for (unsigned round = 0; round < 600; round++) {
		DiagFilter filter = {.slices = slices[draw(ARRAY_SIZE(slices))],
				     .prefixes = prefixes,
				     .n_prefixes = draw(round % 3 ? 5 : ARRAY_SIZE(prefixes) + 1)};
		filter.only_prefixes = filter.slices <= 1 || draw(2);
		filter.slice = filter.slices > 1 ? draw(filter.slices) : draw(10);
		for (size_t i = 0; i < filter.n_prefixes; i++)
			prefixes[i] = random_prefix(prefixes, i);
		check_filter(&filter, 300, accepted);
	}
	/* Neither answer is the only one that was ever right. */
	ck_assert_uint_gt(accepted[0], 20000);
	ck_assert_uint_gt(accepted[1], 20000);
}
END_TEST

static DiagPrefix prefix_of(const char *text, uint8_t length)
{
	DiagPrefix prefix = {.length = length};
	ck_assert_int_eq(address_parse(text, &prefix.address), 0);
	return prefix;
}

/* By name, what the random ones may miss. */
START_TEST(families)
{
	static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1};
	static const uint8_t six[16] = {0x20, 0x01, [15] = 1};
	BytecodeSocket ipv4 = {.family = AF_INET, .remote = {10, 0, 0, 1}};
	BytecodeSocket dual = {.family = AF_INET6}, ipv6 = {.family = AF_INET6};
	memcpy(dual.remote, mapped, 16);
	memcpy(ipv6.remote, six, 16);
	const struct {
		DiagPrefix prefix;
		bool ipv4, dual, ipv6;
	} cases[] = {
		{prefix_of("10.0.0.0", 8), true, true, false},
		{prefix_of("10.0.0.1", 32), true, true, false},
		{prefix_of("10.255.255.255", 8), true, true, false}, /* bits behind the prefix */
		{prefix_of("10.0.0.0", 32), false, false, false},
		{prefix_of("0.0.0.0", 0), true, true, false},
		{prefix_of("::", 0), false, false, true},
		{prefix_of("::", 64), false, false, false}, /* though ::ffff:10.0.0.1 is inside */
		{prefix_of("2001::", 16), false, false, true},
		{prefix_of("2001::1", 128), false, false, true},
		{prefix_of("2001::2", 128), false, false, false},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		Program program = compile(&(DiagFilter){
			.prefixes = &cases[i].prefix, .n_prefixes = 1, .only_prefixes = true});
		ck_assert_int_eq(passes(&program, &ipv4), cases[i].ipv4);
		ck_assert_int_eq(passes(&program, &dual), cases[i].dual);
		ck_assert_int_eq(passes(&program, &ipv6), cases[i].ipv6);
		free(program.code);
	}
}
END_TEST

START_TEST(nothing_to_filter)
{
	const DiagPrefix prefix = prefix_of("10.0.0.0", 8);
	uint8_t byte = 0xa5;
	const DiagFilter all[] = {
		{0},
		{.slices = 1},
		{.slices = 1, .slice = 5},
		{.prefixes = &prefix, .n_prefixes = 1}, /* they would pass anyway */
	};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		ck_assert_int_eq(diag_filter_compile(&all[i], &byte, 1), 0);
		ck_assert_int_eq(diag_filter_compile(&all[i], NULL, 0), 0);
	}
	ck_assert_uint_eq(byte, 0xa5);

	Program none = compile(&(DiagFilter){.only_prefixes = true});
	for (unsigned i = 0; i < 1000; i++) {
		const BytecodeSocket socket = of_ports(random_port(), random_port());
		ck_assert(!passes(&none, &socket));
	}
	free(none.code);
}
END_TEST

/* IPv6, none of which shares a bit with more of the others than it must. */
static void many_prefixes(DiagPrefix prefixes[DIAG_FILTER_PREFIXES_MAX])
{
	for (unsigned i = 0; i < DIAG_FILTER_PREFIXES_MAX; i++) {
		prefixes[i] = prefix_of("2001::1", 128);
		prefixes[i].address.bytes[5] = (uint8_t)i;
	}
	prefixes[0] = prefix_of("10.0.0.0", 8);
}

START_TEST(every_size)
{
	DiagPrefix prefixes[DIAG_FILTER_PREFIXES_MAX];
	uint8_t room[DIAG_FILTER_SIZE_MAX];
	int longest = 0;
	many_prefixes(prefixes);
	for (unsigned slices = 2; slices <= DIAG_FILTER_SLICES_MAX; slices++)
		for (unsigned slice = 0; slice < slices; slice += MAX(slices - 1, 1U)) {
			const DiagFilter filter = {.slice = slice,
						   .slices = slices,
						   .prefixes = prefixes,
						   .n_prefixes = ARRAY_SIZE(prefixes)};
			int length = diag_filter_compile(&filter, room, sizeof(room));
			ck_assert_int_gt(length, 0);
			longest = MAX(longest, length);
		}
	/* The bound is no wild guess. */
	ck_assert_int_gt(longest, DIAG_FILTER_SIZE_MAX - 256);

	const DiagFilter filter = {
		.slice = 2, .slices = 3, .prefixes = prefixes, .n_prefixes = ARRAY_SIZE(prefixes)};
	Program program = compile(&filter);
	for (size_t size = 0; size < (size_t)program.length; size++) {
		_cleanup_free_ uint8_t *small = malloc(MAX(size, (size_t)1));
		ck_assert_int_eq(diag_filter_compile(&filter, small, size), -E2BIG);
	}
	free(program.code);
}
END_TEST

START_TEST(few_steps)
{
	DiagPrefix prefixes[DIAG_FILTER_PREFIXES_MAX];
	many_prefixes(prefixes);
	Program program = compile(&(DiagFilter){.slice = 3,
						.slices = 16,
						.prefixes = prefixes,
						.n_prefixes = ARRAY_SIZE(prefixes)});
	for (unsigned i = 0; i < 20000; i++) {
		BytecodeSocket socket = of_ports(random_port(), random_port());
		unsigned steps;
		if (i % 2) {
			socket.family = AF_INET6;
			memcpy(socket.remote, prefixes[1 + i % 63].address.bytes, 16);
			socket.remote[15] = (uint8_t)(i % 3);
		}
		(void)bytecode_run(program.code, program.length, &socket, &steps);
		/* The family, 6 of 64 prefixes, and two tests each for 7 of 65 ranges. */
		if (steps > 26)
			ck_abort_msg("%u steps", steps);
	}
	free(program.code);
}
END_TEST

START_TEST(refused)
{
	DiagPrefix many[DIAG_FILTER_PREFIXES_MAX + 1];
	uint8_t room[DIAG_FILTER_SIZE_MAX];
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = prefix_of("10.0.0.0", 8);
	DiagPrefix bad[] = {prefix_of("10.0.0.0", 33),
			    prefix_of("::", 129),
			    {.length = 8},
			    {.address = {.family = AF_UNIX}}};
	DiagFilter filters[] = {
		{.slices = 2, .slice = 2},
		{.slices = 2, .slice = UINT_MAX},
		{.slices = DIAG_FILTER_SLICES_MAX + 1},
		{.slices = UINT_MAX},
		{.prefixes = many, .n_prefixes = ARRAY_SIZE(many), .only_prefixes = true},
		{.prefixes = many, .n_prefixes = SIZE_MAX, .only_prefixes = true},
		{.prefixes = &bad[0], .n_prefixes = 1, .only_prefixes = true},
		{.prefixes = &bad[1], .n_prefixes = 1, .only_prefixes = true},
		{.prefixes = &bad[2], .n_prefixes = 1, .slices = 2},
		{.prefixes = &bad[3], .n_prefixes = 1},
	};
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
		ck_assert_msg(diag_filter_compile(&filters[i], room, sizeof(room)) == -EINVAL,
			      "filter %zu", i);
	filters[4].n_prefixes--;
	ck_assert_int_gt(diag_filter_compile(&filters[4], room, sizeof(room)), 0);
}
END_TEST

/* The audit that all this leans on refuses what the kernel would. */
START_TEST(audit_is_strict)
{
	static const struct inet_diag_bc_op port = {.no = 80};
	struct inet_diag_bc_op code[4] = {{INET_DIAG_BC_S_GE, 8, 16},
					  port,
					  {INET_DIAG_BC_JMP, 4, 8},
					  {INET_DIAG_BC_JMP, 4, 4}};
	const uint8_t *bytes = (const uint8_t *)code;
	ck_assert(!bytecode_audit(bytes, 0));
	ck_assert(!bytecode_audit(bytes, 3));
	ck_assert(bytecode_audit(bytes, 16));
	static const uint16_t bad_no[] = {0, 4, 7, 9, 24, 0xffff}; /* 4: into the operand */
	for (size_t i = 0; i < ARRAY_SIZE(bad_no); i++) {
		code[0].no = bad_no[i];
		ck_assert_msg(!bytecode_audit(bytes, 16), "no %u", bad_no[i]);
	}
	static const uint16_t good_no[] = {8, 12, 16, 20};
	for (size_t i = 0; i < ARRAY_SIZE(good_no); i++) {
		code[0].no = good_no[i];
		ck_assert_msg(bytecode_audit(bytes, 16), "no %u", good_no[i]);
	}
	static const uint8_t bad_yes[] = {0, 4, 6, 20, 255};
	for (size_t i = 0; i < ARRAY_SIZE(bad_yes); i++) {
		code[0].yes = bad_yes[i];
		ck_assert_msg(!bytecode_audit(bytes, 16), "yes %u", bad_yes[i]);
	}
}
END_TEST

HARNESS_MAIN("diag_filter", {
	HARNESS_CASE(suite, "slices", every_socket_is_in_one_slice, every_port_is_in_one_slice,
		     slices_are_even);
	HARNESS_CASE(suite, "prefixes", prefixes_as_said, families);
	HARNESS_CASE(suite, "bounds", nothing_to_filter, every_size, few_steps, refused,
		     audit_is_strict);
})
