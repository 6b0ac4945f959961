/* SPDX-License-Identifier: MIT */
/*
 * By ETHTOOL_GLINKSETTINGS (since 4.6) and not by /sys/class/net/NAME/speed, though both ask the
 * driver the same: sysfs shows the network namespace of whoever mounted it, so the file of that
 * name may be another device's, with the same index even; the ioctl is answered by the namespace
 * of its socket. No privilege is needed.
 *
 * A virtual device's figure is invented (veth says 10 Gbit/s, tun 10 Mbit/s), so only devices of no
 * kind, and those that pass on the speed of what is below them, are asked.
 *
 * The request's length depends on how many link modes the kernel knows. It says how many if that
 * was guessed wrongly; and nothing but the speed is of interest here.
 */
#include "daemon/kern/link_speed.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

#include "common/base.h"
#include "common/text.h"

/* Three masks of up to 127 words of 32 bits; the kernel has 4 words now. */
#define MASKS       3
#define WORDS_MAX   127
#define BPS_OF_MBPS 1000000ULL

typedef union Request {
	struct ethtool_link_settings settings;
	uint32_t words[sizeof(struct ethtool_link_settings) / sizeof(uint32_t) + MASKS * WORDS_MAX];
} Request;

static bool says_truth(const char *kind)
{
	static const char *const kinds[] = {"",        "bond",    "team", "vlan",
					    "macvlan", "macvtap", "dsa"};
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return false;
}

static bool ask(int fd, const char *name, Request *request)
{
	struct ifreq ifreq = {.ifr_data = (char *)request};
	request->settings.cmd = ETHTOOL_GLINKSETTINGS;
	return text_copy(ifreq.ifr_name, sizeof(ifreq.ifr_name), name) &&
	       ioctl(fd, SIOCETHTOOL, &ifreq) == 0;
}

uint64_t link_speed_bps(int fd, const char *name, const char *kind)
{
	Request request = {0};
	if (!says_truth(kind) || !ask(fd, name, &request))
		return 0;
	int words = -request.settings.link_mode_masks_nwords;
	if (words <= 0 || words > WORDS_MAX)
		return 0;
	request = (Request){.settings = {.link_mode_masks_nwords = (int8_t)words}};
	if (!ask(fd, name, &request) || request.settings.speed == (uint32_t)SPEED_UNKNOWN)
		return 0;
	return request.settings.speed * BPS_OF_MBPS;
}
