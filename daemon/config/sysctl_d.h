/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the administrator has set in the files of sysctl.d(5). Somebody who wrote a value down there
 * wants that value; without OverrideSysctl=yes netoptd does not change it. Only where a key is set,
 * and to what: these files are never written, and what is wrong in them is no matter of ours.
 */
#include <stdbool.h>
#include <stddef.h>

#define SYSCTL_D_FILE_MAX  128
#define SYSCTL_D_VALUE_MAX 128

/* Where a key was set last. */
typedef struct SysctlSetting {
	char file[SYSCTL_D_FILE_MAX]; /* "": nowhere */
	unsigned line;
	char value[SYSCTL_D_VALUE_MAX]; /* as written, cut if it is longer */
	bool exact; /* by its own name, which beats every pattern; or excluded from patterns */
} SysctlSetting;

/*
 * One file's bytes, later files over earlier ones, for n keys in dotted form ("net.ipv4.tcp_rmem").
 * A key may be written with '/' for '.', after a '-', or as a glob pattern, as sysctl.d(5) says; of
 * what is no assignment nothing is taken. Pure, and never fails.
 */
void sysctl_d_take(const char *const keys[], SysctlSetting settings[], size_t n, const char *file,
		   const char *data, size_t length);

/* The drop-in directories in rising precedence, NULL-terminated, and then one file more (NULL:
 * none). What cannot be read is passed over. -ENOMEM. `settings` are set afresh. */
int sysctl_d_read_from(const char *const directories[], const char *last_file,
		       const char *const keys[], SysctlSetting settings[], size_t n);
/* Those of this host: /usr/lib, /usr/local/lib, /run and /etc/sysctl.d, and /etc/sysctl.conf, which
 * sysctl(8) applies last. */
int sysctl_d_read(const char *const keys[], SysctlSetting settings[], size_t n);
