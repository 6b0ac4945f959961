/* SPDX-License-Identifier: MIT */
/*
 * The commented template. Prose begins with "# ", a key with "#" alone, as in systemd's own files:
 * the eye and `sed s/^#//` can both tell them apart.
 */
#include "daemon/config/config.h"

#include <string.h>

#include "common/base.h"
#include "common/text.h"
#include "daemon/config/keys.h"

static const char preamble[] =
	"The configuration of netoptd(8). netopt.conf(5) describes each key in full.\n"
	"\n"
	"Every key stands here with its default; to change one, remove the '#' before it. Better,\n"
	"put your own settings into a file of the directory netopt.conf.d beside this one, as\n"
	"netopt.conf.d/50-local.conf: it needs only what differs.\n"
	"\n"
	"'netoptd --check-config' checks all files, 'systemctl reload netoptd' applies them.";

static void append_prose(Text *text, const char *prose)
{
	for (;;) {
		size_t length = strcspn(prose, "\n");
		text_append(text, length > 0 ? "# " : "#");
		text_append_bytes(text, prose, length);
		text_append(text, "\n");
		if (prose[length] == '\0')
			return;
		prose += length + 1;
	}
}

/* An endpoint has no defaults to show as a whole: its section is an example, commented too. */
static void append_section(Text *text, ConfigSectionId id)
{
	const ConfigSection *section = &config_sections[id];

	text_append(text, "\n");
	if (id == CONFIG_SECTION_ENDPOINT) {
		append_prose(text, section->help);
		text_appendf(text, "#[%s example]\n", section->name);
		return;
	}
	text_appendf(text, "[%s]\n", section->name);
	if (section->help)
		append_prose(text, section->help);
}

char *config_template(void)
{
	_cleanup_(text_clear) Text text = {0};

	append_prose(&text, preamble);
	for (ConfigSectionId id = 0; id < CONFIG_SECTIONS; id++) {
		append_section(&text, id);
		for (size_t i = 0; i < CONFIG_KEYS; i++) {
			const ConfigKey *key = &config_keys[i];
			if (key->section != id)
				continue;
			text_append(&text, "\n");
			append_prose(&text, key->help);
			text_appendf(&text, "#%s=%s\n", key->name,
				     key->example ? key->example : key->fallback);
		}
	}
	return text.failed ? NULL : STEAL(text.data);
}
