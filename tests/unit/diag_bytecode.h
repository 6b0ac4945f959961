/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the kernel makes of the bytecode of inet_diag: the audit that a request must pass, and the
 * run over one socket (net/ipv4/inet_diag.c, inet_diag_bc_audit and inet_diag_bc_run), told again
 * in our words for the operations that we use. Everything else is refused.
 */
#include <linux/inet_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BYTECODE_REJECT 4 /* how far behind the end a program lands that says no */

typedef struct BytecodeSocket {
	uint8_t family; /* that of the socket, not of the path */
	uint16_t local_port, remote_port;
	uint8_t local[16], remote[16]; /* 4 or 16 bytes */
} BytecodeSocket;

static inline struct inet_diag_bc_op bytecode_op(const uint8_t *at)
{
	struct inet_diag_bc_op op;
	memcpy(&op, at, sizeof(op));
	return op;
}

/* The bytes that the operation at `at` takes with its operand, 0 if it is none of ours. */
static inline long bytecode_need(const uint8_t *at, long left)
{
	struct inet_diag_hostcond condition;
	const long header = (long)sizeof(struct inet_diag_bc_op);
	switch (bytecode_op(at).code) {
	case INET_DIAG_BC_JMP:
		return header;
	case INET_DIAG_BC_S_GE:
	case INET_DIAG_BC_S_LE:
	case INET_DIAG_BC_D_GE:
	case INET_DIAG_BC_D_LE:
		return 2 * header;
	case INET_DIAG_BC_S_COND:
	case INET_DIAG_BC_D_COND:
		if (left < header + (long)sizeof(condition))
			return 0;
		memcpy(&condition, at + header, sizeof(condition));
		if (condition.family != AF_INET && condition.family != AF_INET6)
			return 0;
		long bytes = condition.family == AF_INET ? 4 : 16;
		return condition.prefix_len > 8 * bytes ? 0
							: header + (long)sizeof(condition) + bytes;
	default:
		return 0;
	}
}

/* Whether `left` bytes before the end begins an operation of the chain. */
static inline bool bytecode_in_chain(const uint8_t *code, long length, long left)
{
	for (long at = 0; length - at >= left;) {
		if (length - at == left)
			return true;
		at += bytecode_op(code + at).yes;
		if (bytecode_op(code + at).yes < 4)
			return false;
	}
	return false;
}

static inline bool bytecode_audit(const uint8_t *code, long length)
{
	long at = 0;
	if (length < (long)sizeof(struct inet_diag_bc_op))
		return false;
	while (at < length) {
		const long left = length - at;
		if (left < (long)sizeof(struct inet_diag_bc_op))
			return false;
		const struct inet_diag_bc_op op = bytecode_op(code + at);
		const long need = bytecode_need(code + at, left);
		if (need == 0 || need > left || op.no < need || op.no > left + BYTECODE_REJECT ||
		    op.no % 4 != 0 || op.yes < need || op.yes > left || op.yes % 4 != 0)
			return false;
		if (op.no < left && !bytecode_in_chain(code, length, left - op.no))
			return false;
		at += op.yes;
	}
	return at == length;
}

static inline bool bytecode_bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	return memcmp(a, b, bits / 8) == 0 &&
	       (bits % 8 == 0 ||
		((a[bits / 8] ^ b[bits / 8]) & 0xff << (8 - bits % 8) & 0xff) == 0);
}

static inline bool bytecode_condition(const uint8_t *operand, const BytecodeSocket *socket,
				      const uint8_t *address, uint16_t port)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct inet_diag_hostcond condition;
	memcpy(&condition, operand, sizeof(condition));
	operand += sizeof(condition);
	if (condition.port != -1 && condition.port != port)
		return false;
	if (condition.family == socket->family)
		return bytecode_bits_equal(address, operand, condition.prefix_len);
	return condition.family == AF_INET && socket->family == AF_INET6 &&
	       memcmp(address, mapped, sizeof(mapped)) == 0 &&
	       bytecode_bits_equal(address + sizeof(mapped), operand, condition.prefix_len);
}

static inline bool bytecode_test(const uint8_t *at, const BytecodeSocket *socket)
{
	const uint8_t *operand = at + sizeof(struct inet_diag_bc_op);
	const unsigned code = bytecode_op(at).code;
	/* A jump has none, and is the last operation at times. */
	const unsigned port = code == INET_DIAG_BC_JMP ? 0 : bytecode_op(operand).no;
	switch (code) {
	case INET_DIAG_BC_S_GE:
		return socket->local_port >= port;
	case INET_DIAG_BC_S_LE:
		return socket->local_port <= port;
	case INET_DIAG_BC_D_GE:
		return socket->remote_port >= port;
	case INET_DIAG_BC_D_LE:
		return socket->remote_port <= port;
	case INET_DIAG_BC_S_COND:
		return bytecode_condition(operand, socket, socket->local, socket->local_port);
	case INET_DIAG_BC_D_COND:
		return bytecode_condition(operand, socket, socket->remote, socket->remote_port);
	default:
		return false; /* a jump */
	}
}

/* Of a program that passed the audit; `ret_steps` may be NULL. */
static inline bool bytecode_run(const uint8_t *code, long length, const BytecodeSocket *socket,
				unsigned *ret_steps)
{
	unsigned steps = 0;
	long left = length;
	for (const uint8_t *at = code; left > 0; steps++) {
		const struct inet_diag_bc_op op = bytecode_op(at);
		const unsigned step = bytecode_test(at, socket) ? op.yes : op.no;
		left -= (long)step;
		at += step;
	}
	if (ret_steps)
		*ret_steps = steps;
	return left == 0;
}
