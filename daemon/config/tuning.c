/* SPDX-License-Identifier: MIT */
/*
 * Setters of [Tuning]: each key is `auto`, `off`, or something fixed. `off` always means that
 * netoptd leaves the setting as it finds it, never that it switches the feature off.
 */
#include "daemon/config/value.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/parse.h"
#include "common/text.h"
#include "daemon/config/suggest.h"

/* Never a congestion control of the kernel, whatever modules there are. */
static const char *const auto_off[] = {"auto", "off"};

/* What `auto` may choose among: bbr (v1) for long or lossy paths, cubic for the rest. reno never
 * wins, and dctcp must stay within one data centre (RFC 8257): both can be named, but not guessed.
 */
static const char *const automatic[] = {"cubic", "bbr"};

/* Only for suggestions: whatever module there is can be named. */
static const char *const known[] = {
	"bbr", "bic", "cdg",  "cubic",    "dctcp", "highspeed", "htcp",     "hybla", "illinois",
	"lp",  "nv",  "reno", "scalable", "vegas", "veno",      "westwood", "yeah",
};

#define CANDIDATES_MAX 8

/* `alternative` describes what else can be written; the words among it may be meant too. */
static int fault_keyword(const ConfigKey *key, const char *text, const char *alternative,
			 ConfigFault *ret_fault)
{
	const char *candidates[CANDIDATES_MAX];
	char quoted[CONFIG_QUOTE_MAX];
	size_t n = 0;

	for (; n < ARRAY_SIZE(auto_off); n++)
		candidates[n] = auto_off[n];
	for (const ConfigWord *word = key->words; word && word->word; word++) {
		assert(n < CANDIDATES_MAX);
		candidates[n++] = word->word;
	}

	const char *meant = config_suggest(text, candidates, n);
	if (meant)
		return config_fault(ret_fault, 0, "%s is not auto, off or %s; did you mean '%s'?",
				    config_quote(text, quoted), alternative, meant);
	return config_fault(ret_fault, 0, "%s is not auto, off or %s", config_quote(text, quoted),
			    alternative);
}

typedef char CongestionName[CONFIG_CC_NAME_MAX];

/* One name of the list: tcp_ca_find() compares bytes, and every name in the kernel is lower-case.
 */
static int check_name(const char *name, size_t offset, ConfigFault *ret_fault)
{
	size_t valid = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	char quoted[CONFIG_QUOTE_MAX];
	const char *meant;

	if (text_equal(name, "auto") || text_equal(name, "off"))
		return config_fault(ret_fault, offset, "'%s' stands alone, not among names", name);

	meant = config_suggest(name, known, ARRAY_SIZE(known));
	if (name[valid] != '\0' && meant)
		return config_fault(ret_fault, offset + valid,
				    "%s is not a name of a congestion control; did you mean '%s'?",
				    config_quote(name, quoted), meant);
	if (name[valid] == ',' || name[valid] == ';')
		return config_fault(ret_fault, offset + valid, "names are separated by blanks");
	if (name[valid] != '\0')
		return config_fault(ret_fault, offset + valid,
				    "%s is not a name of a congestion control: a-z, 0-9, _ and -",
				    config_quote(name, quoted));

	meant = config_suggest(name, auto_off, ARRAY_SIZE(auto_off));
	if (meant)
		return config_fault(ret_fault, offset,
				    "%s is not a name of a congestion control; did you mean '%s'?",
				    config_quote(name, quoted), meant);
	return 0;
}

static int add_name(CongestionName *names, size_t *n, const char *start, size_t length,
		    size_t offset, ConfigFault *ret_fault)
{
	char name[CONFIG_CC_NAME_MAX];
	int r;

	if (length >= sizeof(name))
		return config_fault(ret_fault, offset,
				    "a name of a congestion control has at most %zu characters",
				    sizeof(name) - 1);
	memcpy(name, start, length);
	name[length] = '\0';

	r = check_name(name, offset, ret_fault);
	if (r != 0)
		return r;
	for (size_t i = 0; i < *n; i++)
		if (text_equal(names[i], name))
			return config_fault(ret_fault, offset, "'%s' is named twice", name);
	if (*n >= CONFIG_CC_MAX)
		return config_fault(ret_fault, offset, "there can be at most %u names",
				    CONFIG_CC_MAX);
	(void)text_copy(names[(*n)++], sizeof(name), name); /* same size: fits */
	return 0;
}

/* Names separated by blanks into `names`, of CONFIG_CC_MAX. */
static int split_names(const char *text, CongestionName *names, size_t *ret_n,
		       ConfigFault *ret_fault)
{
	size_t n = 0;

	for (size_t at = strspn(text, " \t"); text[at] != '\0';) {
		size_t length = strcspn(text + at, " \t");
		int r = add_name(names, &n, text + at, length, at, ret_fault);
		if (r != 0)
			return r;
		at += length;
		at += strspn(text + at, " \t");
	}
	*ret_n = n;
	return 0;
}

