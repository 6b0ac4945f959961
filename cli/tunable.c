/* SPDX-License-Identifier: MIT */
#include "cli/tunable.h"

#include "cli/reply.h"

const char *tunable_setter(const Json *tunable)
{
	const char *file = json_string(json_get(tunable, "administered"));
	const char *current = json_string(json_get(tunable, "current"));

	if (!reply_true(tunable, "present"))
		return "absent";
	if (reply_is(tunable, "owner", "netopt"))
		return "netopt";
	if (reply_is(tunable, "owner", "foreign"))
		return "foreign";
	if (file)
		return file;
	return current && reply_is(tunable, "kernelDefault", current) ? "kernel" : "host";
}
