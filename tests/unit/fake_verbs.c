/* SPDX-License-Identifier: MIT */
/* The verbs that change something: they do nothing but remember what they were asked. */
#include <errno.h>

#include "tests/unit/fake_daemon.h"

static int answer(FakeDaemon *daemon, Text *message)
{
	text_append(message, daemon->message);
	return daemon->status;
}

static int fake_revert(void *context, uint64_t change_id, Text *message)
{
	FakeDaemon *daemon = context;

	daemon->reverts++;
	daemon->reverted_id = change_id;
	if (change_id > 0 && !engine_change_find(&daemon->engine, change_id))
		return -ENOENT;
	return answer(daemon, message);
}

static int fake_release(void *context, TunableId id, const Address *destination, Text *message)
{
	FakeDaemon *daemon = context;

	daemon->releases++;
	daemon->released = id;
	daemon->released_destination = *destination;
	return answer(daemon, message);
}

static int fake_pause(void *context, uint64_t duration_ns, Text *message)
{
	FakeDaemon *daemon = context;

	daemon->pauses++;
	daemon->paused_ns = duration_ns;
	return answer(daemon, message);
}

static int fake_resume(void *context, Text *message)
{
	FakeDaemon *daemon = context;

	daemon->resumes++;
	return answer(daemon, message);
}

static int fake_reload(void *context, Text *message)
{
	FakeDaemon *daemon = context;

	daemon->reloads++;
	return answer(daemon, message);
}

static int fake_trial_aa(void *context, const Address *path, unsigned pairs, Text *message)
{
	FakeDaemon *daemon = context;

	daemon->trials++;
	daemon->trial_path = *path;
	daemon->trial_pairs = pairs;
	return answer(daemon, message);
}

void fake_verbs(ControlOps *ops)
{
	ops->revert = fake_revert;
	ops->release = fake_release;
	ops->pause = fake_pause;
	ops->resume = fake_resume;
	ops->reload = fake_reload;
	ops->trial_aa = fake_trial_aa;
}
