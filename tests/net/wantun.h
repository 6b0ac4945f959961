/* SPDX-License-Identifier: MIT */
/*
 * One end of the link: a TUN device inside a network namespace, with addresses, up. The device is
 * not persistent: it exists as long as the file descriptor, so nothing is left behind however the
 * process dies.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define WANTUN_ADDRESSES_MAX 8

struct wantun_spec {
	const char *netns; /* a name in /run/netns, a process id, or a path */
	const char *device;
	const char *addresses[WANTUN_ADDRESSES_MAX]; /* "10.0.0.1/24", "fd00::1/64" */
	size_t n_addresses;
	unsigned mtu;
};

struct wantun {
	int fd;          /* non-blocking; one packet for each read(2) and write(2) */
	int counters_fd; /* /proc/net/dev of its namespace */
	char device[16];
};

#define WANTUN_NULL                                                                                \
	{                                                                                          \
		.fd = -1, .counters_fd = -1                                                        \
	}

/*
 * Returns 0 or a negative errno, after a line on stderr that says what failed. The calling thread
 * is left in the namespace of the device.
 */
int wantun_open(struct wantun *tun, const struct wantun_spec *spec);
void wantun_close(struct wantun *tun);

/*
 * Packets the kernel dropped because we did not read fast enough: loss that the link did not mean.
 * Returns UINT64_MAX if it cannot be known.
 */
uint64_t wantun_missed(const struct wantun *tun);