int config_set_congestion(const ConfigKey *key, const char *text, void *target,
			  ConfigFault *ret_fault)
{
	CongestionName names[CONFIG_CC_MAX] = {0};
	Config *config = target;
	ConfigTuningKind kind = CONFIG_TUNING_OFF;
	size_t n = 0;

	(void)key;
	if (text_equal(text, "auto")) {
		kind = CONFIG_TUNING_AUTO;
		for (; n < ARRAY_SIZE(automatic); n++)
			(void)text_copy(names[n], sizeof(names[n]), automatic[n]); /* short */
	} else if (!text_equal(text, "off")) {
		kind = CONFIG_TUNING_LIST;
		int r = split_names(text, names, &n, ret_fault);
		if (r != 0)
			return r;
	}

	config->congestion = kind;
	memcpy(config->congestion_allowed, names, sizeof(names));
	config->n_congestion_allowed = n;
	return 0;
}

/* auto and off. Returns whether it was one. */
static bool set_keyword(const char *text, ConfigTuningKind *kind)
{
	if (text_equal(text, "auto"))
		*kind = CONFIG_TUNING_AUTO;
	else if (text_equal(text, "off"))
		*kind = CONFIG_TUNING_OFF;
	else
		return false;
	return true;
}

int config_set_buffers(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault)
{
	Config *config = target;
	uint64_t bytes = 0;

	if (!set_keyword(text, &config->buffers)) {
		int r = parse_size(text, &bytes);
		if (r == -EINVAL)
			return fault_keyword(key, text, "a size as 16M", ret_fault);
		if (r < 0 || bytes < key->minimum || bytes > key->maximum)
			return config_fault_size(key, text, ret_fault);
		config->buffers = CONFIG_TUNING_FIXED;
	}
	config->buffers_max_bytes = bytes;
	return 0;
}

int config_set_fast_open(const ConfigKey *key, const char *text, void *target,
			 ConfigFault *ret_fault)
{
	Config *config = target;
	uint64_t bits = 0;

	if (!set_keyword(text, &config->fast_open)) {
		const ConfigWord *word = key->words;
		while (word->word && !text_equal(word->word, text))
			word++;
		if (word->word)
			bits = (uint64_t)word->value;
		else if (text[0] != '0' ? parse_uint64(text, 1, 3, &bits) < 0 : text[1] != '\0')
			return fault_keyword(key, text, "client, server, both, 0, 1, 2, 3",
					     ret_fault);
		config->fast_open = CONFIG_TUNING_FIXED;
	}
	config->fast_open_bits = (unsigned)bits;
	return 0;
}

/* A whole day would leave nothing of the setting that is known; a hundredth, a quarter of an hour,
 * is what one trial takes at the least. */
#define EXPLORATION_MIN 10U
#define EXPLORATION_MAX 500U

int config_set_exploration(const ConfigKey *key, const char *text, void *target,
			   ConfigFault *ret_fault)
{
	Config *config = target;
	char quoted[CONFIG_QUOTE_MAX];
	unsigned permille;
	int r = parse_percent(text, &permille);

	(void)key;
	if (r == -EINVAL)
		return config_fault(ret_fault, 0, "%s is not a percentage; write one as 10%%",
				    config_quote(text, quoted));
	if (r < 0 || permille < EXPLORATION_MIN || permille > EXPLORATION_MAX)
		return config_fault(ret_fault, 0, "%s is out of range; it can be from 1%% to 50%%",
				    config_quote(text, quoted));
	config->exploration_permille = permille;
	return 0;
}

static int set_percent(Config *config, const char *text, ConfigFault *ret_fault)
{
	char quoted[CONFIG_QUOTE_MAX];
	unsigned permille;

	int r = parse_percent(text, &permille);
	if (r == -EINVAL)
		return config_fault(ret_fault, 0, "%s is not a percentage; write one as 50%%",
				    config_quote(text, quoted));
	if (r < 0 || permille == 0)
		return config_fault(ret_fault, 0,
				    "%s is out of range; it can be from 0.1%% to "
				    "100%%",
				    config_quote(text, quoted));
	config->memory_budget_permille = permille;
	config->memory_budget_bytes = 0;
	return 0;
}

int config_set_memory_budget(const ConfigKey *key, const char *text, void *target,
			     ConfigFault *ret_fault)
{
	Config *config = target;
	char quoted[CONFIG_QUOTE_MAX];
	uint64_t bytes;

	if (strchr(text, '%'))
		return set_percent(config, text, ret_fault);

	int r = parse_size(text, &bytes);
	if (r == -EINVAL)
		return config_fault(ret_fault, 0,
				    "%s is neither a percentage as 50%% nor a size as 256M",
				    config_quote(text, quoted));
	if (r < 0 || bytes < key->minimum || bytes > key->maximum)
		return config_fault_size(key, text, ret_fault);
	config->memory_budget_bytes = bytes;
	config->memory_budget_permille = 0;
	return 0;
}
