/* SPDX-License-Identifier: MIT */
#include "cli/option.h"

#include <string.h>

#include "cli/output.h"
#include "common/clock.h"
#include "common/interface.h"
#include "common/parse.h"
#include "netopt-build.h"

#define TIMEOUT_DEFAULT (10 * NSEC_PER_SEC)
#define TIMEOUT_MAX     NSEC_PER_HOUR
#define LIMIT_MAX       1000                /* that of the daemon */
#define PAIRS_MAX       60                  /* likewise */
#define LOOK_DEFAULT    (10 * NSEC_PER_SEC) /* of audit */
#define LOOK_MIN        NSEC_PER_SEC
#define SPAN_MAX        (2 * NSEC_PER_DAY) /* that of the daemon */
#define UPDATE_DEFAULT  NSEC_PER_SEC       /* of watch */

/* Of measure. Three seconds tell a lost SYN, sent again after one, from silence. */
#define COUNT_DEFAULT    20
#define COUNT_MAX        100000
#define INTERVAL_DEFAULT (200 * NSEC_PER_MSEC)
#define INTERVAL_MIN     (10 * NSEC_PER_MSEC) /* faster is load, not measurement */
#define PROBE_TIMEOUT    (3 * NSEC_PER_SEC)

static bool read_json(const char *value, Settings *settings)
{
	if (!value)
		settings->format = isatty(STDOUT_FILENO) ? FORMAT_JSON_PRETTY : FORMAT_JSON_SHORT;
	else if (text_equal(value, "short"))
		settings->format = FORMAT_JSON_SHORT;
	else if (text_equal(value, "pretty"))
		settings->format = FORMAT_JSON_PRETTY;
	else
		return false;
	return true;
}

static bool read_colour(const char *value, Settings *settings)
{
	if (text_equal(value, "auto"))
		return true;
	settings->colour = text_equal(value, "always");
	return settings->colour || text_equal(value, "never");
}

static bool read_timeout(const char *value, Settings *settings)
{
	uint64_t ns;

	if (parse_duration(value, &ns) < 0 || ns == 0 || ns > TIMEOUT_MAX)
		return false;
	settings->timeout_ns = settings->probe_timeout_ns = ns;
	return true;
}

static bool read_interval(const char *value, Settings *settings)
{
	uint64_t ns;

	if (parse_duration(value, &ns) < 0 || ns < INTERVAL_MIN || ns > NSEC_PER_HOUR)
		return false;
	settings->interval_ns = settings->update_ns = ns;
	return true;
}

static bool read_number(const char *value, uint64_t minimum, uint64_t maximum, size_t *ret_number)
{
	uint64_t number;

	if (parse_uint64(value, minimum, maximum, &number) < 0)
		return false;
	*ret_number = (size_t)number;
	return true;
}

static bool read_limit(const char *value, Settings *settings)
{
	return read_number(value, 1, LIMIT_MAX, &settings->limit);
}

static bool read_pairs(const char *value, Settings *settings)
{
	return read_number(value, 1, PAIRS_MAX, &settings->pairs);
}

static bool read_count(const char *value, Settings *settings)
{
	return read_number(value, 0, COUNT_MAX, &settings->count);
}

static bool read_span(const char *value, Settings *settings)
{
	uint64_t ns;

	if (parse_duration(value, &ns) < 0 || ns == 0 || ns > SPAN_MAX)
		return false;
	settings->span_ns = ns;
	return true;
}

static bool read_look(const char *value, Settings *settings)
{
	uint64_t ns;

	if (parse_duration(value, &ns) < 0 || ns < LOOK_MIN || ns > NSEC_PER_HOUR)
		return false;
	settings->duration_ns = ns;
	return true;
}

static bool read_row(const char *value, Settings *settings)
{
	settings->row = value; /* which there are stands in cli/audit/rows.c */
	return true;
}

static bool read_fix(const char *value, Settings *settings)
{
	settings->fix = value; /* likewise in fix.c */
	return true;
}

static bool read_name(const char *value, Settings *settings)
{
	settings->name = value;
	return true;
}

static bool read_html(const char *value, Settings *settings)
{
	settings->html = value;
	return true;
}

static bool read_socket(const char *value, Settings *settings)
{
	settings->socket = value;
	return true;
}

/* For programs that read lines: nothing cut, nothing coloured, nothing but ASCII. */
static bool read_plain(const char *value, Settings *settings)
{
	(void)value;
	settings->width = SIZE_MAX;
	settings->height = 0;
	settings->colour = settings->pager = false;
	settings->ascii = true;
	return true;
}

typedef bool (*AmountReader)(const char *text, int64_t *ret_amount);

static bool read_usec(const char *text, int64_t *ret_amount)
{
	uint64_t ns;

	if (parse_duration(text, &ns) < 0 || ns > INT64_MAX)
		return false;
	*ret_amount = (int64_t)(ns / NSEC_PER_USEC);
	return true;
}

