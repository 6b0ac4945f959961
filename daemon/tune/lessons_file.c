/* SPDX-License-Identifier: MIT */
#include "daemon/tune/lessons_file.h"

#include <errno.h>
#include <stdio.h>

#include "common/base.h"
#include "common/durable.h"
#include "common/text.h"

LessonsIdentity lessons_file_identity(const HostIdentity *identity)
{
	LessonsIdentity of = {.netns = identity->netns};

	/* What does not fit is no boot id; storing will say so. */
	(void)text_copy(of.boot_id, sizeof(of.boot_id), identity->boot_id);
	(void)text_copy(of.kernel, sizeof(of.kernel), identity->kernel);
	return of;
}

int lessons_file_load(int directory_fd, Lessons *lessons)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	int r = durable_read(directory_fd, LESSONS_FILE, LESSONS_SIZE_MAX, &text, &length);

	if (r == -ENOENT)
		return LESSONS_FILE_ABSENT;
	if (r == 0)
		r = lessons_decode(lessons, text, length);
	if (r != -EBADMSG && r != -EFBIG)
		return r;
	/* If it cannot be set aside, it is found damaged again, and as little believed. */
	(void)renameat(directory_fd, LESSONS_FILE, directory_fd, LESSONS_DAMAGED_FILE);
	return LESSONS_FILE_DAMAGED;
}

int lessons_file_store(int directory_fd, const Lessons *lessons)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	int r;

	if (lessons_count(lessons) == 0)
		return durable_remove(directory_fd, LESSONS_FILE);
	r = lessons_encode(lessons, &text, &length);
	if (r < 0)
		return r;
	return durable_replace(directory_fd, LESSONS_FILE, text, length, 0600);
}
