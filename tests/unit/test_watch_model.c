/* SPDX-License-Identifier: MIT */
/*
 * The screen of `watch`, drawn into memory: what is seen after which updates and keys.
 */
#include "cli/watch_model.h"

#include "tests/unit/watch_bench.h"

#define WINDOWS(p50, loss)                                                                         \
	"\"windows\":[{\"span\":\"1min\",\"p50Usec\":" #p50                                        \
	"},{\"span\":\"10min\",\"p50Usec\":" #p50 ",\"p95Usec\":" #p50                             \
	",\"p99Usec\":null,\"lossPermille\":" #loss "}]"
#define ENDPOINT(name, state, p50, loss)                                                           \
	"{\"name\":\"" name "\",\"state\":\"" state                                                \
	"\",\"slo\":\"none\",\"group\":null," WINDOWS(p50, loss) "}"
#define PATH(address, length, flows, acked)                                                        \
	"{\"address\":\"" address "\",\"prefixLength\":" #length ",\"flows\":" #flows              \
	",\"ackedBytes\":" #acked ",\"receivedBytes\":0,\"srttUsec\":12000,\"floorUsec\":10000,"   \
	"\"lossPpm\":1500,\"congestion\":\"cubic\"}"
#define CHANGE(id, path, state, verdict, force, key)                                               \
	"{\"id\":" #id ",\"controller\":\"congestion\",\"path\":" path ",\"state\":\"" state       \
	"\",\"verdict\":\"" verdict "\",\"inForce\":" #force                                       \
	",\"proposedRealtimeUsec\":1750000000000000,\"trial\":{\"gainPermille\":120},"             \
	"\"tunables\":[{\"key\":\"" key "\",\"old\":\"cubic\",\"new\":\"bbr\"}]}"
#define UPDATE(endpoints, paths, changes)                                                          \
	"{\"reason\":\"interval\",\"realtimeUsec\":1750000000000000,\"health\":\"ok\","            \
	"\"healthReasons\":[],\"endpoints\":[" endpoints "],\"paths\":[" paths                     \
	"],\"changes\":[" changes "]}"
#define THREE                                                                                      \
	ENDPOINT("alpha", "up", 30000, 0)                                                          \
	"," ENDPOINT("beta", "down", null, 1000) "," ENDPOINT("gamma", "up", 50000, 25)
#define SOME                                                                                       \
	UPDATE(THREE, PATH("192.0.2.1", 32, 3, 1000) "," PATH("198.51.100.0", 24, 9, 0),           \
	       CHANGE(1, "\"192.0.2.1\"", "decided", "kept", true, "route.congctl"))

/* Keys that are no character, in the order of their names. */
static void press(uint32_t key)
{
	(void)watch_model_key(&model, key);
}

START_TEST(test_first_screen)
{
	bench_draw(80, 24);
	bench_has("netoptd -  0 endpoints, 0 down");
	bench_update(SOME, true);
	bench_draw(80, 24);
	bench_has("netoptd ok  3 endpoints, 1 down  2 paths  1 change, 1 in force");
	bench_has("15:06:40\n");
	bench_has("\nENDPOINT ");
	bench_has("\nalpha           up          30.0 ms  30.0 ms        -     0 % ");
	bench_has("\nbeta ");
	bench_has("100.0 %");
	bench_has("\n192.0.2.1 ");
	bench_has("\n198.51.100.0/24 ");
	bench_has("congctl bbr\n");
	bench_has(" 192.0.2.1       congctl: cubic -> bbr\n");
	bench_has("0.150 %");
	bench_has("+12.0 %");
	bench_has("\n?:help");
	ck_assert_uint_eq(bench_row("?:help"), 23);
}
END_TEST

START_TEST(test_nothing_there)
{
	bench_update(UPDATE("", "", ""), true);
	bench_draw(80, 24);
	bench_has("\nnone is configured: see netopt.conf(5)\n");
	bench_has("\nno connection was seen yet\n");
	bench_has("\nnothing was changed yet\n");
	press(WATCH_KEY_DOWN);
	ck_assert_int_eq(watch_model_key(&model, WATCH_KEY_ENTER), WATCH_NOTHING);
}
END_TEST

