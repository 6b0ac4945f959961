/* SPDX-License-Identifier: MIT */
/*
 * The lock file is never removed: removing it would let two processes lock two files of one name.
 * Made by root in the state directory of a service it belongs to the service's user, who could not
 * open it otherwise.
 */
#include "daemon/run/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

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

/* Before anything is written to it. */
static int hand_over(int directory_fd, int fd)
{
	struct stat directory, lock;

	if (fstat(directory_fd, &directory) < 0 || fstat(fd, &lock) < 0)
		return -errno;
	if (!S_ISREG(lock.st_mode) || lock.st_nlink != 1)
		return -EPERM; /* also some other file, by a name made here */
	if (geteuid() != 0 || lock.st_uid == directory.st_uid)
		return 0;
	return fchown(fd, directory.st_uid, directory.st_gid) < 0 ? -errno : 0;
}

int instance_acquire(int directory_fd, int *ret_fd, pid_t *ret_holder)
{
	_cleanup_close_ int fd =
		openat(directory_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	char text[32];
	int r;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return -errno;
		*ret_holder = read_holder(fd);
		return INSTANCE_HELD;
	}

	r = hand_over(directory_fd, fd);
	if (r < 0)
		return r;
	(void)text_format(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, strlen(text), 0) < 0)
		return -errno;
	*ret_fd = base_steal_fd(&fd);
	return 0;
}
