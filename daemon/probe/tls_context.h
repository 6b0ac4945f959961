/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What all TLS probes share: OpenSSL itself, and the trusted roots. Made by the first TLS probe of
 * the process; nothing initialises OpenSSL before.
 *
 * Roots are kept for each file of them, a few files at most, and read again when the file changes.
 * The system's are looked up one by one in the directory of hashes, where there is one: reading all
 * of them would cost megabytes that nobody shares.
 */
#include <stddef.h>

#include "daemon/probe/kind.h"

#define TLS_CONTEXT_ROOTS_MAX 8 /* the longest unused goes first */

struct ssl_ctx_st;
struct bio_method_st;

/* -ENOMEM */
int tls_context_new(TlsContext **ret_context);
/* NULL is fine. */
void tls_context_free(TlsContext *context);
/* The OpenSSL context that trusts the roots of a PEM file, or the system's (""). Borrowed; a
 * connection keeps what it needs. Negative errno, with the reason in ret_explanation (static):
 * -ENOENT and the like, -EBADMSG no certificate in it, -ENOMEM. */
int tls_context_roots(TlsContext *context, const char *ca_file, struct ssl_ctx_st **ret_roots,
		      const char **ret_explanation);
/* The transport of tls_socket.c, of which one is enough; NULL until tls_context_set_method(). */
struct bio_method_st *tls_context_method(const TlsContext *context);
/* The context owns it from now on. */
void tls_context_set_method(TlsContext *context, struct bio_method_st *method);
