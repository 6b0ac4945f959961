/* SPDX-License-Identifier: MIT */
#include "cli/measure_target.h"

#include <string.h>

#include "common/address.h"
#include "common/text.h"

/* The form of the URL that a word without "://" stands for. */
static const char *form_of(const char *word)
{
	const char *end = word + strcspn(word, "/?"), *port;
	Address address;

	if (address_parse(word, &address) == 0)
		return address.family == AF_INET6 && word[0] != '[' ? "icmp://[%s]" : "icmp://%s";
	if (*end != '\0')
		return "https://%s";
	port = word[0] == '[' ? strchr(word, ']') : word;
	return port && strchr(port, ':') ? "tcp://%s" : "https://%s/";
}

/* What a shell or a browser added around it is not our business; an empty word is. */
int measure_target_parse(const char *word, MeasureTarget *ret_target, ConfigFault *ret_fault)
{
	MeasureTarget target = {.assumed = !strstr(word, "://")};
	const char *form = target.assumed ? form_of(word) : "%s";
	const char *hole = strstr(form, "%s");
	int r;

	if (word[0] == '\0')
		return config_fault(ret_fault, 0, "an empty word is no URL");
	if (!text_format(target.text, sizeof(target.text), "%.*s%s%s", (int)(hole - form), form,
			 word, hole + 2))
		return config_fault(ret_fault, CONFIG_URL_MAX - 1,
				    "the URL is longer than %u bytes", CONFIG_URL_MAX - 1);
	r = config_url_parse(target.text, &target.url, ret_fault);
	if (r != 0)
		return r;
	*ret_target = target;
	return 0;
}
