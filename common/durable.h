/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Files that survive power cuts: written beside, fsync'd, renamed, directory fsync'd.
 * A reader sees the old contents or the new, never a mixture. After 0 the data is on disk.
 *
 * Directories are given by a descriptor opened for reading (not O_PATH: they must be fsync'd);
 * `name` is one component. One writer per directory.
 */
#include <stddef.h>
#include <sys/types.h>

/* Creates/replaces `name` in the directory; if root does, for the directory's owner. Negative errno
 * (ENOSPC, EROFS, EIO …): the old file is still there, the temporary one is gone. The one exception
 * is a failing fsync of the directory: the new file is in place, but may not survive a power cut.
 */
int durable_replace(int directory_fd, const char *name, const void *data, size_t length,
		    mode_t mode);

/*
 * Reads a whole regular file. The caller frees *ret_data (NUL-terminated beyond length). -ENOENT if
 * absent; -ELOOP for a symlink; -EPERM if it is not a regular file with one link, owned by us (the
 * effective uid), by root or by the owner of the directory (unless group or others can write to
 * that), or is writable by group or others; -EFBIG if larger than maximum.
 */
int durable_read(int directory_fd, const char *name, size_t maximum, char **ret_data,
		 size_t *ret_length);

/* Removes and makes the removal durable; 0 if it was absent already. */
int durable_remove(int directory_fd, const char *name);
