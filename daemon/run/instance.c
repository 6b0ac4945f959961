/* SPDX-License-Identifier: MIT */
/*
 * The lock file is never removed: removing it would let two processes lock two files of one name.
 */
#include "daemon/run/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "common/base.h"
#include "common/parse.h"
#include "common/text.h"

static pid_t read_holder(int fd)
{
	char text[32] = {0};
	uint64_t pid;

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	return parse_uint64(text_strip(text), 1, INT32_MAX, &pid) == 0 ? (pid_t)pid : 0;
}

int instance_acquire(int directory_fd, int *ret_fd, pid_t *ret_holder)
{
	_cleanup_close_ int fd =
		openat(directory_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	char text[32];

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return -errno;
		*ret_holder = read_holder(fd);
		return INSTANCE_HELD;
	}

	(void)text_format(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, strlen(text), 0) < 0)
		return -errno;
	*ret_fd = base_steal_fd(&fd);
	return 0;
}