/* Every size, with every list: each row stays in its line, and nothing is lost at the edge. */
START_TEST(test_sizes)
{
	bench_update(SOME, true);
	for (size_t columns = 1; columns < 210; columns += columns < 45 ? 1 : 13)
		for (size_t rows = 1; rows < 70; rows += rows < 20 ? 1 : 7) {
			bench_draw(columns, rows);
			if (columns >= WATCH_COLUMNS_MIN && rows >= WATCH_ROWS_MIN)
				bench_has("alpha");
			else
				bench_lacks("alpha");
		}
	bench_draw(60, 9);
	bench_has("60x9 is too small:\nat least 40x10");
	bench_draw(40, 10);
	bench_has("alpha        up          30.0 ms");
	bench_has("0 %");
	bench_lacks("DESTINATION");
	bench_keys("\t");
	bench_draw(40, 10);
	bench_has("DESTINATION");
	bench_lacks("alpha");
}
END_TEST

START_TEST(test_health)
{
	bench_update("{\"realtimeUsec\":0,\"health\":\"degraded\",\"healthReasons\":[\"no "
		     "journal\",\"bad\\u001b[31m\"],\"endpoints\":[],\"paths\":[],\"changes\":[]}",
		     true);
	bench_draw(80, 24);
	bench_has("netoptd degraded  0 endpoints");
	bench_has("\nno journal; bad?[31m\n");
	ck_assert_int_eq(bench_cell(1, 0)->style, STYLE_BAD);
	ck_assert_int_eq(bench_cell(0, 8)->style, STYLE_BAD);
}
END_TEST

/* The selection stays with its row while rows come, go and move. */
START_TEST(test_selection_follows)
{
	WatchPane pane;

	bench_update(SOME, true);
	ck_assert_str_eq(watch_model_selected(&model, &pane), "alpha");
	press(WATCH_KEY_DOWN);
	press(WATCH_KEY_DOWN);
	press(WATCH_KEY_DOWN);
	ck_assert_str_eq(watch_model_selected(&model, &pane), "gamma");
	bench_update(UPDATE(ENDPOINT("gamma", "up", 1, 0) "," THREE, "", ""), false);
	ck_assert_uint_eq(model.lists[WATCH_ENDPOINTS].selected, 0);
	bench_update(UPDATE(ENDPOINT("new", "up", 1, 0) "," ENDPOINT("gamma", "up", 1, 0), "", ""),
		     false);
	ck_assert_uint_eq(model.lists[WATCH_ENDPOINTS].selected, 1);
	bench_update(UPDATE(ENDPOINT("new", "up", 1, 0), "", ""), false);
	ck_assert_str_eq(watch_model_selected(&model, &pane), "new");
	bench_draw(80, 24);
	ck_assert(bench_cell(bench_row("new"), 0)->reverse);
	ck_assert_int_eq(pane, WATCH_ENDPOINTS);
	press(WATCH_KEY_BACK_TAB);
	ck_assert_str_eq(watch_model_selected(&model, &pane), "1");
	ck_assert_int_eq(pane, WATCH_CHANGES);
}
END_TEST

static void update_many(size_t n)
{
	_cleanup_(text_clear) Text text = {.data = NULL};

	text_append(&text, "{\"endpoints\":[");
	for (size_t i = 0; i < n; i++)
		text_appendf(&text, "%s{\"name\":\"e%03zu\",\"state\":\"up\"}", i ? "," : "", i);
	text_append(&text, "],\"changes\":[]}");
	bench_update(text_string(&text), false);
}

START_TEST(test_scrolling)
{
	update_many(100);
	bench_draw(80, 10);
	bench_has("1 of 100\n");
	bench_has("\ne006");
	bench_lacks("e007");
	press(WATCH_KEY_PAGE_DOWN);
	bench_draw(80, 10);
	bench_has("8 of 100\n");
	bench_has("\ne007");
	bench_lacks("e000");
	press(WATCH_KEY_END);
	bench_draw(80, 10);
	bench_has("\ne099");
	bench_has("\ne093");
	press(WATCH_KEY_PAGE_UP);
	bench_draw(80, 10);
	bench_has("\ne092");
	/* A larger screen shows as much as it can; a smaller one still the selected row. */
	press(WATCH_KEY_END);
	bench_draw(80, 14);
	bench_has("\ne089");
	bench_draw(80, 10);
	bench_has("\ne099");
	update_many(3);
	bench_draw(80, 10);
	bench_has("\ne000");
	bench_has("\ne002");
	press(WATCH_KEY_HOME);
	ck_assert_uint_eq(model.lists[WATCH_ENDPOINTS].selected, 0);
}
END_TEST

