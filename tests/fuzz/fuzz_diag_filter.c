/* SPDX-License-Identifier: MIT */
/*
 * The compiler of filters. The input is the filter, in fields of a byte or two: how many slices,
 * which, a byte of options, then prefixes of 18 bytes each (length and family, address), and behind
 * them the sockets to run it over. Whatever is compiled must pass the kernel's audit, run to one of
 * the two ends, and mean what the filter says.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#include "daemon/kern/diag_filter.h"
#include "tests/unit/diag_bytecode.h"

#define SOCKET_SIZE 21 /* family, two ports, remote address */

typedef struct Input {
	const uint8_t *data;
	size_t size;
} Input;

static unsigned take(Input *input)
{
	if (input->size == 0)
		return 0;
	input->size--;
	return *input->data++;
}

static unsigned take_two(Input *input)
{
	const unsigned high = take(input) << 8;
	return high | take(input);
}

static void take_bytes(Input *input, uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)take(input);
}

static DiagPrefix take_prefix(Input *input)
{
	static const uint8_t families[] = {AF_INET, AF_INET6, AF_INET6, 0};
	DiagPrefix prefix = {.length = (uint8_t)take(input)};
	prefix.address.family = families[take(input) % sizeof(families)];
	take_bytes(input, prefix.address.bytes, prefix.address.family == AF_INET ? 4 : 16);
	return prefix;
}

static BytecodeSocket take_socket(Input *input)
{
	BytecodeSocket socket = {.family = take(input) & 1 ? AF_INET : AF_INET6};
	socket.local_port = (uint16_t)take_two(input);
	socket.remote_port = (uint16_t)take_two(input);
	take_bytes(input, socket.remote, 16);
	return socket;
}

static bool is_in(const BytecodeSocket *socket, const DiagPrefix *prefix)
{
	const Address remote = address_from_bytes(socket->family, socket->remote);
	return remote.family == prefix->address.family &&
	       bytecode_bits_equal(remote.bytes, prefix->address.bytes, prefix->length);
}

/* What the filter says, but for the slice, of which it is known that it is one of them. */
static void check_socket(const DiagFilter *filter, const uint8_t *code, int length,
			 const BytecodeSocket *socket)
{
	unsigned steps;
	const bool passed = bytecode_run(code, length, socket, &steps);
	bool in = false;
	for (size_t i = 0; i < filter->n_prefixes; i++)
		in |= is_in(socket, &filter->prefixes[i]);
	FUZZ_CHECK(steps <= 300);
	if (filter->only_prefixes)
		FUZZ_CHECK(!passed || in);
	if (filter->only_prefixes ? filter->slices <= 1 : in)
		FUZZ_CHECK(passed == in);
}

/* Two slices that differ share no socket. */
static void check_slices(const DiagFilter *filter, Input input)
{
	uint8_t code[2][DIAG_FILTER_SIZE_MAX];
	int length[2];
	for (unsigned i = 0; i < 2; i++) {
		const DiagFilter slice = {.slice = (filter->slice + i) % filter->slices,
					  .slices = filter->slices};
		length[i] = diag_filter_compile(&slice, code[i], sizeof(code[i]));
		FUZZ_CHECK(length[i] > 0 && bytecode_audit(code[i], length[i]));
	}
	while (input.size >= SOCKET_SIZE) {
		const BytecodeSocket socket = take_socket(&input);
		const bool one = bytecode_run(code[0], length[0], &socket, NULL);
		const bool other = bytecode_run(code[1], length[1], &socket, NULL);
		FUZZ_CHECK(!(one && other));
		FUZZ_CHECK(filter->slices > 2 || one || other);
	}
}

static void check(const DiagFilter *filter, Input *input)
{
	uint8_t room[DIAG_FILTER_SIZE_MAX];
	int length = diag_filter_compile(filter, room, sizeof(room));
	FUZZ_CHECK(length >= 0 || length == -EINVAL);
	if (length <= 0)
		return;
	uint8_t *code = malloc((size_t)length);
	if (!code)
		return;
	FUZZ_CHECK(diag_filter_compile(filter, code, (size_t)length) == length);
	FUZZ_CHECK(memcmp(code, room, (size_t)length) == 0);
	FUZZ_CHECK(diag_filter_compile(filter, room, (size_t)length - 1) == -E2BIG);
	FUZZ_CHECK(bytecode_audit(code, length));
	if (filter->slices > 1)
		check_slices(filter, *input);
	while (input->size >= SOCKET_SIZE) {
		const BytecodeSocket socket = take_socket(input);
		check_socket(filter, code, length, &socket);
	}
	free(code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input input = {data, size};
	DiagPrefix prefixes[DIAG_FILTER_PREFIXES_MAX + 1] = {0};
	DiagFilter filter = {.slices = take_two(&input), .slice = take_two(&input)};
	const unsigned options = take(&input);
	filter.only_prefixes = options & 0x80;
	filter.n_prefixes = (options & 0x7f) % (DIAG_FILTER_PREFIXES_MAX + 2);
	if (options & 0x40) /* mostly a slice that there is */
		filter.slice %= filter.slices ? filter.slices : 1;
	for (size_t i = 0; i < filter.n_prefixes; i++)
		prefixes[i] = take_prefix(&input);
	filter.prefixes = prefixes;
	check(&filter, &input);
	return 0;
}
