/* SPDX-License-Identifier: MIT */
#include "daemon/remember.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/log.h"
#include "daemon/tune/lessons_file.h"

struct Remember {
	int directory_fd;
	Lessons *lessons;
	uint64_t stored; /* generation that is on disk */
	bool failing;    /* the last store failed, and it was said */
};

static void load(Remember *remember, uint64_t realtime_ns)
{
	int r = lessons_file_load(remember->directory_fd, remember->lessons);

	if (r == LESSONS_FILE_DAMAGED)
		log_warning("what was learned before is lost: the file was damaged, and is "
			    "now " LESSONS_DAMAGED_FILE);
	else if (r == LESSONS_FILE_STALE)
		log_info("what was learned under another boot, kernel or network namespace is not "
			 "used");
	else if (r < 0)
		log_warning("what was learned before cannot be read: %s", strerror(-r));
	if (r != 0)
		return;
	remember->stored = lessons_generation(remember->lessons);
	(void)lessons_forget_old(remember->lessons, realtime_ns);
	log_info("%zu lessons of earlier trials are known", lessons_count(remember->lessons));
}

int remember_new(int state_directory_fd, const HostIdentity *identity, uint64_t realtime_ns,
		 Remember **ret_remember)
{
	LessonsIdentity whose = lessons_file_identity(identity);
	Remember *remember = calloc(1, sizeof(*remember));
	int r;

	if (!remember)
		return -ENOMEM;
	remember->directory_fd = state_directory_fd;
	r = lessons_new(&whose, &remember->lessons);
	if (r < 0) {
		free(remember);
		return r;
	}
	if (state_directory_fd >= 0)
		load(remember, realtime_ns);
	*ret_remember = remember;
	return 0;
}

void remember_free(Remember *remember)
{
	if (!remember)
		return;
	lessons_free(remember->lessons);
	free(remember);
}

Lessons *remember_lessons(Remember *remember)
{
	return remember->lessons;
}

void remember_store(Remember *remember, uint64_t realtime_ns, bool last)
{
	bool wanted = lessons_generation(remember->lessons) != remember->stored ||
		      (last && remember->failing);
	int r;

	if (remember->directory_fd < 0 || !wanted)
		return;
	(void)lessons_forget_old(remember->lessons, realtime_ns);
	r = lessons_file_store(remember->directory_fd, remember->lessons);
	remember->stored = lessons_generation(remember->lessons);
	if (r < 0 && !remember->failing)
		log_warning("what was learned cannot be stored, and is lost with the next stop: %s",
			    strerror(-r));
	remember->failing = r < 0;
}
