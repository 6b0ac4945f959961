/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The lessons on disk: one small text file `lessons` in the state directory, replaced atomically.
 * Losing it costs time, never safety, so whatever is wrong with it is said and passed over: a
 * damaged file is set aside, one of another boot, kernel or network namespace is overwritten by the
 * next store, and one that may not be trusted (symlink, foreign owner) is left where it is.
 */
#include "daemon/kern/host.h"
#include "daemon/model/lessons.h"

#define LESSONS_FILE         "lessons"
#define LESSONS_DAMAGED_FILE "lessons.damaged"

/* Whose lessons those of this process are. */
LessonsIdentity lessons_file_identity(const HostIdentity *identity);

enum {
	LESSONS_FILE_STALE = LESSONS_STALE, /* not about this kernel */
	LESSONS_FILE_ABSENT = 2,
	LESSONS_FILE_DAMAGED = 3, /* now lessons.damaged, if the directory can be written */
};
/* Fills an empty table. 0, one of the above, or negative errno (-ELOOP, -EPERM: see durable_read);
 * but for 0 the table stays empty, and all goes on without. */
int lessons_file_load(int directory_fd, Lessons *lessons);
/* Durable when it returns 0. An empty table is no file. */
int lessons_file_store(int directory_fd, const Lessons *lessons);
