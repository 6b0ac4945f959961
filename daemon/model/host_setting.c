/* SPDX-License-Identifier: MIT */
/*
 * A range where releases differ, so that a kernel's own default is never called a deviation.
 */
#include "daemon/model/host_setting.h"

#include <string.h>

#include "common/base.h"
#include "common/parse.h"

const HostSetting host_settings[] = {
	{"net.ipv4.tcp_sack", 1, 1, "a loss of several packets costs a round trip each"},
	{"net.ipv4.tcp_dsack", 1, 1, "senders cannot tell a spurious retransmission from a loss"},
	{"net.ipv4.tcp_timestamps", 1, 2,
	 "round trips are measured rarely, and old segments cannot be told from new ones"},
	{"net.ipv4.tcp_window_scaling", 1, 1, "no connection has more than 64 KiB in flight"},
	{"net.ipv4.tcp_moderate_rcvbuf", 1, 1, "receive buffers do not grow with the path"},
	{"net.ipv4.tcp_recovery", 1, 1, "losses are found later, and reordering looks like loss"},
	{"net.ipv4.tcp_early_retrans", 3, 3, "a lost tail waits for the retransmission timeout"},
	{"net.ipv4.tcp_frto", 2, 2, "a spurious timeout sends everything again"},
	{"net.ipv4.tcp_retries1", 3, 3, "the route is doubted sooner or later than usual"},
	{"net.ipv4.tcp_retries2", 15, 15,
	 "connections survive outages for a shorter or longer time"},
	{"net.ipv4.tcp_syn_retries", 6, 6, "connecting gives up sooner or later"},
	{"net.ipv4.tcp_synack_retries", 5, 5, "half-open connections are dropped sooner or later"},
	{"net.ipv4.tcp_syncookies", 1, 1, "a SYN flood either locks clients out or strips options"},
	{"net.ipv4.tcp_tw_reuse", 0, 2,
	 "a port in TIME_WAIT is reused although it may still be due"},
	{"net.ipv4.tcp_fin_timeout", 60, 60, "FIN_WAIT2 ends sooner or later than peers expect"},
	{"net.ipv4.tcp_abort_on_overflow", 0, 0,
	 "a full accept queue resets clients that would have got through on retry"},
	{"net.ipv4.tcp_shrink_window", 0, 0, "windows that were offered are taken back"},
	{"net.ipv4.tcp_no_metrics_save", 0, 0, "new connections know nothing of earlier ones"},
	{"net.ipv4.tcp_min_rtt_wlen", 300, 300,
	 "the least round trip is forgotten sooner or later, which netopt relies on"},
	{"net.ipv4.tcp_limit_output_bytes", 262144, 4194304,
	 "what a socket queues below TCP is bounded otherwise"},
	{"net.ipv4.tcp_keepalive_time", 7200, 7200, "idle connections are probed otherwise"},
	{"net.ipv4.tcp_rfc1337", 0, 0, "TIME_WAIT ignores resets"},
	{"net.ipv4.tcp_reordering", 3, 3, "a fast retransmission comes sooner or later"},
	{"net.ipv4.ip_no_pmtu_disc", 0, 0, "path MTU discovery is off or fixed"},
};
const size_t host_settings_count = ARRAY_SIZE(host_settings);
_Static_assert(ARRAY_SIZE(host_settings) <= HOST_SETTINGS_MAX, "each has its place");

bool host_setting_parse(const char *text, int64_t *ret_value)
{
	char number[24];
	size_t length;

	text += strspn(text, " \t");
	length = strcspn(text, " \t\n");
	if (length == 0 || length >= sizeof(number))
		return false;
	memcpy(number, text, length);
	number[length] = '\0';
	return parse_int64(number, INT64_MIN, INT64_MAX, ret_value) == 0;
}

bool host_setting_value(const HostSettings *settings, const char *key, int64_t *ret_value)
{
	for (size_t i = 0; settings && i < host_settings_count; i++) {
		if (strcmp(host_settings[i].key, key) != 0 || !settings->known[i])
			continue;
		*ret_value = settings->values[i];
		return true;
	}
	return false;
}
