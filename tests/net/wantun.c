/* SPDX-License-Identifier: MIT */
/*
 * The classic ioctl interface is enough for one device with a handful of addresses, and needs no
 * library. IFF_NO_PI: a read gives the bare IP packet. No IFF_VNET_HDR: TCP's super-packets are cut
 * into packets of the MTU by the kernel before they reach us, so that loss and the byte-limited
 * queue act on what a wire would have carried.
 *
 * The transmit queue of the device is made long, because TCP may hand over a whole window at once
 * and a packet dropped there would be a loss outside of the emulation. wantun_missed() tells.
 */
#include "tests/net/wantun.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/net/wanspec.h"

#define TX_QUEUE_PACKETS 20000 /* 30 MB: more than any window a test opens */

/* As in linux/ipv6.h, which cannot be included next to netinet/in.h. */
struct in6_request {
	struct in6_addr address;
	uint32_t prefix;
	int index;
};

static int fail(const char *what, const char *whom)
{
	int r = -errno;

	fprintf(stderr, "wanlink: %s %s: %s\n", what, whom, strerror(-r));
	return r;
}

static int enter(const char *netns)
{
	char path[256];
	uint64_t pid;
	int fd, r = 0;

	if (strchr(netns, '/'))
		(void)snprintf(path, sizeof(path), "%s", netns); /* too long: open fails */
	else if (wanspec_parse_number(netns, &pid) == 0)
		(void)snprintf(path, sizeof(path), "/proc/%s/ns/net", netns);
	else
		(void)snprintf(path, sizeof(path), "/run/netns/%s", netns);

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail("open", path);
	if (setns(fd, CLONE_NEWNET) < 0)
		r = fail("setns", path);
	close(fd);
	return r;
}

static int create(struct wantun *tun, const char *device)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	tun->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tun->fd < 0)
		return fail("open", "/dev/net/tun");
	if (ioctl(tun->fd, TUNSETIFF, &request) < 0)
		return fail("create device", device);
	(void)snprintf(tun->device, sizeof(tun->device), "%s", request.ifr_name);

	tun->counters_fd = open("/proc/thread-self/net/dev", O_RDONLY | O_CLOEXEC);
	return tun->counters_fd < 0 ? fail("open", "/proc/thread-self/net/dev") : 0;
}

static int set_ipv4(int sock, const char *device, struct in_addr address, uint64_t prefix)
{
	struct ifreq request = {0};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = address};

	if (prefix > 32)
		return -EINVAL;
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	memcpy(&request.ifr_addr, &in, sizeof(in));
	if (ioctl(sock, SIOCSIFADDR, &request) < 0)
		return -errno;
	in.sin_addr.s_addr = prefix == 0 ? 0 : htonl(UINT32_MAX << (32 - prefix));
	memcpy(&request.ifr_netmask, &in, sizeof(in));
	return ioctl(sock, SIOCSIFNETMASK, &request) < 0 ? -errno : 0;
}

static int set_ipv6(const char *device, struct in6_addr address, uint64_t prefix)
{
	struct in6_request request = {.address = address,
				      .prefix = (uint32_t)prefix,
				      .index = (int)if_nametoindex(device)};
	int sock, r;

	if (prefix > 128)
		return -EINVAL;
	sock = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	r = ioctl(sock, SIOCSIFADDR, &request) < 0 ? -errno : 0;
	close(sock);
	return r;
}

static int set_address(int sock, const char *device, const char *text)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	struct in_addr in4;
	struct in6_addr in6;
	uint64_t prefix;
	size_t length;
	int r;

	length = slash ? (size_t)(slash - text) : strlen(text);
	if (!slash || length >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, length);
	address[length] = '\0';
	r = wanspec_parse_number(slash + 1, &prefix);
	if (r < 0)
		return r;

	if (inet_pton(AF_INET, address, &in4) == 1)
		return set_ipv4(sock, device, in4, prefix);
	if (inet_pton(AF_INET6, address, &in6) == 1)
		return set_ipv6(device, in6, prefix);
	return -EINVAL;
}

static int configure(int sock, const char *device, const struct wantun_spec *spec)
{
	struct ifreq request = {0};
	int r;

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	request.ifr_mtu = (int)spec->mtu;
	if (ioctl(sock, SIOCSIFMTU, &request) < 0)
		return fail("set mtu of", device);
	request.ifr_qlen = TX_QUEUE_PACKETS;
	if (ioctl(sock, SIOCSIFTXQLEN, &request) < 0)
		return fail("set queue length of", device);
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(sock, SIOCSIFFLAGS, &request) < 0)
		return fail("bring up", device);

	for (size_t i = 0; i < spec->n_addresses; i++) {
		r = set_address(sock, device, spec->addresses[i]);
		if (r < 0) {
			errno = -r;
			return fail("set address", spec->addresses[i]);
		}
	}
	return 0;
}

int wantun_open(struct wantun *tun, const struct wantun_spec *spec)
{
	int sock, r;

	*tun = (struct wantun)WANTUN_NULL;
	r = enter(spec->netns);
	if (r == 0)
		r = create(tun, spec->device);
	if (r == 0) {
		sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (sock < 0)
			r = fail("socket for", spec->device);
		else {
			r = configure(sock, tun->device, spec);
			close(sock);
		}
	}
	if (r < 0)
		wantun_close(tun);
	return r;
}

void wantun_close(struct wantun *tun)
{
	if (tun->fd >= 0)
		close(tun->fd);
	if (tun->counters_fd >= 0)
		close(tun->counters_fd);
	*tun = (struct wantun)WANTUN_NULL;
}

uint64_t wantun_missed(const struct wantun *tun)
{
	char buffer[8192], name[sizeof(tun->device) + 2], *line, *save = NULL;
	uint64_t missed;
	ssize_t n;

	n = pread(tun->counters_fd, buffer, sizeof(buffer) - 1, 0);
	if (n < 0)
		return UINT64_MAX;
	buffer[n] = '\0';
	(void)snprintf(name, sizeof(name), "%s:", tun->device);
	line = strstr(buffer, name);
	if (!line)
		return UINT64_MAX;

	/* NAME: eight numbers of reception, then transmitted bytes, packets, errors, drops. */
	line = strchr(line, ':');
	line = line ? strtok_r(line + 1, " \n", &save) : NULL;
	for (int column = 0; line && column < 11; column++)
		line = strtok_r(NULL, " \n", &save);
	return line && wanspec_parse_number(line, &missed) == 0 ? missed : UINT64_MAX;
}
