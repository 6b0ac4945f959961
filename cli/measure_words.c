/* SPDX-License-Identifier: MIT */
#include "cli/measure_words.h"

#include <inttypes.h>

#include "common/base.h"
#include "common/human.h"

/* A kept connection is worth a word only if it saves so much of the time. */
#define KEPT_GAIN 0.1

static const char *ms(uint64_t us, char *buffer)
{
	return human_latency(us, buffer);
}

static void say_propagation(const Decomposition *decomposition, Text *text)
{
	char buffer[HUMAN_MAX];

	text_appendf(text,
		     ": %u round trip%s of %s, the least that was seen; only a nearer server%s "
		     "can make it less",
		     decomposition->rounds, decomposition->rounds == 1 ? "" : "s",
		     ms(decomposition->floor_us, buffer),
		     decomposition->rounds > 1 ? " or fewer round trips" : "");
}

static void say_queueing(const Decomposition *decomposition, Text *text)
{
	char usual[HUMAN_MAX], least[HUMAN_MAX];
	uint64_t round_us = decomposition->floor_us +
			    decomposition->us[PART_QUEUEING] / MAX(decomposition->rounds, 1U);

	text_appendf(text, ": a round trip takes %s, the quickest took %s; packets wait on the way",
		     ms(round_us, usual), ms(decomposition->floor_us, least));
}

static void say_tls(const Decomposition *decomposition, Text *text)
{
	(void)decomposition;
	text_append(text,
		    ": what the handshake takes beyond its round trips, so the cryptography of "
		    "the server");
}

static void say_server(const Decomposition *decomposition, Text *text)
{
	(void)decomposition;
	text_append(text, ": it thinks that long before it answers");
}

static void say_transfer(const Decomposition *decomposition, Text *text)
{
	(void)decomposition;
	text_append(text, ": from the first byte of the answer to its last");
}

static void say_overhead(const Decomposition *decomposition, Text *text)
{
	(void)decomposition;
	text_append(text, ": this host itself, not the network");
}

static void (*const say[_PARTS])(const Decomposition *decomposition, Text *text) = {
	[PART_PROPAGATION] = say_propagation,
	[PART_QUEUEING] = say_queueing,
	[PART_TLS] = say_tls,
	[PART_SERVER] = say_server,
	[PART_TRANSFER] = say_transfer,
	[PART_OVERHEAD] = say_overhead,
};

void measure_words_mostly(const MeasureSeries *series, Text *text)
{
	Decomposition decomposition;
	DecompositionPart most = _PARTS;
	char part[HUMAN_MAX], total[HUMAN_MAX], share[HUMAN_MAX];
	uint32_t us = 0;

	measure_series_decompose(series, &decomposition);
	for (DecompositionPart i = 0; i < _PARTS; i++)
		if (decomposition.has[i] && decomposition.us[i] > us) {
			most = i;
			us = decomposition.us[i];
		}
	if (most == _PARTS || decomposition.total_us == 0)
		return;
	text_appendf(text, "%s, %s of %s (%s)", decomposition_part_name(most), ms(us, part),
		     ms(decomposition.total_us, total),
		     human_permille((int64_t)us * 1000 / decomposition.total_us, false, share));
	if (say[most])
		say[most](&decomposition, text);
}

void measure_words_kept(const MeasureSeries *series, Text *text)
{
	char kept[HUMAN_MAX], fresh[HUMAN_MAX];
	MeasurePhase reused, total;

	measure_series_phase(series, PHASE_REUSED, &reused);
	measure_series_phase(series, PHASE_TOTAL, &total);
	if (!reused.has_p50 || !total.has_p50 ||
	    reused.p50_us > (1 - KEPT_GAIN) * (double)total.p50_us)
		return;
	text_appendf(text, "the next request on the same connection waits %s, not %s",
		     ms(reused.p50_us, kept), ms(total.p50_us, fresh));
}

void measure_words_loss(const MeasureSeries *series, const Json *failures, Text *text)
{
	MeasureCounts counts;
	char share[HUMAN_MAX];
	uint64_t judged;

	measure_series_count(series, &counts);
	judged = counts.successes + counts.losses;
	text_appendf(text, "%" PRIu64 " of %" PRIu64, counts.losses, judged);
	if (counts.losses > 0)
		text_appendf(text, " (%s)",
			     human_permille((int64_t)((counts.losses * 1000 + judged / 2) / judged),
					    false, share));
	for (size_t i = 0; i < json_length(failures); i++) {
		const Json *failure = json_at(failures, i);
		const char *explanation = json_string(json_get(failure, "explanation"));

		text_appendf(text, "%s %s in %s %" PRId64, i == 0 ? ":" : ",",
			     json_string(json_get(failure, "reason")),
			     json_string(json_get(failure, "failedIn")),
			     json_int(json_get(failure, "count"), 0));
		if (explanation)
			text_appendf(text, " (%s)", explanation);
	}
}
