/* SPDX-License-Identifier: MIT */
/*
 * Lines for people, fields for machines. The message alone must tell the whole story at 3 a.m.:
 * what, from which value to which, why.
 */
#include "daemon/announce.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"

typedef struct EventText {
	int level;
	const char *id;
	const char *format; /* key, old, new */
} EventText;

static const EventText event_texts[] = {
	[REGISTRY_WRITTEN] = {LOG_NOTICE, ANNOUNCE_WRITTEN_ID, "%s: %s -> %s"},
	[REGISTRY_RESTORED] = {LOG_NOTICE, ANNOUNCE_RESTORED_ID, "%s: put back: %s -> %s"},
	[REGISTRY_FOREIGN] =
		{LOG_WARNING, ANNOUNCE_FOREIGN_ID,
		 "%s was changed by somebody else: %s -> %s; it is left alone from now "
		 "on"},
	[REGISTRY_FAILED] = {LOG_ERR, ANNOUNCE_FAILED_ID, "%s: could not be written: %s -> %s"},
	[REGISTRY_LEFT_ALONE] = {LOG_WARNING, ANNOUNCE_FOREIGN_ID,
				 "%s no longer has our value (%s) but %s: not put back, it is "
				 "somebody else's"},
	[REGISTRY_KEPT] = {LOG_NOTICE, ANNOUNCE_WRITTEN_ID,
			   "%s: OnStop=keep: stays changed: %s -> %s"},
};

/* About the journal itself: what an earlier instance left could not be taken at its word. */
static void announce_journal(const RegistryReport *report)
{
	if (report->event == REGISTRY_STALE)
		log_notice(
			"the journal is of another boot or network namespace: nothing to put back "
			"here");
	else if (report->error == -EBADMSG)
		log_structured(
			LOG_ERR, ANNOUNCE_FAILED_ID, NULL, 0,
			"the journal is damaged and set aside as journal.damaged: values that "
			"an earlier netoptd changed may still be in force");
	else
		log_structured(
			LOG_ERR, ANNOUNCE_FAILED_ID, NULL, 0,
			"the journal cannot be trusted (%s): nothing is changed until it is out "
			"of the way",
			strerror(-report->error));
}

void announce_registry(const RegistryReport *report, bool quiet)
{
	if (report->id >= _TUNABLES) {
		announce_journal(report);
		return;
	}

	const EventText *text = &event_texts[report->event];
	const char *key = tunables[report->id].key;
	const char *old_value = report->old_value ? report->old_value : "?";
	const char *new_value = report->new_value ? report->new_value : "?";
	char change[24] = "", message[768];
	LogField fields[] = {{"NETOPT_SYSCTL", key},
			     {"NETOPT_OLD", old_value},
			     {"NETOPT_NEW", new_value},
			     {"NETOPT_CHANGE", NULL}};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)text_format(message, sizeof(message), text->format, key, old_value, new_value);
#pragma GCC diagnostic pop
	if (report->change_id) {
		(void)text_format(change, sizeof(change), "%" PRIu64, report->change_id);
		fields[3].value = change;
	}
	log_structured(quiet && text->level >= LOG_NOTICE ? LOG_DEBUG : text->level, text->id,
		       fields, ARRAY_SIZE(fields), "%s%s%s%s%s%s", message,
		       report->change_id ? " (change " : "", change, report->change_id ? ")" : "",
		       report->error ? ": " : "", report->error ? strerror(-report->error) : "");
}

