/* SPDX-License-Identifier: MIT */
#include "tests/net/wanlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BUFFER_BYTES   (4 << 20)
#define LINE_MAX_BYTES 256

struct wanlog {
	int fd;
	size_t n_buffered;
	char buffer[BUFFER_BYTES];
};

void wanlog_line(struct wanlog *log, const char *format, ...)
{
	va_list arguments;
	int n;

	if (log->n_buffered + LINE_MAX_BYTES > sizeof(log->buffer) && wanlog_flush(log) < 0)
		return;
	va_start(arguments, format);
	n = vsnprintf(log->buffer + log->n_buffered, LINE_MAX_BYTES, format, arguments);
	va_end(arguments);
	if (n > 0 && n < LINE_MAX_BYTES)
		log->n_buffered += (size_t)n;
}

int wanlog_flush(struct wanlog *log)
{
	size_t done = 0;

	if (!log)
		return 0;
	while (done < log->n_buffered) {
		ssize_t n = write(log->fd, log->buffer + done, log->n_buffered - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	log->n_buffered = 0;
	return 0;
}

int wanlog_new(const char *file, struct wanlog **ret_log)
{
	struct wanlog *log = calloc(1, sizeof(*log));
	int r;

	if (!log)
		return -ENOMEM;
	log->fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (log->fd < 0) {
		r = -errno;
		free(log);
		return r;
	}
	*ret_log = log;
	return 0;
}

void wanlog_free(struct wanlog *log)
{
	if (!log)
		return;
	if (wanlog_flush(log) < 0)
		fprintf(stderr, "wanlink: a record is incomplete\n");
	close(log->fd);
	free(log);
}
