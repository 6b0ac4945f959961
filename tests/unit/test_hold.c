/* SPDX-License-Identifier: MIT */
/* Holds: what they cover, how long, how they grow, and that a full table mixes nothing up. */
#include "daemon/policy/hold.h"

#include <stdio.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/unit/harness.h"

#define T0 NSEC_PER_DAY

static const char buffers[] = "buffers", congestion[] = "congestion";
static HoldTable table;
static Address here, there;

static void setup(void)
{
	table = (HoldTable){0};
	ck_assert_int_eq(address_parse("192.0.2.1", &here), 0);
	ck_assert_int_eq(address_parse("2001:db8::1", &there), 0);
}

static ChangeTunable word(const char *from, const char *to)
{
	ChangeTunable tunable = {.id = TUNABLE_TCP_CONGESTION_CONTROL};

	tunable.old_value.kind = tunable.new_value.kind = TUNABLE_WORD;
	(void)text_copy(tunable.old_value.words, TUNABLE_WORD_MAX, from);
	(void)text_copy(tunable.new_value.words, TUNABLE_WORD_MAX, to);
	return tunable;
}

static ChangeTunable triple(TunableId id, int64_t from, int64_t to)
{
	return (ChangeTunable){.id = id,
			       .old_value = {TUNABLE_TRIPLE, {1, 2, from}, ""},
			       .new_value = {TUNABLE_TRIPLE, {1, 2, to}, ""}};
}

static bool covered(const char *controller, const Address *path, ChangeTunable tunable,
		    uint64_t now_ns)
{
	return hold_covers(&table, controller, path, &tunable, now_ns);
}

START_TEST(test_covers)
{
	ChangeTunable bbr = word("cubic", "bbr");

	ck_assert(!covered(congestion, &here, bbr, T0));
	hold_add(&table, HOLD_REJECTED, congestion, &here, &bbr, T0);
	ck_assert(covered(congestion, &here, bbr, T0));
	ck_assert(covered(congestion, &here, word("reno", "bbr"), T0)); /* the value counts */
	ck_assert(!covered(congestion, &here, word("cubic", "reno"), T0));
	ck_assert(!covered(congestion, &there, bbr, T0));
	ck_assert(!covered(buffers, &here, bbr, T0));
	hold_forget_all(&table);
	ck_assert(!covered(congestion, &here, bbr, T0));
}
END_TEST

/* The wanted size follows the measured rate; it is the step up from here that is held. */
START_TEST(test_covers_steps)
{
	ChangeTunable step = triple(TUNABLE_TCP_WMEM, 4, 8);

	hold_add(&table, HOLD_REJECTED, buffers, &here, &step, T0);
	ck_assert(covered(buffers, &here, triple(TUNABLE_TCP_WMEM, 4, 7), T0));
	ck_assert(!covered(buffers, &here, triple(TUNABLE_TCP_WMEM, 5, 8), T0));
	ck_assert(!covered(buffers, &here, triple(TUNABLE_TCP_RMEM, 4, 8), T0));
}
END_TEST

START_TEST(test_everywhere)
{
	ChangeTunable bbr = word("cubic", "bbr");

	hold_add(&table, HOLD_REJECTED, congestion, &(Address){0}, &bbr, T0);
	ck_assert(covered(congestion, &here, bbr, T0));
	ck_assert(covered(congestion, &there, bbr, T0));
	ck_assert(covered(congestion, &(Address){0}, bbr, T0));
	setup(); /* and not the other way round */
	hold_add(&table, HOLD_REJECTED, congestion, &here, &bbr, T0);
	ck_assert(!covered(congestion, &(Address){0}, bbr, T0));
}
END_TEST

static const struct {
	HoldKind kind;
	uint64_t length_ns;
} lengths[] = {
	{HOLD_REJECTED, 7 * NSEC_PER_DAY},
	{HOLD_UNDECIDED, 30 * NSEC_PER_MIN},
	{HOLD_ADVISED, NSEC_PER_DAY},
	{HOLD_PROVEN, NSEC_PER_DAY},
};

