/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_certificate.h"

#include <ctype.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "common/base.h"

static void add_extension(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert(extension && X509_add_ext(x509, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

static void set_name(X509 *x509, const char *name)
{
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
}

FakeCertificate fake_certificate_make(const char *name, int first_day, int last_day,
				      const FakeCertificate *issuer)
{
	static long serial = 1;
	FakeCertificate made = {.x509 = X509_new(), .key = EVP_EC_gen("P-256")};
	char alternative[128];

	assert(made.x509 && made.key);
	X509_set_version(made.x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(made.x509), serial++);
	X509_time_adj_ex(X509_getm_notBefore(made.x509), first_day, 0, NULL);
	/* An hour more, so that whole days do not depend on the second. */
	X509_time_adj_ex(X509_getm_notAfter(made.x509), last_day, 3600, NULL);
	X509_set_pubkey(made.x509, made.key);
	set_name(made.x509, name);
	X509_set_issuer_name(made.x509, X509_get_subject_name(issuer ? issuer->x509 : made.x509));
	(void)snprintf(alternative, sizeof(alternative), "%s:%s",
		       isdigit((unsigned char)*name) ? "IP" : "DNS", name);
	add_extension(made.x509, NID_subject_alt_name, alternative);
	add_extension(made.x509, NID_basic_constraints,
		      issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
	assert(X509_sign(made.x509, issuer ? issuer->key : made.key, EVP_sha256()) > 0);
	return made;
}

void fake_certificate_free(FakeCertificate *certificate)
{
	X509_free(certificate->x509);
	EVP_PKEY_free(certificate->key);
	*certificate = (FakeCertificate){0};
}

void fake_certificate_write(const FakeCertificate *certificate, const char *path)
{
	FILE *file = fopen(path, "we");

	assert(file && PEM_write_X509(file, certificate->x509) == 1);
	fclose(file);
}

/* Takes the client's first choice among what both speak. */
static int select_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_length,
		       const unsigned char *offered, unsigned length, void *context)
{
	static const unsigned char ours[] = "\x02h2\x08http/1.1";
	int r = SSL_select_next_proto((unsigned char **)ret, ret_length, ours, sizeof(ours) - 1,
				      offered, length);

	(void)ssl;
	(void)context;
	return r == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

SSL_CTX *fake_certificate_server(const FakeCertificate *certificate)
{
	SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());

	assert(ssl);
	assert(SSL_CTX_use_certificate(ssl, certificate->x509) == 1);
	assert(SSL_CTX_use_PrivateKey(ssl, certificate->key) == 1);
	SSL_CTX_set_alpn_select_cb(ssl, select_alpn, NULL);
	return ssl;
}
