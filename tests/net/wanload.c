/* SPDX-License-Identifier: MIT */
/*
 * wanload: plain TCP transfers, for tests of a path and of what was tuned on it.
 *
 *   wanload sink --listen ADDR:PORT [--serve BYTES|SECONDSs]     accepts, discards (or sends)
 *   wanload accept --listen ADDR:PORT --count N [--gap S]        N plain listeners, port by port;
 *                                     with a gap they look only that often, and hold nobody up
 *   wanload send --connect ADDR:PORT --seconds S --repeat N --gap S [--congestion CC]
 *   wanload recv --connect ADDR:PORT --seconds S --repeat N --gap S
 *   wanload burst --connect ADDR:PORT --bytes B --gap S --repeat N [--count N] [--warm S]
 *              [--then B]             so many bytes after each pause, N times on a connection;
 *                                     on every other connection --then so many
 *
 * Each transfer is a new connection, because buffers and congestion control take effect on new
 * ones, and prints one JSON line when it is over; --repeat 0 goes on until it is killed. It is its
 * own small program and not iperf3, as that has a control connection which shows up among the
 * flows that the daemon under test observes, and as goodput here means bytes the receiver
 * acknowledged within the time, not bytes that fit into a send buffer.
 *
 * This file is the command line; wanload-server.c and wanload-client.c are the two halves,
 * wanload-burst.c a client for what is small.
 */
#include "tests/net/wanload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/net/wanspec.h"

const uint8_t wanload_zeros[WANLOAD_CHUNK];

uint64_t wanload_clock_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static const struct mode {
	const char *name;
	int (*run)(const struct wanload_options *options);
} modes[] = {
	{"sink", wanload_serve},   {"accept", wanload_accept}, {"send", wanload_send},
	{"recv", wanload_receive}, {"burst", wanload_burst},
};

/* "10.0.0.1:80" or "[fd00::1]:80" */
static int parse_address(const char *text, struct wanload_address *ret)
{
	struct wanload_address address = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&address.storage;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address.storage;
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	size_t length = colon ? (size_t)(colon - text) : sizeof(host);
	uint64_t port;

	if (length >= sizeof(host) || wanspec_parse_number(colon + 1, &port) < 0 || port > 65535)
		return -EINVAL;
	memcpy(host, text, length);
	host[length] = '\0';

	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		address.length = sizeof(*in);
	} else if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
		host[length - 1] = '\0';
		if (inet_pton(AF_INET6, host + 1, &in6->sin6_addr) != 1)
			return -EINVAL;
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		address.length = sizeof(*in6);
	} else
		return -EINVAL;
	*ret = address;
	return 0;
}

static int parse_serve(const char *text, struct wanload_options *options)
{
	size_t length = strlen(text);

	if (length > 0 && text[length - 1] == 's')
		return wanspec_parse_time(text, &options->serve_ns);
	return wanspec_parse_count(text, &options->serve_bytes);
}

/* Seconds with an optional unit: "6", "0.2", "200ms". */
static int parse_seconds(const char *text, uint64_t *ret_ns)
{
	char with_unit[32];
	int n = snprintf(with_unit, sizeof(with_unit), "%ss", text);

	if (wanspec_parse_time(text, ret_ns) == 0)
		return 0;
	return n < (int)sizeof(with_unit) ? wanspec_parse_time(with_unit, ret_ns) : -EINVAL;
}

static int set_option(struct wanload_options *options, const char *word, const char *value)
{
	if (strcmp(word, "--listen") == 0 || strcmp(word, "--connect") == 0)
		return parse_address(value, &options->address);
	if (strcmp(word, "--serve") == 0)
		return parse_serve(value, options);
	if (strcmp(word, "--seconds") == 0)
		return parse_seconds(value, &options->seconds_ns);
	if (strcmp(word, "--gap") == 0)
		return parse_seconds(value, &options->gap_ns);
	if (strcmp(word, "--warm") == 0)
		return parse_seconds(value, &options->warm_ns);
	if (strcmp(word, "--bytes") == 0)
		return wanspec_parse_count(value, &options->bytes);
	if (strcmp(word, "--then") == 0)
		return wanspec_parse_count(value, &options->then_bytes);
	if (strcmp(word, "--repeat") == 0)
		return wanspec_parse_number(value, &options->repeat);
	if (strcmp(word, "--count") == 0)
		return wanspec_parse_number(value, &options->count);
	if (strcmp(word, "--congestion") == 0) {
		options->congestion = value;
		return 0;
	}
	return -ENOENT;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: wanload sink --listen ADDR:PORT [--serve BYTES|SECONDSs]\n"
		"       wanload accept --listen ADDR:PORT [--count N] [--gap S]\n"
		"       wanload send|recv --connect ADDR:PORT [--seconds S] [--repeat N]\n"
		"                         [--gap S] [--congestion CC]\n"
		"       wanload burst --connect ADDR:PORT --bytes B [--gap S] [--repeat N]\n"
		"                     [--count N] [--warm S] [--congestion CC]\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct wanload_options options = {.seconds_ns = 6000000000ULL, .repeat = 1, .count = 1};
	const struct mode *mode = NULL;

	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].name, argv[1]) == 0)
			mode = &modes[i];
	if (!mode)
		return usage();
	for (int i = 2; i < argc; i += 2)
		if (i + 1 == argc || set_option(&options, argv[i], argv[i + 1]) < 0) {
			fprintf(stderr, "wanload: bad option or value: %s\n", argv[i]);
			return usage();
		}
	if (options.address.length == 0 || (mode->run == wanload_burst && options.bytes == 0))
		return usage();

	(void)signal(SIGPIPE, SIG_IGN); /* cannot fail with a valid signal */
	return mode->run(&options);
}
