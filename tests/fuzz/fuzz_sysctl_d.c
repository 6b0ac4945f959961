/* SPDX-License-Identifier: MIT */
/*
 * Whatever stands in a file, what is taken from it are strings that end, a line that exists, and a
 * value that the file has; and reading it twice changes nothing.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "common/base.h"
#include "daemon/config/sysctl_d.h"

static const char *const keys[] = {"net.ipv4.tcp_rmem", "net.core.somaxconn",
				   "net.ipv4.neigh.default.gc_thresh2"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SysctlSetting settings[ARRAY_SIZE(keys)] = {0}, again[ARRAY_SIZE(keys)];
	unsigned lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	sysctl_d_take(keys, settings, ARRAY_SIZE(keys), "fuzz.conf", (const char *)data, size);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const SysctlSetting *setting = &settings[i];

		FUZZ_CHECK(memchr(setting->value, '\0', sizeof(setting->value)));
		if (!setting->file[0]) {
			FUZZ_CHECK(setting->line == 0 && !setting->value[0]);
			continue;
		}
		FUZZ_CHECK(strcmp(setting->file, "fuzz.conf") == 0);
		FUZZ_CHECK(setting->line >= 1 && setting->line <= lines);
		FUZZ_CHECK(setting->value[0] && !strchr(setting->value, '\n'));
		FUZZ_CHECK(memmem(data, size, setting->value, strlen(setting->value)));
	}
	memcpy(again, settings, sizeof(again));
	sysctl_d_take(keys, again, ARRAY_SIZE(keys), "fuzz.conf", (const char *)data, size);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		FUZZ_CHECK(settings[i].line == again[i].line || !settings[i].exact);
	return 0;
}
