/* SPDX-License-Identifier: MIT */
/*
 * A key is a path with dots for slashes, opened below /proc/sys and nowhere else: it must start
 * with "net.", hold only [a-z0-9_.-] and no empty component, and is opened with O_NOFOLLOW, so
 * neither "..", an absolute path nor a link can lead out. (A key whose component itself has a dot,
 * as an interface "eth0.1", cannot be named; none that we touch has one.)
 *
 * Every access opens anew: /proc/sys/net shows the network namespace of the thread that opens, and
 * a descriptor kept would go on showing the old one.
 */
#include "daemon/kern/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base.h"

#define ROOT         "/proc/sys"
#define KEY_PATH_MAX 128

static int path_of(const char *key, char *path, size_t size)
{
	size_t length = strlen(key);
	if (strncmp(key, "net.", 4) != 0 || length >= size)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		char c = key[i];
		bool word =
			(c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
		if (!word && (c != '.' || key[i + 1] == '.' || key[i + 1] == '\0'))
			return -EINVAL;
		path[i] = c == '.' ? '/' : c;
	}
	path[length] = '\0';
	return 0;
}

static int root_open(int *ret_fd)
{
	int fd = open(ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int key_open(const char *key, int flags, int *ret_fd)
{
	char path[KEY_PATH_MAX];
	int r = path_of(key, path, sizeof(path));
	if (r < 0)
		return r;
	_cleanup_close_ int root = -1;
	r = root_open(&root);
	if (r < 0)
		return r;
	int fd = openat(root, path, flags | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int kernel_read(void *context, const char *key, char *buffer, size_t size)
{
	(void)context; /* the kernel has one tree */
	_cleanup_close_ int fd = -1;
	int r = key_open(key, O_RDONLY, &fd);
	if (r < 0)
		return r;
	/* One byte more than may be returned tells a value that fits from one that was cut; sysctl
	 * files give all they have in one read. */
	char value[SYSCTL_VALUE_MAX + 2];
	ssize_t n = read(fd, value, sizeof(value));
	if (n < 0)
		return -errno;
	if (n > 0 && value[n - 1] == '\n')
		n--;
	if ((size_t)n >= MIN(size, sizeof(value) - 1))
		return -EMSGSIZE;
	memcpy(buffer, value, (size_t)n);
	buffer[n] = '\0';
	return 0;
}

static int kernel_write(void *context, const char *key, const char *value)
{
	(void)context; /* the kernel has one tree */
	char line[SYSCTL_VALUE_MAX + 2];
	size_t length = strlen(value);
	if (length + 1 > SYSCTL_VALUE_MAX)
		return -EMSGSIZE;
	memcpy(line, value, length);
	line[length++] = '\n';

	_cleanup_close_ int fd = -1;
	int r = key_open(key, O_WRONLY, &fd);
	if (r < 0)
		return r;
	ssize_t n = write(fd, line, length);
	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -EIO;
}

static bool kernel_writable(void *context, const char *key)
{
	(void)context; /* the kernel has one tree */
	char path[KEY_PATH_MAX];
	_cleanup_close_ int root = -1;
	if (path_of(key, path, sizeof(path)) < 0 || root_open(&root) < 0)
		return false;
	/* AT_EACCESS, or the answer would be without our capabilities when not run by root. */
	return faccessat(root, path, W_OK, AT_EACCESS) == 0;
}

const SysctlOps sysctl_kernel = {kernel_read, kernel_write, kernel_writable, NULL};

int sysctl_read(const SysctlOps *ops, const char *key, char *buffer, size_t size)
{
	return ops->read(ops->context, key, buffer, size);
}

bool sysctl_writable(const SysctlOps *ops, const char *key)
{
	return ops->writable(ops->context, key);
}

int sysctl_write_verified(const SysctlOps *ops, const char *key, const char *value, char *readback)
{
	int written = ops->write(ops->context, key, value);
	char now[SYSCTL_VALUE_MAX];
	int r = ops->read(ops->context, key, now, sizeof(now));
	(void)snprintf(readback, SYSCTL_VALUE_MAX, "%s", r < 0 ? "" : now); /* same size: it fits */
	if (written < 0)
		return written;
	/* It took the write, but what it holds is not known: nobody may call that a success. */
	if (r < 0)
		return r;
	return sysctl_values_equal(now, value) ? 0 : SYSCTL_DIFFERS;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static const char *skip_blanks(const char *text)
{
	while (is_blank(*text))
		text++;
	return text;
}

bool sysctl_values_equal(const char *a, const char *b)
{
	a = skip_blanks(a);
	b = skip_blanks(b);
	while (*a && *b) {
		if (is_blank(*a) && is_blank(*b)) {
			a = skip_blanks(a);
			b = skip_blanks(b);
		} else if (*a++ != *b++) {
			return false;
		}
	}
	return *skip_blanks(a) == '\0' && *skip_blanks(b) == '\0';
}
