/* SPDX-License-Identifier: MIT */
#include "cli/steer.h"

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "common/clock.h"
#include "common/interface.h"
#include "common/parse.h"

int steer(const Settings *settings, const char *method, Json *parameters)
{
	_cleanup_json_ Json *reply = NULL;
	Text text = {.data = NULL};
	const char *message;
	int r = client_call_once(settings, method, parameters, &reply);

	if (r != CLI_OK)
		return r;
	if (settings->format != FORMAT_TEXT)
		return output_json(settings, reply);
	message = json_string(json_get(reply, "message"));
	if (settings->quiet || !message || !*message)
		return CLI_OK;
	output_append(settings, &text, STYLE_PLAIN, message);
	text_append(&text, "\n");
	return output_text(&text);
}

int verb_pause(const Settings *settings, char *const arguments[], size_t n)
{
	Json *parameters = NULL;
	uint64_t ns;

	if (n > 0) {
		if (parse_duration(arguments[0], &ns) < 0 || ns < NSEC_PER_USEC)
			return output_error(settings, CLI_USAGE, "org.netopt.Client.Usage",
					    "%s is not a duration such as 90s, 15min or 1h",
					    arguments[0]);
		parameters = json_new_object();
		json_set_uint(parameters, "durationUsec", ns / NSEC_PER_USEC);
	}
	return steer(settings, INTERFACE_PAUSE, parameters);
}

int verb_resume(const Settings *settings, char *const arguments[], size_t n)
{
	(void)arguments;
	(void)n;
	return steer(settings, INTERFACE_RESUME, NULL);
}

int verb_reload(const Settings *settings, char *const arguments[], size_t n)
{
	(void)arguments;
	(void)n;
	return steer(settings, INTERFACE_RELOAD, NULL);
}
