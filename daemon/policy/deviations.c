/* SPDX-License-Identifier: MIT */
/*
 * Settings of correctness and robustness that deviate from the kernel's defaults (the table in
 * model/host_setting): advice, one at a time, and never written. Somebody may have had a reason;
 * more often it was a tuning guide of another decade.
 */
#include "daemon/policy/controller.h"

#include <inttypes.h>

#include "common/text.h"
#include "daemon/model/host_setting.h"

static bool deviates(const HostSettings *settings, size_t i)
{
	return settings->known[i] && (settings->values[i] < host_settings[i].low ||
				      settings->values[i] > host_settings[i].high);
}

/* The subject is the key, with what a word may hold. */
static ChangeTunable subject_of(size_t i)
{
	ChangeTunable subject = {.id = _TUNABLES, .new_value.kind = TUNABLE_WORD};

	(void)text_copy(subject.new_value.words, sizeof(subject.new_value.words),
			host_settings[i].key);
	return subject;
}

static void explain(const HostSettings *settings, size_t i, Evidence *evidence)
{
	const HostSetting *setting = &host_settings[i];

	evidence_add(evidence, "value", settings->values[i]);
	evidence_add(evidence, "defaultValue", setting->low);
	(void)text_format(evidence->summary, sizeof(evidence->summary),
			  "%s is %" PRId64 ", the kernel's default is %" PRId64 ": %s",
			  setting->key, settings->values[i],
			  settings->values[i] > setting->high ? setting->high : setting->low,
			  setting->consequence);
	(void)text_format(evidence->formula, sizeof(evidence->formula),
			  "%" PRId64 " is outside of %" PRId64 " to %" PRId64, settings->values[i],
			  setting->low, setting->high);
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	const HostSettings *settings = input->snapshot->settings;
	unsigned deviations = 0;

	if (!settings || settings->read_ns == 0) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX,
				"the settings have not been read yet");
		return false;
	}
	for (size_t i = 0; i < host_settings_count; i++) {
		ChangeTunable subject = subject_of(i);

		if (!deviates(settings, i))
			continue;
		deviations++;
		if (input->held(input->context, controller_deviations.name, &(Address){0},
				&subject))
			continue;
		*ret = (Proposal){.tunables = {subject}, .advice = true};
		explain(settings, i, &ret->evidence);
		return true;
	}
	if (deviations == 0)
		(void)text_copy(reason, CONTROLLER_REASON_MAX,
				"settings of correctness are as the kernel has them");
	else
		(void)text_format(
			reason, CONTROLLER_REASON_MAX,
			"%u settings deviate from the kernel's defaults: advice was given",
			deviations);
	return false;
}

const Controller controller_deviations = {
	.name = "deviations",
	.knob = POLICY_DEVIATIONS,
	.summary = "advises on settings of correctness that deviate from the kernel's defaults",
	.propose = propose,
};
