/* SPDX-License-Identifier: MIT */
#include "daemon/administered.h"

#include <string.h>

#include "common/log.h"

void administered_read(Administered *administered)
{
	const char *keys[_TUNABLE_SYSCTLS];
	SysctlSetting now[_TUNABLE_SYSCTLS];
	int r;

	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++)
		keys[id] = tunables[id].key;
	r = sysctl_d_read(keys, now, _TUNABLE_SYSCTLS);
	if (r < 0) {
		log_error("reading sysctl.d: %s", strerror(-r));
		return;
	}
	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++) {
		SysctlSetting *setting = &administered->settings[id];

		*setting = now[id];
		administered->files[id] = setting->file[0] ? setting->file : NULL;
		if (setting->file[0])
			log_info("%s is set in %s:%u to %s", keys[id], setting->file, setting->line,
				 setting->value);
	}
}
