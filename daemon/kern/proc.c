/* SPDX-License-Identifier: MIT */
/*
 * Every file is opened anew at each reading: what /proc/net and /proc/sys/net show depends on the
 * network namespace at the time of open. A file that does not fit is refused rather than cut, since
 * half a table of counters would be read as a kernel that lacks the other half.
 */
#include "daemon/kern/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/base.h"

int proc_read(const char *path, char *buffer, size_t size, size_t *ret_length)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size_t length = 0;
	while (length < size) {
		ssize_t n = read(fd, buffer + length, size - length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0) {
			buffer[length] = '\0';
			*ret_length = length;
			return 0;
		}
		length += (size_t)n;
	}
	return -EMSGSIZE;
}