static void check_order(const char *first, const char *second, const char *third)
{
	bench_draw(120, 24);
	ck_assert_uint_lt(bench_row(first), bench_row(second));
	ck_assert_uint_lt(bench_row(second), bench_row(third));
}

START_TEST(test_sorting)
{
	bench_update(
		UPDATE(ENDPOINT("bb", "up", 30000, 0) "," ENDPOINT(
			       "aa", "down", null, 1000) "," ENDPOINT("cc", "pending", 50000, 25),
		       "", ""),
		true);
	check_order("bb", "aa", "cc");
	bench_keys("s"); /* by name */
	check_order("aa", "bb", "cc");
	bench_has("ENDPOINT^");
	ck_assert_str_eq(model.lists[WATCH_ENDPOINTS].key, "aa"); /* the top is looked at */
	bench_keys("s");                                          /* the worst state first */
	check_order("aa", "cc", "bb");
	bench_keys("s"); /* the slowest first, those unknown last */
	check_order("cc", "bb", "aa");
	bench_keys("sss"); /* p95, p99 (all unknown: as they came), loss */
	check_order("aa", "cc", "bb");
	bench_has("LOSS^");
	bench_keys("s");
	check_order("bb", "aa", "cc");
	bench_lacks("^");
}
END_TEST

START_TEST(test_filter)
{
	bench_update(SOME, true);
	bench_keys("/ET");
	bench_draw(80, 24);
	bench_has("\nbeta ");
	bench_lacks("alpha");
	bench_has("1 of 3 /ET\n");
	bench_has("\n/ET_");
	bench_keys("q"); /* a letter like others here */
	bench_draw(80, 24);
	bench_has("  no row has that text");
	press(WATCH_KEY_BACKSPACE);
	press(WATCH_KEY_ENTER);
	bench_draw(80, 24);
	bench_has("\nbeta ");
	bench_lacks("_\n");
	/* Cancelled, the filter is as it was. */
	bench_keys("/zzz\033");
	bench_draw(80, 24);
	bench_has("\nbeta ");
	press(WATCH_KEY_ESCAPE);
	bench_draw(80, 24);
	bench_has("\nalpha ");
	bench_has("\ngamma ");
}
END_TEST

START_TEST(test_long_filter)
{
	bench_keys("/");
	for (size_t i = 0; i < 200; i++)
		bench_keys("x");
	ck_assert_uint_eq(strlen(model.lists[WATCH_ENDPOINTS].filter), WATCH_FILTER_MAX - 1);
	bench_draw(80, 24);
	bench_has("_");
	for (size_t i = 0; i < 200; i++)
		press(WATCH_KEY_BACKSPACE);
	ck_assert_str_eq(model.lists[WATCH_ENDPOINTS].filter, "");
}
END_TEST

START_TEST(test_pause)
{
	bench_update(SOME, true);
	bench_keys("p");
	bench_update(UPDATE(ENDPOINT("late", "up", 1, 0), "",
			    CHANGE(2, "null", "trial", "none", true, "net.ipv4.tcp_rmem")),
		     false);
	bench_draw(80, 24);
	bench_has("PAUSED");
	bench_has("alpha");
	bench_lacks("late");
	press(WATCH_KEY_DOWN);
	bench_keys("s");
	bench_draw(80, 24);
	bench_has("alpha");
	bench_keys(" ");
	bench_draw(80, 24);
	bench_lacks("PAUSED");
	bench_lacks("alpha");
	bench_has("late");
	bench_has("net.ipv4"); /* what happened meanwhile is not lost */
}
END_TEST

START_TEST(test_changes_as_they_happen)
{
	bench_update(SOME, true);
	bench_draw(120, 24);
	bench_has("      1 06-15 15:06");
	bench_update(
		UPDATE(THREE, "", CHANGE(2, "null", "trial", "none", true, "net.ipv4.tcp_rmem")),
		false);
	bench_draw(120, 24);
	bench_has("     *2 ");
	bench_has("trial ");
	bench_has("\n      1 "); /* only what is new was sent, what was stays */
	ck_assert_uint_lt(bench_row("     *2"), bench_row("      1"));
	now_ns += 11 * NSEC_PER_SEC;
	bench_draw(120, 24);
	bench_has("      2 ");
	bench_update(UPDATE(THREE, "",
			    CHANGE(2, "null", "decided", "restored", false, "net.ipv4.tcp_rmem")),
		     false);
	bench_draw(120, 24);
	bench_has("     *2 ");
	bench_has("restored");
	bench_lacks("trial ");
	/* Another daemon counts afresh. */
	bench_update(UPDATE(THREE, "", CHANGE(1, "null", "advised", "none", false, "a.b")), true);
	ck_assert_uint_eq(model.live.n_changes, 1);
	bench_draw(120, 24);
	bench_has("advised");
}
END_TEST

