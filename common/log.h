/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Logging. One fault, one line, one level; only owners log, helpers return errors. Levels are
 * syslog's. The sink is a seam: readable lines on stderr by default, the journal with structured
 * fields when the daemon runs under systemd (daemon/run/journal_sink), a buffer in tests.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <syslog.h>
#include "common/base.h"

typedef struct LogField {
	const char *name; /* upper-case, as in the journal: "NETOPT_SYSCTL" */
	const char *value;
} LogField;

typedef struct LogRecord {
	int level;              /* LOG_ERR … LOG_DEBUG */
	const char *message_id; /* 32 lower-hex digits or NULL */
	const char *message;
	const LogField *fields;
	size_t n_fields;
	const char *file, *function;
	int line;
} LogRecord;

typedef void (*LogSink)(const LogRecord *record, void *context);

void log_set_sink(LogSink sink, void *context); /* NULL: stderr */
void log_set_level(int level);
int log_get_level(void);
/* "debug", "info", "notice", "warning", "error"; -EINVAL */
int log_parse_level(const char *name, int *ret_level);
const char *log_level_name(int level);

void log_write(int level, const char *message_id, const LogField *fields, size_t n_fields,
	       const char *file, int line, const char *function, const char *format, ...)
	_printf_(8, 9);

#define log_structured(level, id, fields, n, ...)                                                  \
	log_write(level, id, fields, n, __FILE__, __LINE__, __func__, __VA_ARGS__)
#define log_error(...)   log_structured(LOG_ERR, NULL, NULL, 0, __VA_ARGS__)
#define log_warning(...) log_structured(LOG_WARNING, NULL, NULL, 0, __VA_ARGS__)
#define log_notice(...)  log_structured(LOG_NOTICE, NULL, NULL, 0, __VA_ARGS__)
#define log_info(...)    log_structured(LOG_INFO, NULL, NULL, 0, __VA_ARGS__)
#define log_debug(...)   log_structured(LOG_DEBUG, NULL, NULL, 0, __VA_ARGS__)

/*
 * For lines that may repeat: true if it may be written now. At most `burst` in `interval_ns`; when
 * it opens again *ret_suppressed says how many were swallowed, for "(17 more like this)".
 */
typedef struct LogLimit {
	uint64_t window_start_ns;
	uint64_t suppressed;
	unsigned used;
} LogLimit;
bool log_limit(LogLimit *limit, uint64_t now_ns, unsigned burst, uint64_t interval_ns,
	       uint64_t *ret_suppressed);
