/* SPDX-License-Identifier: MIT */
/*
 * Memory: MemTotal and MemAvailable of /proc/meminfo (in "kB" of 1024), and of the TCP stack the
 * pages it uses (/proc/net/sockstat, which counts for the whole host even in a child namespace) and
 * the pages at which it comes under pressure (tcp_mem[1]). The default of the latter is
 * nr_free_buffer_pages()/16, net/ipv4/tcp.c:tcp_init_mem().
 *
 * Identity: the cookie of a network namespace is never reused until reboot, its inode may be, so
 * the inode is only for kernels older than 5.14. The initial namespace is known by
 * net.ipv4.tcp_mem, which the kernel registers there alone; its inode is no sign, since that is a
 * constant (NET_NS_INIT_INO, include/uapi/linux/nsfs.h) only in recent kernels.
 */
#include "daemon/kern/host.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/base.h"
#include "common/parse.h"
#include "common/text.h"
#include "daemon/kern/proc.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* asm-generic/socket.h, since 5.14 */
#endif

#define TCP_MEM "/proc/sys/net/ipv4/tcp_mem"

#define KIB                    1024
#define PRESSURE_DEFAULT_SHARE 16

/* The number after blanks; what follows it must be a blank or the end. */
static int number_at(const char *text, uint64_t *ret_value)
{
	char digits[24];
	text += strspn(text, " \t");
	size_t length = strcspn(text, " \t\n");
	if (length >= sizeof(digits))
		return -EBADMSG;
	memcpy(digits, text, length);
	digits[length] = '\0';
	return parse_uint64(digits, 0, UINT64_MAX, ret_value) < 0 ? -EBADMSG : 0;
}

/* What follows `label` at the beginning of a line, or NULL. */
static const char *line_after(const char *text, const char *label)
{
	size_t length = strlen(label);
	for (const char *line = text; line;
	     line = strchr(line, '\n'), line = line ? line + 1 : NULL)
		if (strncmp(line, label, length) == 0)
			return line + length;
	return NULL;
}

static int scaled(const char *text, uint64_t unit, uint64_t *ret_value)
{
	uint64_t value;
	if (!text || number_at(text, &value) < 0 || __builtin_mul_overflow(value, unit, &value))
		return -EBADMSG;
	*ret_value = value;
	return 0;
}

/* "TCP: inuse 1 orphan 0 tw 0 alloc 2 mem 133": by name, as columns may be added. */
static int tcp_memory(const char *sockstat, uint64_t page_size, uint64_t *ret_bytes)
{
	const char *line = line_after(sockstat, "TCP:");
	const char *end = line ? strchrnul(line, '\n') : NULL;
	const char *column = line ? strstr(line, " mem ") : NULL;
	if (!column || column > end)
		return -EBADMSG;
	return scaled(column + strlen(" mem "), page_size, ret_bytes);
}

int host_memory_parse(const char *meminfo, const char *sockstat, const char *tcp_mem,
		      uint64_t page_size, HostMemory *ret_memory)
{
	HostMemory memory = {0};
	if (scaled(line_after(meminfo, "MemTotal:"), KIB, &memory.total_bytes) < 0 ||
	    scaled(line_after(meminfo, "MemAvailable:"), KIB, &memory.available_bytes) < 0 ||
	    tcp_memory(sockstat, page_size, &memory.tcp_bytes) < 0)
		return -EBADMSG;
	if (tcp_mem) {
		const char *second = tcp_mem + strspn(tcp_mem, " \t");
		second += strcspn(second, " \t\n");
		if (scaled(second, page_size, &memory.tcp_pressure_bytes) < 0)
			return -EBADMSG;
		memory.tcp_pressure_known = true;
	} else {
		memory.tcp_pressure_bytes = memory.total_bytes / PRESSURE_DEFAULT_SHARE;
	}
	*ret_memory = memory;
	return 0;
}

int host_memory_read(HostMemory *ret_memory)
{
	char meminfo[8192], sockstat[2048], tcp_mem[128];
	size_t length;
	int r = proc_read("/proc/meminfo", meminfo, sizeof(meminfo), &length);
	if (r < 0)
		return r;
	r = proc_read("/proc/net/sockstat", sockstat, sizeof(sockstat), &length);
	if (r < 0)
		return r;
	r = proc_read(TCP_MEM, tcp_mem, sizeof(tcp_mem), &length);
	if (r < 0 && r != -ENOENT)
		return r;
	return host_memory_parse(meminfo, sockstat, r == 0 ? tcp_mem : NULL,
				 (uint64_t)sysconf(_SC_PAGESIZE), ret_memory);
}

static int netns_read(uint64_t *ret_netns)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie;
	socklen_t length = sizeof(cookie);
	if (fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) == 0 &&
	    length == sizeof(cookie)) {
		*ret_netns = cookie;
		return 0;
	}
	struct stat status;
	if (stat("/proc/self/ns/net", &status) < 0)
		return -errno;
	*ret_netns = status.st_ino;
	return 0;
}

int host_identity_read(HostIdentity *ret_identity)
{
	HostIdentity identity = {0};
	char boot_id[HOST_BOOT_ID_MAX + 8];
	size_t length;
	int r = proc_read("/proc/sys/kernel/random/boot_id", boot_id, sizeof(boot_id), &length);
	if (r < 0)
		return r;
	if (!text_copy(identity.boot_id, sizeof(identity.boot_id), text_strip(boot_id)) ||
	    strlen(identity.boot_id) != HOST_BOOT_ID_MAX - 1)
		return -EBADMSG;
	r = netns_read(&identity.netns);
	if (r < 0)
		return r;
	identity.initial_netns = access(TCP_MEM, F_OK) == 0;

	struct utsname name;
	if (uname(&name) < 0)
		return -errno;
	if (!text_copy(identity.kernel, sizeof(identity.kernel), name.release))
		return -EBADMSG;
	*ret_identity = identity;
	return 0;
}