/* Twice as long each time, up to 60 days; to the nanosecond. */
START_TEST(test_lengths)
{
	ChangeTunable bbr = word("cubic", "bbr");
	uint64_t length = lengths[_i].length_ns, now = T0;
	bool good = true;

	for (unsigned i = 0; i < 80; i++) {
		good &= !covered(congestion, &here, bbr, now);
		hold_add(&table, lengths[_i].kind, congestion, &here, &bbr, now);
		good &= covered(congestion, &here, bbr, now + length - 1);
		now += length;
		length = MIN(2 * length, HOLD_MAX_DAYS * NSEC_PER_DAY);
	}
	ck_assert(good);
	ck_assert_uint_eq(table.n, 1);
}
END_TEST

/* Undecided trials do not make a rejection longer, nor a rejection an undecided trial's hold. */
START_TEST(test_kinds_count_apart)
{
	ChangeTunable bbr = word("cubic", "bbr");
	uint64_t now = T0;

	hold_add(&table, HOLD_UNDECIDED, congestion, &here, &bbr, now);
	hold_add(&table, HOLD_UNDECIDED, congestion, &here, &bbr, now);
	hold_add(&table, HOLD_REJECTED, congestion, &here, &bbr, now);
	now += 7 * NSEC_PER_DAY;
	ck_assert(covered(congestion, &here, bbr, now - 1));
	ck_assert(!covered(congestion, &here, bbr, now));
	hold_add(&table, HOLD_UNDECIDED, congestion, &here, &bbr, now);
	now += 2 * NSEC_PER_HOUR; /* the third */
	ck_assert(covered(congestion, &here, bbr, now - 1));
	ck_assert(!covered(congestion, &here, bbr, now));
	hold_add(&table, HOLD_REJECTED, congestion, &here, &bbr, now);
	hold_add(&table, HOLD_UNDECIDED, congestion, &here, &bbr, now); /* shortens nothing */
	ck_assert(covered(congestion, &here, bbr, now + 14 * NSEC_PER_DAY - 1));
	ck_assert(!covered(congestion, &here, bbr, now + 14 * NSEC_PER_DAY));
}
END_TEST

/* A value that was measured differs a little each time. */
START_TEST(test_covers_measured)
{
	ChangeTunable first = {.id = TUNABLE_ROUTE_RTO_MIN,
			       .old_value.kind = TUNABLE_INTEGER,
			       .new_value = {TUNABLE_INTEGER, {80}, ""}};
	ChangeTunable next = first;

	next.new_value.numbers[0] = 72;
	hold_add(&table, HOLD_ADVISED, congestion, &here, &first, T0);
	ck_assert(covered(congestion, &here, next, T0 + 1));
	next.old_value.numbers[0] = 80;
	next.new_value.numbers[0] = 0; /* the way back */
	ck_assert(!covered(congestion, &here, next, T0 + 1));
}
END_TEST

/* The hold that ends first gives way, and its place remembers nothing of it. */
START_TEST(test_full)
{
	ChangeTunable bbr = word("cubic", "bbr");
	Address address;
	char text[32];

	for (unsigned i = 0; i < HOLD_TABLE_MAX + 1; i++) {
		(void)snprintf(text, sizeof(text), "10.0.0.%u", i);
		ck_assert_int_eq(address_parse(text, &address), 0);
		hold_add(&table, HOLD_REJECTED, congestion, &address, &bbr,
			 T0 + (i == 5 ? 0 : i + 1));
	}
	ck_assert_uint_eq(table.n, HOLD_TABLE_MAX);
	ck_assert(covered(congestion, &address, bbr, T0));
	ck_assert(!covered(congestion, &address, bbr,
			   T0 + HOLD_TABLE_MAX + 1 + 7 * NSEC_PER_DAY)); /* 7 days, not 14 */
	ck_assert_int_eq(address_parse("10.0.0.5", &address), 0);
	ck_assert(!covered(congestion, &address, bbr, T0));
	ck_assert_int_eq(address_parse("10.0.0.0", &address), 0);
	ck_assert(covered(congestion, &address, bbr, T0));
}
END_TEST

static TCase *lengths_case(void)
{
	TCase *tcase = tcase_create("lengths");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_loop_test(tcase, test_lengths, 0, ARRAY_SIZE(lengths));
	return tcase;
}

HARNESS_MAIN("hold", suite_add_tcase(suite, lengths_case());
	     HARNESS_FIXTURE(suite, "hold", setup, NULL, test_covers, test_covers_steps,
			     test_covers_measured, test_everywhere, test_kinds_count_apart,
			     test_full);)
