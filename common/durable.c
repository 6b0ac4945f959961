/* SPDX-License-Identifier: MIT */
/*
 * Replace a file so that a power cut leaves the old one or the new one.
 *
 * The order is the whole point: write beside, fsync the file, rename, fsync the directory. Without
 * the first fsync a rename may reach the disk before the data (an empty file after the cut),
 * without the second the rename itself may be lost after we reported success.
 *
 * The temporary name is fixed (".NAME.tmp"), so a crash leaves at most one, and the next replace
 * removes it first; O_EXCL then guarantees that we write into a file of our own making, whatever
 * link somebody left there. One writer per directory is the caller's business (the daemon's lock).
 *
 * A service has its state directory under its own user, and yet root must be able to read and
 * replace what is in it, when the service cannot run any more, without locking it out of its own
 * files afterwards. Hence the two rules about the directory's owner.
 */
#include "common/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base.h"
#include "common/text.h"

static int sync_fd(int fd)
{
	int r;

	do
		r = fsync(fd);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int write_all(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, data, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		data += n;
		length -= (size_t)n;
	}
	return 0;
}

/* A file that root creates belongs to the owner of the directory. */
static int hand_over(int directory_fd, int fd)
{
	struct stat directory;

	if (geteuid() != 0)
		return 0;
	if (fstat(directory_fd, &directory) < 0)
		return -errno;
	if (directory.st_uid == 0)
		return 0;
	return fchown(fd, directory.st_uid, directory.st_gid) < 0 ? -errno : 0;
}

/* Creates the temporary file, complete and on disk. The caller removes it if this fails. */
static int write_temporary(int directory_fd, const char *temporary, const void *data, size_t length,
			   mode_t mode)
{
	int r;
	_cleanup_close_ int fd =
		openat(directory_fd, temporary,
		       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);

	if (fd < 0)
		return -errno;
	/* Not by openat(): the umask is the process's, the mode is the caller's. */
	if (fchmod(fd, mode) < 0)
		return -errno;

	r = hand_over(directory_fd, fd);
	if (r < 0)
		return r;
	r = write_all(fd, data, length);
	if (r < 0)
		return r;
	r = sync_fd(fd);
	if (r < 0)
		return r;
	/* Some file systems report a full disk only here. */
	return close(base_steal_fd(&fd)) < 0 ? -errno : 0;
}

int durable_replace(int directory_fd, const char *name, const void *data, size_t length,
		    mode_t mode)
{
	char temporary[NAME_MAX + 1];
	int r;

	assert(!strchr(name, '/'));
	if (!text_format(temporary, sizeof(temporary), ".%s.tmp", name))
		return -ENAMETOOLONG;

	if (unlinkat(directory_fd, temporary, 0) < 0 && errno != ENOENT)
		return -errno;

	r = write_temporary(directory_fd, temporary, data, length, mode);
	if (r == 0 && renameat(directory_fd, temporary, directory_fd, name) < 0)
		r = -errno;
	if (r < 0) {
		/* Best effort: the first error is the one to report, and the next replace
		 * removes what stays. */
		(void)unlinkat(directory_fd, temporary, 0);
		return r;
	}
	return sync_fd(directory_fd);
}

/* Whether nobody but root, us and the owner of a directory which nobody else can write to can have
 * written, or can change, what we are about to trust. */
static bool is_trustworthy(const struct stat *st, const struct stat *directory)
{
	const mode_t others = S_IWGRP | S_IWOTH;
	bool owner = st->st_uid == 0 || st->st_uid == geteuid() ||
		     (st->st_uid == directory->st_uid && (directory->st_mode & others) == 0);

	return S_ISREG(st->st_mode) && st->st_nlink == 1 && owner && (st->st_mode & others) == 0;
}

/* Reads up to `size` bytes; fewer if the file ends before. */
static int read_all(int fd, char *buffer, size_t size, size_t *ret_length)
{
	size_t length = 0;

	while (length < size) {
		ssize_t n = read(fd, buffer + length, size - length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		length += (size_t)n;
	}
	*ret_length = length;
	return 0;
}

int durable_read(int directory_fd, const char *name, size_t maximum, char **ret_data,
		 size_t *ret_length)
{
	struct stat st, directory;
	size_t length = 0;
	int r;

	/* O_NONBLOCK: a FIFO of this name must not hang us; it means nothing for regular files. */
	_cleanup_close_ int fd = openat(directory_fd, name,
					O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENXIO ? -EPERM : -errno; /* ENXIO: a socket */
	if (fstat(fd, &st) < 0 || fstat(directory_fd, &directory) < 0)
		return -errno;
	if (!is_trustworthy(&st, &directory))
		return -EPERM;
	if ((uint64_t)st.st_size > maximum)
		return -EFBIG;

	/* The size at fstat() is the file: ours are only ever replaced, never grown. */
	_cleanup_free_ char *data = malloc((size_t)st.st_size + 1);
	if (!data)
		return -ENOMEM;
	r = read_all(fd, data, (size_t)st.st_size, &length);
	if (r < 0)
		return r;

	data[length] = '\0';
	*ret_data = STEAL(data);
	*ret_length = length;
	return 0;
}

int durable_remove(int directory_fd, const char *name)
{
	if (unlinkat(directory_fd, name, 0) < 0 && errno != ENOENT)
		return -errno;
	/* Also when it was absent: a removal before a crash may not have reached the disk. */
	return sync_fd(directory_fd);
}