/* "1%", "0.5%", and 100% at most; the sign may be left out. */
static bool read_permille(const char *text, int64_t *ret_amount)
{
	char buffer[16];
	unsigned permille;
	bool has_sign = *text && text[strlen(text) - 1] == '%';

	if (!text_format(buffer, sizeof(buffer), "%s%s", text, has_sign ? "" : "%") ||
	    parse_percent(buffer, &permille) < 0)
		return false;
	*ret_amount = permille;
	return true;
}

/* "CRITICAL" or "WARNING,CRITICAL", the former not the greater. */
static bool read_pair(const char *value, AmountReader read, SettingsLimit *ret_limit)
{
	const char *comma = strchr(value, ',');
	SettingsLimit limit = {-1, -1};
	char warning[64];

	if (comma) {
		if ((size_t)(comma - value) >= sizeof(warning))
			return false;
		memcpy(warning, value, (size_t)(comma - value));
		warning[comma - value] = '\0';
		if (!read(warning, &limit.warning))
			return false;
		value = comma + 1;
	}
	if (!read(value, &limit.critical) || limit.warning > limit.critical)
		return false;
	*ret_limit = limit;
	return true;
}

static bool read_p50(const char *value, Settings *settings)
{
	return read_pair(value, read_usec, &settings->limits[MEASURE_P50]);
}

static bool read_p95(const char *value, Settings *settings)
{
	return read_pair(value, read_usec, &settings->limits[MEASURE_P95]);
}

static bool read_p99(const char *value, Settings *settings)
{
	return read_pair(value, read_usec, &settings->limits[MEASURE_P99]);
}

static bool read_loss(const char *value, Settings *settings)
{
	return read_pair(value, read_permille, &settings->limits[MEASURE_LOSS]);
}

static bool read_endpoint(const char *value, Settings *settings)
{
	if (!*value || settings->n_endpoints == SETTINGS_ENDPOINTS_MAX)
		return false;
	settings->endpoints[settings->n_endpoints++] = value;
	return true;
}

static bool read_export(const char *value, Settings *settings)
{
	settings->export_as = value; /* which there are stands in export.c */
	return true;
}

/* Options without a value that set one flag. */
static const struct {
	const char *name;
	size_t flag;
	bool value;
} flags[] = {
	{"help", offsetof(Settings, help), true},
	{"version", offsetof(Settings, version), true},
	{"no-legend", offsetof(Settings, legend), false},
	{"no-pager", offsetof(Settings, pager), false},
	{"quiet", offsetof(Settings, quiet), true},
	{"process", offsetof(Settings, process), true},
	{"full", offsetof(Settings, full), true},
	{"defaults", offsetof(Settings, defaults), true},
	{"nagios", offsetof(Settings, nagios), true},
	{"yes", offsetof(Settings, yes), true},
	{"dry-run", offsetof(Settings, dry_run), true},
	{"csv", offsetof(Settings, csv), true},
	{"ipv4", offsetof(Settings, ipv4), true},
	{"ipv6", offsetof(Settings, ipv6), true},
	{"insecure", offsetof(Settings, insecure), true},
};

static const struct {
	const char *name;
	bool (*read)(const char *value, Settings *settings);
} readers[] = {
	{"json", read_json},     {"color", read_colour},  {"timeout", read_timeout},
	{"limit", read_limit},   {"pairs", read_pairs},   {"socket", read_socket},
	{"plain", read_plain},   {"max-p50", read_p50},   {"max-p95", read_p95},
	{"max-p99", read_p99},   {"max-loss", read_loss}, {"endpoint", read_endpoint},
	{"duration", read_look}, {"row", read_row},       {"fix", read_fix},
	{"name", read_name},     {"html", read_html},     {"span", read_span},
	{"format", read_export}, {"count", read_count},   {"interval", read_interval},
};

void option_defaults(Settings *settings)
{
	*settings = (Settings){
		.socket = NETOPT_RUNTIME_DIRECTORY "/" INTERFACE_SOCKET_NAME,
		.timeout_ns = TIMEOUT_DEFAULT,
		.legend = true,
		.count = COUNT_DEFAULT,
		.interval_ns = INTERVAL_DEFAULT,
		.probe_timeout_ns = PROBE_TIMEOUT,
		.update_ns = UPDATE_DEFAULT,
		.duration_ns = LOOK_DEFAULT,
	};
	for (size_t i = 0; i < _MEASURES; i++)
		settings->limits[i] = (SettingsLimit){-1, -1};
	output_detect(settings);
}

bool option_apply(const char *name, const char *value, Settings *settings)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (text_equal(flags[i].name, name))
			*(bool *)((char *)settings + flags[i].flag) = flags[i].value;
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++)
		if (text_equal(readers[i].name, name))
			return readers[i].read(value, settings);
	return true;
}
