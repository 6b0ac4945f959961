/* SPDX-License-Identifier: MIT */
#include "daemon/probe/tls_context.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "common/base.h"

typedef struct TlsRoots {
	char *file; /* "" the system's; NULL: an unused row */
	struct stat status;
	uint64_t used;
	SSL_CTX *ssl;
} TlsRoots;

struct TlsContext {
	TlsRoots roots[TLS_CONTEXT_ROOTS_MAX];
	uint64_t uses;
	BIO_METHOD *method;
};

static void clear_roots(TlsRoots *roots)
{
	SSL_CTX_free(roots->ssl);
	free(roots->file);
	*roots = (TlsRoots){0};
}

int tls_context_new(TlsContext **ret_context)
{
	TlsContext *context = calloc(1, sizeof(*context));

	if (!context)
		return -ENOMEM;
	*ret_context = context;
	return 0;
}

void tls_context_free(TlsContext *context)
{
	if (!context)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(context->roots); i++)
		clear_roots(&context->roots[i]);
	BIO_meth_free(context->method);
	free(context);
}

BIO_METHOD *tls_context_method(const TlsContext *context)
{
	return context->method;
}

void tls_context_set_method(TlsContext *context, BIO_METHOD *method)
{
	assert(!context->method);
	context->method = method;
}

/* "4a6481c9.0", as c_rehash(1) names them. */
static bool is_hash_link(const char *name)
{
	return strspn(name, "0123456789abcdef") == 8 && name[8] == '.';
}

static bool system_has_hashes(void)
{
	DIR *directory = opendir(X509_get_default_cert_dir());
	const struct dirent *entry;
	bool found = false;

	if (!directory)
		return false;
	while (!found && (entry = readdir(directory)) != NULL)
		found = is_hash_link(entry->d_name);
	(void)closedir(directory); /* only read */
	return found;
}

/* Without any root nothing is trusted, which the probes will say. */
static void load_system_roots(SSL_CTX *ssl)
{
	bool elsewhere =
		getenv(X509_get_default_cert_file_env()) || getenv(X509_get_default_cert_dir_env());

	if (!elsewhere && system_has_hashes())
		(void)SSL_CTX_set_default_verify_dir(ssl);
	else
		(void)SSL_CTX_set_default_verify_paths(ssl);
}

/* OpenSSL gives no errno that could be relied on. */
static int load_file(SSL_CTX *ssl, const char *file, const char **ret_explanation)
{
	_cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0) {
		int error = errno;

		*ret_explanation = "the file of trusted roots cannot be read";
		return -error;
	}
	if (SSL_CTX_load_verify_file(ssl, file) != 1) {
		*ret_explanation = "the file of trusted roots holds no certificate in PEM form";
		return -EBADMSG;
	}
	return 0;
}

/*
 * Certificates are checked in any case, but a bad one does not break the handshake off: what to
 * make of it is the probe's to say. A server that ends the stream without a word has ended it.
 * Sessions are handed to the connection that got them (tls_socket.c), not kept here.
 */
static SSL_CTX *make_ssl(void)
{
	SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());

	if (!ssl)
		return NULL;
	SSL_CTX_set_verify(ssl, SSL_VERIFY_NONE, NULL);
	(void)SSL_CTX_set_options(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
	(void)SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	(void)SSL_CTX_set_session_cache_mode(ssl,
					     SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	return ssl;
}

static int load(TlsRoots *roots, const char *file, const char **ret_explanation)
{
	int r = 0;

	roots->file = strdup(file);
	roots->ssl = make_ssl();
	if (!roots->file || !roots->ssl) {
		*ret_explanation = "out of memory";
		return -ENOMEM;
	}
	if (*file)
		r = load_file(roots->ssl, file, ret_explanation);
	else
		load_system_roots(roots->ssl);
	return r;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The row of this file; else an empty one, else the longest unused. */
static TlsRoots *find_row(TlsContext *context, const char *file)
{
	TlsRoots *oldest = &context->roots[0];

	for (size_t i = 0; i < ARRAY_SIZE(context->roots); i++) {
		TlsRoots *roots = &context->roots[i];

		if (roots->file && strcmp(roots->file, file) == 0)
			return roots;
		if (roots->used < oldest->used)
			oldest = roots;
	}
	return oldest;
}

int tls_context_roots(TlsContext *context, const char *ca_file, SSL_CTX **ret_roots,
		      const char **ret_explanation)
{
	TlsRoots *row = find_row(context, ca_file);
	struct stat status = {0};
	int r;

	if (*ca_file && stat(ca_file, &status) < 0) {
		r = -errno;
		*ret_explanation = "the file of trusted roots cannot be read";
		return r;
	}
	if (!row->file || strcmp(row->file, ca_file) != 0 || !is_same_file(&row->status, &status)) {
		clear_roots(row);
		r = load(row, ca_file, ret_explanation);
		if (r < 0) {
			clear_roots(row);
			return r;
		}
		row->status = status;
	}
	row->used = ++context->uses;
	*ret_roots = row->ssl;
	return 0;
}
