/* SPDX-License-Identifier: MIT */
#include "daemon/answer.h"

#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "daemon/operate.h"
#include "daemon/verify.h"

static int advise(void *context, EngineAdvice **ret, size_t *ret_n)
{
	Root *root = context;
	Snapshot snapshot;

	cycle_look(root->cycle, &snapshot);
	return engine_advise(root->engine, &snapshot, ret, ret_n);
}

static size_t reasons(void *context, const Path *path, TunableId id,
		      EngineReason ret[ENGINE_REASONS_MAX])
{
	Root *root = context;
	Snapshot snapshot;

	cycle_look(root->cycle, &snapshot);
	return engine_reasons(root->engine, &snapshot, path, id, ret);
}

static int apply(void *context, uint64_t id, Text *message)
{
	Root *root = context;
	char reason[256] = "";
	EngineAction action;
	Snapshot snapshot;
	int r;

	if (root->options->dry_run || root->tuning_reason[0]) {
		text_appendf(message, "nothing can be written: %s",
			     root->options->dry_run ? "--dry-run" : root->tuning_reason);
		return -EPERM;
	}
	cycle_look(root->cycle, &snapshot);
	r = engine_apply(root->engine, &snapshot, id, &action, reason, sizeof(reason));
	text_append(message, reason);
	if (r < 0)
		return r;
	log_notice("asked for by an operator: %s", reason);
	r = cycle_execute(root->cycle, &action);
	cycle_poke(root->cycle);
	operate_status(root);
	if (r != 0)
		text_append(message, "; its first write failed");
	return 0; /* the record says what became of it */
}

static int hold(void *context, uint64_t id, uint64_t duration_ns, Text *message)
{
	Root *root = context;
	uint64_t now_ns = clock_monotonic_ns(&clock_system);
	uint64_t until_ns =
		duration_ns == 0 || duration_ns == UINT64_MAX ? duration_ns : now_ns + duration_ns;
	char reason[256] = "";
	EngineAction action;
	int r = engine_hold_change(root->engine, id, until_ns, now_ns,
				   clock_realtime_ns(&clock_system), &action, reason,
				   sizeof(reason));

	text_append(message, reason);
	if (r < 0)
		return r;
	log_notice("%s", reason);
	(void)cycle_execute(root->cycle, &action); /* the engine was told */
	operate_status(root);
	return 0;
}

static int set_log_level(void *context, int level, Text *message)
{
	Root *root = context;

	log_notice("the log level is %s from now on", log_level_name(level));
	log_set_level(level);
	root->log_level_asked = true;
	text_appendf(message, "the log level is %s until the next start", log_level_name(level));
	return 0;
}

static int verify(void *context, Verification *ret)
{
	return verify_live(context, ret);
}

void answer_ops(ControlOps *ops)
{
	ops->advise = advise;
	ops->reasons = reasons;
	ops->apply = apply;
	ops->hold = hold;
	ops->set_log_level = set_log_level;
	ops->verify = verify;
}