static const EventText route_texts[] = {
	[ROUTE_INSTALLED] = {LOG_NOTICE, ANNOUNCE_ROUTE_SET_ID, "route to %s: %s -> %s"},
	[ROUTE_CHANGED] = {LOG_NOTICE, ANNOUNCE_ROUTE_SET_ID, "route to %s: %s -> %s"},
	[ROUTE_REMOVED] = {LOG_NOTICE, ANNOUNCE_ROUTE_REMOVED_ID,
			   "route to %s: taken back: %s -> %s"},
	[ROUTE_FOREIGN] = {LOG_WARNING, ANNOUNCE_ROUTE_FOREIGN_ID,
			   "route to %s: %s -> %s by somebody else; the destination is left alone "
			   "from now on"},
	[ROUTE_DROPPED] = {LOG_NOTICE, ANNOUNCE_ROUTE_DROPPED_ID,
			   "route to %s: given up: %s -> %s"},
	[ROUTE_FLUSHED] = {LOG_NOTICE, ANNOUNCE_ROUTE_REMOVED_ID,
			   "route to %s: put back: %s -> %s"},
	[ROUTE_KEPT] = {LOG_NOTICE, ANNOUNCE_ROUTE_SET_ID,
			"route to %s: OnStop=keep: stays until the next start: %s -> %s"},
	[ROUTE_FAILED] = {LOG_ERR, ANNOUNCE_ROUTE_FAILED_ID,
			  "route to %s: could not be changed: %s -> %s"},
};

static void format_route(const RouteReport *report, const char *format, const char *destination,
			 char *message, size_t size)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)text_format(message, size, format, destination, report->old_metrics,
			  report->new_metrics);
#pragma GCC diagnostic pop
}

void announce_route(const RouteReport *report, bool quiet)
{
	const EventText *text = &route_texts[report->event];
	char destination[ADDRESS_TEXT_MAX], change[24] = "", message[512];
	LogField fields[] = {
		{"NETOPT_DESTINATION", address_format(&report->destination, destination)},
		{"NETOPT_OLD", report->old_metrics},
		{"NETOPT_NEW", report->new_metrics},
		{"NETOPT_REASON", report->reason},
		{"NETOPT_CHANGE", NULL}};

	if (report->destination.family == 0) /* of all of them, or of the rule for probes */
		(void)text_copy(message, sizeof(message), "routes of netopt");
	else
		format_route(report, text->format, destination, message, sizeof(message));
	if (report->change_id) {
		(void)text_format(change, sizeof(change), "%" PRIu64, report->change_id);
		fields[4].value = change;
	}
	log_structured(quiet && text->level >= LOG_NOTICE ? LOG_DEBUG : text->level, text->id,
		       fields, ARRAY_SIZE(fields), "%s%s%s%s%s%s%s%s", message,
		       report->change_id ? " (change " : "", change, report->change_id ? ")" : "",
		       report->reason[0] ? ": " : "", report->reason, report->error ? ": " : "",
		       report->error ? strerror(-report->error) : "");
}

static void describe_tunables(const Change *change, Text *text)
{
	char old_value[TUNABLE_WORD_MAX], new_value[TUNABLE_WORD_MAX];

	for (size_t i = 0; i < change->n_tunables; i++)
		text_appendf(text, "%s%s %s -> %s", i ? ", " : "",
			     tunables[change->tunables[i].id].key,
			     tunable_format(&change->tunables[i].old_value, old_value,
					    sizeof(old_value)),
			     tunable_format(&change->tunables[i].new_value, new_value,
					    sizeof(new_value)));
}

void announce_change(const Change *change, const char *event)
{
	Text what = {0};
	char id[24];
	LogField fields[] = {
		{"NETOPT_CHANGE", id},
		{"NETOPT_CONTROLLER", change->controller},
		{"NETOPT_EVENT", event},
		{"NETOPT_REASON", change->reason[0] ? change->reason : change->evidence.summary}};

	(void)text_format(id, sizeof(id), "%" PRIu64, change->id);
	describe_tunables(change, &what);
	if (change->state == CHANGE_DECIDED)
		log_structured(LOG_NOTICE, ANNOUNCE_VERDICT_ID, fields, ARRAY_SIZE(fields),
			       "change %s (%s): %s: %s: %s", id, change->controller, event,
			       text_string(&what), change->reason);
	else
		log_structured(
			LOG_NOTICE,
			change->state == CHANGE_ADVISED ? ANNOUNCE_ADVICE_ID : ANNOUNCE_TRIAL_ID,
			fields, ARRAY_SIZE(fields), "change %s (%s): %s: %s, because %s", id,
			change->controller, event, text_string(&what), change->evidence.summary);
	text_clear(&what);
}