/* The newest are kept, whatever the order they come in. */
START_TEST(test_many_changes)
{
	_cleanup_(text_clear) Text text = {.data = NULL};

	text_append(&text, "{\"changes\":[");
	for (size_t i = 0; i < 2 * WATCH_CHANGES_MAX; i++)
		text_appendf(&text, "%s{\"id\":%zu}", i ? "," : "",
			     1 + i * 7 % (2 * WATCH_CHANGES_MAX));
	text_append(&text, "]}");
	bench_update(text_string(&text), true);
	ck_assert_uint_eq(model.live.n_changes, WATCH_CHANGES_MAX);
	for (size_t i = 0; i < WATCH_CHANGES_MAX; i++)
		ck_assert_int_eq(model.live.changes[i].id, 2 * WATCH_CHANGES_MAX - (int64_t)i);
}
END_TEST

/* What a counter did in the last 5 seconds, also when updates come faster, and after a restart. */
START_TEST(test_rates)
{
	char text[512];

	for (unsigned i = 0; i <= 20; i++) {
		(void)snprintf(text, sizeof(text),
			       "{\"paths\":[{\"address\":\"192.0.2.1\",\"prefixLength\":32,"
			       "\"ackedBytes\":%u,\"receivedBytes\":1000}],\"changes\":[]}",
			       i * 62500);
		bench_update(text, false);
		now_ns += NSEC_PER_SEC / 2;
		if (i == 0)
			ck_assert_int_eq(model.live.paths[0].sending_bps, -1);
	}
	ck_assert_int_eq(model.live.paths[0].sending_bps, 1000000);
	ck_assert_int_eq(model.live.paths[0].receiving_bps, 0);
	ck_assert_uint_le(model.live.paths[0].n_counted, WATCH_RATE_SAMPLES);
	bench_draw(120, 24);
	bench_has("1.00 Mbit/s");
	bench_has("0 bit/s");
	bench_update("{\"paths\":[{\"address\":\"192.0.2.1\",\"prefixLength\":32,\"ackedBytes\":5,"
		     "\"receivedBytes\":0}],\"changes\":[]}",
		     true);
	ck_assert_int_eq(model.live.paths[0].sending_bps, -1);
}
END_TEST

START_TEST(test_trends)
{
	char text[1024];

	/* Without a history: a value each 5 s, in between the newest is replaced. */
	for (unsigned i = 0; i < 16; i++) {
		(void)snprintf(text, sizeof(text),
			       "{\"endpoints\":[{\"name\":\"a\",\"windows\":[{\"span\":\"1min\","
			       "\"p50Usec\":%u}]}],\"changes\":[]}",
			       1000 + i);
		bench_update(text, false);
		now_ns += NSEC_PER_SEC;
	}
	ck_assert_uint_eq(model.live.endpoints[0].n_trend, 4);
	ck_assert_int_eq(model.live.endpoints[0].trend_us[3], 1015);
	ck_assert_int_eq(model.live.endpoints[0].trend_us[2], 1014);
	/* With one: that. */
	bench_update("{\"endpoints\":[{\"name\":\"a\",\"history\":[1000,null,8000]}],"
		     "\"changes\":[]}",
		     false);
	ck_assert_uint_eq(model.live.endpoints[0].n_trend, 3);
	bench_draw(100, 24);
	bench_has("▁ █");
	frame.utf8 = false;
	bench_draw(100, 24);
	bench_has("_ #");
}
END_TEST

