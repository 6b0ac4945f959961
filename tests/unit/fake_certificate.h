/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Certificates made for one test: an authority, and what it signs, of P-256 keys.
 */
#include <openssl/ssl.h>

typedef struct FakeCertificate {
	X509 *x509;
	EVP_PKEY *key;
} FakeCertificate;

/* Valid from now + `first_day` to now + `last_day` days. `name` is a DNS name, or a numeric address
 * if it begins with a digit. `issuer` NULL: signed by itself, and an authority. */
FakeCertificate fake_certificate_make(const char *name, int first_day, int last_day,
				      const FakeCertificate *issuer);
void fake_certificate_free(FakeCertificate *certificate);
/* PEM, to a file. */
void fake_certificate_write(const FakeCertificate *certificate, const char *path);
/* A server's context with it. */
SSL_CTX *fake_certificate_server(const FakeCertificate *certificate);
