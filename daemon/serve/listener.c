/* SPDX-License-Identifier: MIT */
/*
 * The socket is bound under a temporary name beside its place, made ready (mode, backlog) and then
 * renamed over: whoever finds the path can connect, and no moment exists in which it has a wrong
 * mode or refuses. Everybody may connect; what a client may do is decided by its credentials.
 */
#include "daemon/serve/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/text.h"

static bool is_listening(int fd)
{
	int domain = 0, type = 0, listening = 0;
	socklen_t size = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

static int adopt(int fd, Listener *ret_listener)
{
	int flags;

	if (!is_listening(fd))
		return -EINVAL;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	*ret_listener = (Listener){.fd = fd};
	return 0;
}

/* Whether a new socket may take this name: it is free, or an old socket. */
static int check_place(const char *path)
{
	struct stat there;

	if (lstat(path, &there) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISSOCK(there.st_mode) ? 0 : -EEXIST;
}

static int bind_at(int fd, const struct sockaddr_un *address)
{
	mode_t mask = umask(0177);
	int r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

	(void)umask(mask); /* cannot fail */
	return r;
}

static int prepare(int fd, const char *temporary, const char *path, struct stat *ret_status)
{
	if (listen(fd, SOMAXCONN) < 0 || chmod(temporary, 0666) < 0 ||
	    lstat(temporary, ret_status) < 0 || rename(temporary, path) < 0)
		return -errno;
	return 0;
}

static int make(const char *path, Listener *ret_listener)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_free_ char *copy = strdup(path);
	_cleanup_close_ int fd = -1;
	struct stat status;
	int r;

	if (!copy)
		return -ENOMEM;
	if (!text_format(address.sun_path, sizeof(address.sun_path), "%s.%d", path, (int)getpid()))
		return -ENAMETOOLONG;
	r = check_place(path);
	if (r == 0)
		r = check_place(address.sun_path);
	if (r < 0)
		return r;
	(void)unlink(address.sun_path); /* of a daemon that had our pid and died here */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = bind_at(fd, &address);
	if (r < 0)
		return r;
	r = prepare(fd, address.sun_path, path, &status);
	if (r < 0) {
		(void)unlink(address.sun_path); /* the error that matters is the first */
		return r;
	}
	*ret_listener = (Listener){.fd = base_steal_fd(&fd),
				   .path = STEAL(copy),
				   .device = status.st_dev,
				   .inode = status.st_ino};
	return 0;
}

int listener_open(const char *path, int fd, Listener *ret_listener)
{
	return fd >= 0 ? adopt(fd, ret_listener) : make(path, ret_listener);
}

void listener_close(Listener *listener)
{
	struct stat there;

	if (listener->fd < 0)
		return;
	if (listener->path && lstat(listener->path, &there) == 0 &&
	    there.st_dev == listener->device && there.st_ino == listener->inode)
		(void)unlink(listener->path); /* left behind, it is replaced by the next start */
	(void)close(listener->fd);
	free(listener->path);
	*listener = (Listener){.fd = -1};
}