START_TEST(test_reading)
{
	_cleanup_(text_clear) Text text = {.data = NULL};

	bench_update(SOME, true);
	press(WATCH_KEY_DOWN);
	ck_assert_int_eq(watch_model_key(&model, WATCH_KEY_ENTER), WATCH_EXPLAIN);
	watch_model_explain(&model);
	bench_draw(60, 12);
	bench_has("\nendpoint beta\n");
	bench_has("asking netoptd");
	for (int i = 0; i < 40; i++)
		text_appendf(&text, "line %02d\n", i);
	text_append(&text, "words that are\033[2J longer than sixty columns, so that they must be "
			   "folded\n");
	watch_model_answer(&model, text_string(&text));
	bench_draw(60, 12);
	bench_has("\nline 00\n");
	bench_has("\nline 08\n");
	bench_lacks("line 09");
	press(WATCH_KEY_DOWN);
	press(WATCH_KEY_PAGE_DOWN);
	bench_draw(60, 12);
	bench_has("\nline 10\n");
	press(WATCH_KEY_END);
	bench_draw(60, 12);
	bench_has("\nwords that are?[2J");
	bench_has("\nmust be folded\n");
	press(WATCH_KEY_UP);
	bench_draw(60, 12);
	bench_lacks("\nmust be folded\n");
	press(WATCH_KEY_HOME);
	ck_assert_uint_eq(model.scroll, 0);
	ck_assert_int_eq(watch_model_key(&model, 'q'), WATCH_NOTHING);
	bench_draw(60, 12);
	bench_has("beta");
	ck_assert_int_eq(watch_model_key(&model, 'q'), WATCH_QUIT);
}
END_TEST

START_TEST(test_help)
{
	bench_update(SOME, true);
	bench_keys("?");
	bench_draw(80, 24);
	bench_has("explain the selected");
	bench_has("leave\n");
	bench_draw(40, 10);
	press(WATCH_KEY_END);
	bench_draw(40, 10);
	bench_has("samples.");
	press(WATCH_KEY_ESCAPE);
	bench_draw(80, 24);
	bench_has("alpha");
}
END_TEST

START_TEST(test_notice)
{
	bench_update(SOME, true);
	watch_model_notice(&model, "connection lost, trying again");
	bench_draw(80, 24);
	bench_has("\nconnection lost, trying again\n");
	bench_has("alpha"); /* what was known is still shown */
	watch_model_notice(&model, NULL);
	bench_draw(80, 24);
	bench_has("?:help");
	model.limit = 3;
	bench_draw(80, 24);
	bench_has("3+ endpoints");
}
END_TEST

/* Whatever is sent, of whatever type, something is drawn. */
START_TEST(test_odd_updates)
{
	static const char *const updates[] = {
		"{}",
		"{\"endpoints\":null,\"paths\":null,\"changes\":null}",
		"{\"endpoints\":{},\"paths\":7,\"changes\":\"x\",\"health\":[],\"healthReasons\":"
		"1}",
		"{\"endpoints\":[null,1,\"x\",[],{}],\"paths\":[null,{}],\"changes\":[null,{}]}",
		"{\"endpoints\":[{\"name\":7,\"windows\":{\"span\":1}}],\"healthReasons\":[1,null]"
		"}",
		"{\"paths\":[{\"address\":\"x\",\"prefixLength\":-9223372036854775808,\"flows\":-5,"
		"\"ackedBytes\":-1,\"srttUsec\":9223372036854775807}]}",
		"{\"changes\":[{\"id\":-1,\"trial\":{\"gainPermille\":-9223372036854775808},"
		"\"tunables\":[null,{\"key\":1}],\"proposedRealtimeUsec\":9223372036854775807}]}",
		"{\"realtimeUsec\":9223372036854775807}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(updates); i++) {
		bench_update(updates[i], i % 2 == 0);
		now_ns += NSEC_PER_SEC;
		bench_draw(100, 24);
		bench_keys("ss\ts");
		bench_draw(40, 10);
		bench_has("netoptd");
	}
}
END_TEST

HARNESS_MAIN("watch_model", HARNESS_FIXTURE(suite, "screen", bench_setup, bench_teardown,
					    test_first_screen, test_nothing_there, test_sizes,
					    test_health, test_notice, test_odd_updates);
	     HARNESS_FIXTURE(suite, "keys", bench_setup, bench_teardown, test_selection_follows,
			     test_scrolling, test_sorting, test_filter, test_long_filter,
			     test_pause, test_reading, test_help);
	     HARNESS_FIXTURE(suite, "course", bench_setup, bench_teardown,
			     test_changes_as_they_happen, test_many_changes, test_rates,
			     test_trends);)
