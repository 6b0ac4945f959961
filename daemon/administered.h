/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Which tunables the administrator has set in sysctl.d(5): read at the start and with each reload.
 */
#include "daemon/config/sysctl_d.h"
#include "daemon/model/tunable.h"

typedef struct Administered {
	SysctlSetting settings[_TUNABLE_SYSCTLS]; /* by id */
	const char *files[_TUNABLE_SYSCTLS];      /* that set each, in `settings`; NULL: none */
} Administered;

/* If memory runs out, what was known stays. The struct must not move afterwards. */
void administered_read(Administered *administered);
