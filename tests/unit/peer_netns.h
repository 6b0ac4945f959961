/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A host at the other end of a link, in a network namespace of its own, for a test that is in one
 * (own_netns.h). Here: eth0 with 192.0.2.2/24 and 2001:db8::2/64, and a default route to the far
 * end, 192.0.2.1 and 2001:db8::1, which also is each address of 198.51.100.0/24 and 2001:db8:1::/64
 * and accepts TCP connections on port 7, of which it reads what comes.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "tests/unit/own_netns.h"

#define PEER_PORT 7

/* Pipes of the peer's process: when this end closes it goes. */
typedef struct Peer {
	pid_t pid;
} Peer;

static int peer_listen(void)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(PEER_PORT)};
	int fd = socket(AF_INET6, SOCK_STREAM, 0), off = 0;

	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(fd, 64) < 0)
		_exit(1);
	return fd;
}

static void peer_serve(int listener)
{
	struct pollfd fds[64] = {{.fd = listener, .events = POLLIN}};
	nfds_t n = 1;
	char buffer[65536];

	while (poll(fds, n, -1) >= 0) {
		for (nfds_t i = n - 1; i > 0; i--)
			if (fds[i].revents && read(fds[i].fd, buffer, sizeof(buffer)) <= 0) {
				close(fds[i].fd);
				fds[i] = fds[--n];
			}
		if (fds[0].revents && n < 64)
			fds[n++] = (struct pollfd){.fd = accept(listener, NULL, NULL),
						   .events = POLLIN};
	}
	_exit(0);
}

/* In the child: the far end, as soon as the link is there. */
static void peer_main(int ready, int go)
{
	char byte = 0;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET) < 0 || write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 1)
		_exit(1);
	(void)own_netns_write("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
	(void)own_netns_write("/proc/sys/net/ipv6/conf/all/accept_dad", "0");
	if (!own_netns_run("ip link set lo up") || !own_netns_run("ip link set far0 up") ||
	    !own_netns_run("ip address add 192.0.2.1/24 dev far0") ||
	    !own_netns_run("ip address add 192.0.2.9/24 dev far0") ||
	    !own_netns_run("ip address add 2001:db8::1/64 dev far0 nodad") ||
	    !own_netns_run("ip address add 2001:db8::9/64 dev far0 nodad") ||
	    !own_netns_run("ip route add local 198.51.100.0/24 dev lo") ||
	    !own_netns_run("ip -6 route add local 2001:db8:1::/64 dev lo"))
		_exit(1);
	int listener = peer_listen();
	if (write(ready, &byte, 1) != 1)
		_exit(1);
	peer_serve(listener);
}

/* False: not allowed here. */
__attribute__((unused)) static bool peer_netns_make(Peer *ret_peer)
{
	int ready[2], go[2];
	char byte, command[96];

	if (!own_netns_enter() || pipe(ready) < 0 || pipe(go) < 0)
		return false;
	(void)own_netns_write("/proc/sys/net/ipv6/conf/default/addr_gen_mode", "1");
	(void)own_netns_write("/proc/sys/net/ipv6/conf/default/router_solicitations", "0");
	(void)own_netns_write("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
	pid_t pid = fork();
	if (pid == 0)
		peer_main(ready[1], go[0]);
	close(ready[1]);
	close(go[0]);
	if (pid < 0 || read(ready[0], &byte, 1) != 1)
		return false;
	(void)snprintf(command, sizeof(command),
		       "ip link add eth0 type veth peer name far0 netns %d", (int)pid);
	if (!own_netns_run("ip link set lo up") || !own_netns_run(command) ||
	    !own_netns_run("ip link set eth0 up") ||
	    !own_netns_run("ip address add 192.0.2.2/24 dev eth0") ||
	    !own_netns_run("ip address add 2001:db8::2/64 dev eth0 nodad") ||
	    !own_netns_run("ip route add default via 192.0.2.1") ||
	    !own_netns_run("ip -6 route add default via 2001:db8::1") || write(go[1], "", 1) != 1 ||
	    read(ready[0], &byte, 1) != 1)
		return false;
	close(ready[0]);
	close(go[1]);
	*ret_peer = (Peer){pid};
	return true;
}

__attribute__((unused)) static void peer_netns_end(const Peer *peer)
{
	(void)kill(peer->pid, SIGKILL);
	(void)waitpid(peer->pid, NULL, 0);
}
