/* SPDX-License-Identifier: MIT */
/*
 * Those who follow: what they get and when, and what they may cost who are slow, dead or many. That
 * each reply is as defined is seen to by idl_guard.c.
 */
#include "daemon/serve/monitors.h"

#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/unit/control_bench.h"
#include "tests/unit/harness.h"

#define CALL(arguments)                                                                            \
	"{\"method\":\"" INTERFACE_MONITOR "\",\"more\":true,\"parameters\":{" arguments "}}"
#define CALL_FULL CALL("\"endpoints\":true,\"paths\":true")

typedef struct Client {
	int fd;
	WireReader reader;
	bool ended;
} Client;

static Client begin(const char *call)
{
	Client client = {.fd = bench_client()};

	bench_say_call(client.fd, call);
	return client;
}

/* The parameters of the next reply; NULL: none comes. */
static Json *hear(Client *client)
{
	_cleanup_json_ Json *reply = bench_hear(client->fd, &client->reader, &client->ended);

	if (!reply)
		return NULL;
	ck_assert(json_bool(json_get(reply, "continues"), false));
	return json_reference(json_get(reply, "parameters"));
}

static void finish(Client *client)
{
	wire_reader_clear(&client->reader);
	(void)close(client->fd);
	bench_turn(-1);
}

/* The next turn of those who follow, that much later. */
static void later(uint64_t ns)
{
	bench.fake.now_ns += ns;
	bench_fire_timer();
	bench_turn(-1);
}

static const char *text_at(const Json *object, const char *key)
{
	const char *text = json_string(json_get(object, key));

	return text ? text : "";
}

static int64_t id_at(const Json *reply, size_t i)
{
	return json_int(json_get(json_at(json_get(reply, "changes"), i), "id"), -1);
}

static void check_interval(Client *client, unsigned skipped)
{
	_cleanup_json_ Json *reply = hear(client);

	ck_assert_ptr_nonnull(reply);
	ck_assert_str_eq(text_at(reply, "reason"), "interval");
	ck_assert_int_eq(json_int(json_get(reply, "skipped"), -1), skipped);
}

START_TEST(test_first)
{
	Client client = begin(CALL_FULL);
	_cleanup_json_ Json *reply = hear(&client);

	ck_assert_ptr_nonnull(reply);
	ck_assert_str_eq(text_at(reply, "reason"), "interval");
	ck_assert_str_eq(text_at(reply, "health"), "degraded");
	ck_assert_uint_eq(json_length(json_get(reply, "healthReasons")), 3);
	ck_assert_uint_eq(json_length(json_get(reply, "endpoints")), FAKE_ENDPOINTS);
	ck_assert_uint_eq(json_length(json_get(reply, "paths")), 2);
	ck_assert_uint_eq(json_length(json_get(reply, "changes")), 4);
	ck_assert_int_eq(id_at(reply, 0), 4);
	ck_assert_ptr_null(hear(&client)); /* nothing more for now */
	ck_assert(!client.ended);
	finish(&client);
	ck_assert_uint_eq(control_client_count(bench.control), 0);
}
END_TEST

START_TEST(test_only_what_was_asked_for)
{
	Client client = begin(CALL("\"limit\":2,\"endpoints\":true"));
	_cleanup_json_ Json *reply = hear(&client);

	ck_assert_uint_eq(json_length(json_get(reply, "paths")), 0);
	ck_assert_uint_eq(json_length(json_get(reply, "changes")), 2);
	ck_assert_uint_eq(json_length(json_get(reply, "endpoints")), 2);
	/* Those that fail come before the slow ones, in their order. */
	ck_assert_str_eq(text_at(json_at(json_get(reply, "endpoints"), 0), "name"), "lost");
	ck_assert_str_eq(text_at(json_at(json_get(reply, "endpoints"), 1), "name"), "down");
	finish(&client);
}
END_TEST

START_TEST(test_intervals)
{
	Client client = begin(CALL("\"intervalUsec\":2000000"));

	check_interval(&client, 0);
	for (unsigned i = 0; i < 5; i++) {
		later(NSEC_PER_SEC);
		ck_assert_ptr_null(hear(&client)); /* not yet */
		later(NSEC_PER_SEC);
		check_interval(&client, 0);
	}
	finish(&client);
}
END_TEST

/* Without "more" it is an error, and the connection goes on; with "oneway" there is no reply. */
START_TEST(test_expected_more)
{
	int fd = bench_client();
	Json *reply;

	bench_say_call(fd, "{\"method\":\"" INTERFACE_MONITOR "\"}");
	reply = bench_hear_one(fd);
	ck_assert_str_eq(text_at(reply, "error"), INTERFACE_ERROR_EXPECTED_MORE);
	json_free(reply);
	bench_say_call(fd, "{\"method\":\"" INTERFACE_MONITOR "\",\"oneway\":true}");
	bench_say_call(fd, CALL("\"intervalUsec\":99999"));
	reply = bench_hear_one(fd);
	ck_assert_str_eq(text_at(reply, "error"), INTERFACE_ERROR_INVALID_PARAMETER);
	ck_assert_str_eq(text_at(json_get(reply, "parameters"), "parameter"), "intervalUsec");
	ck_assert(!json_has(reply, "continues"));
	json_free(reply);
	bench_say_call(fd, CALL_STATUS);
	json_free(bench_hear_one(fd));
	bench_say_call(fd, "{\"method\":\"" INTERFACE_MONITOR "\",\"oneway\":true,\"more\":true}");
	ck_assert(bench_is_ended(fd));
	(void)close(fd);
}
END_TEST

/* News comes before its time, alone, and once. */
START_TEST(test_news)
{
	Client client = begin(CALL("")), other = begin(CALL("\"limit\":1"));
	Json *reply;

	json_free(hear(&client));
	json_free(hear(&other));
	bench.fake.engine.changes[1].verdict = VERDICT_KEPT;
	bench.fake.engine.changes[1].state = CHANGE_DECIDED;
	control_changed(bench.control);
	for (unsigned i = 0; i < 2; i++) {
		reply = hear(i ? &other : &client);
		ck_assert_ptr_nonnull(reply);
		ck_assert_str_eq(text_at(reply, "reason"), "change");
		ck_assert_uint_eq(json_length(json_get(reply, "changes")), 1);
		ck_assert_int_eq(id_at(reply, 0), 3);
		json_free(reply);
	}
	control_changed(bench.control); /* a false alarm */
	ck_assert_ptr_null(hear(&client));
	later(NSEC_PER_SEC);
	reply = hear(&client);
	ck_assert_uint_eq(json_length(json_get(reply, "changes")), 0);
	json_free(reply);
	finish(&client);
	finish(&other);
}
END_TEST

/* The sentence that counts seconds is no news, a pair is; nobody need say so, the interval finds
 * it.
 */
START_TEST(test_news_of_a_trial)
{
	Client client = begin(CALL(""));
	Change *trial = &bench.fake.engine.changes[1];
	Json *reply;

	json_free(hear(&client));
	(void)snprintf(trial->trial.phase, sizeof(trial->trial.phase), "block B, 12 s");
	control_changed(bench.control);
	ck_assert_ptr_null(hear(&client));
	trial->trial.n_pairs++;
	later(NSEC_PER_SEC);
	reply = hear(&client);
	ck_assert_str_eq(text_at(reply, "reason"), "interval");
	ck_assert_int_eq(id_at(reply, 0), 3);
	json_free(reply);
	finish(&client);
}
END_TEST

/* A new change moves all others in the list; it alone is news. One that is dropped is none. */
START_TEST(test_news_is_one_change)
{
	Client client = begin(CALL(""));
	struct Engine *engine = &bench.fake.engine;
	Json *reply;

	json_free(hear(&client));
	memmove(&engine->changes[1], &engine->changes[0], 3 * sizeof(engine->changes[0]));
	engine->changes[0].id = 5;
	control_changed(bench.control);
	reply = hear(&client);
	ck_assert_ptr_nonnull(reply);
	ck_assert_uint_eq(json_length(json_get(reply, "changes")), 1);
	ck_assert_int_eq(id_at(reply, 0), 5);
	json_free(reply);
	finish(&client);
}
END_TEST

/* Who comes later takes no news from those who are there. */
START_TEST(test_news_for_all)
{
	Client first = begin(CALL("")), second;
	Json *reply;

	json_free(hear(&first));
	bench.fake.engine.changes[3].in_force = false;
	second = begin(CALL(""));
	reply = hear(&second);
	ck_assert_uint_eq(json_length(json_get(reply, "changes")), 4);
	json_free(reply);
	reply = hear(&first);
	ck_assert_ptr_nonnull(reply);
	ck_assert_int_eq(id_at(reply, 0), 1);
	json_free(reply);
	ck_assert_ptr_null(hear(&second));
	finish(&first);
	finish(&second);
}
END_TEST

/* A verb of the operator is news at once, too. */
START_TEST(test_news_of_a_verb)
{
	Client client = begin(CALL(""));
	int fd = bench_client();
	Json *reply;

	json_free(hear(&client));
	bench.fake.engine.changes[3].in_force = false; /* what the verb will have done */
	bench_say_call(fd, "{\"method\":\"" INTERFACE_PAUSE "\"}");
	json_free(bench_hear_one(fd));
	reply = hear(&client);
	ck_assert_ptr_nonnull(reply);
	ck_assert_str_eq(text_at(reply, "reason"), "change");
	json_free(reply);
	(void)close(fd);
	finish(&client);
}
END_TEST

/* Misfits. */

/* A client that does not read has one reply waiting, however long it takes; when it reads on, it is
 * told what it missed; and for more than 45 s nobody waits for it. */
START_TEST(test_slow)
{
	Client client = begin(CALL_FULL);
	unsigned replies = 0;
	int64_t skipped = 0;
	Json *reply;

	for (unsigned i = 0; i < 40; i++)
		later(NSEC_PER_SEC);
	ck_assert_uint_eq(control_client_count(bench.control), 1);
	while ((reply = hear(&client))) {
		replies++;
		skipped += json_int(json_get(reply, "skipped"), 0);
		json_free(reply);
	}
	ck_assert_uint_lt(replies, 30); /* what the kernel holds, and one */
	later(NSEC_PER_SEC);
	reply = hear(&client);
	ck_assert_ptr_nonnull(reply);
	skipped += json_int(json_get(reply, "skipped"), 0);
	ck_assert_int_eq(replies + 1 + skipped, 42);
	json_free(reply);
	for (unsigned i = 0; i < 90; i++)
		later(NSEC_PER_SEC);
	bench_check_served(); /* accepting looks at the others' deadlines */
	ck_assert_uint_eq(control_client_count(bench.control), 0);
	finish(&client);
}
END_TEST

/* One that is gone is noticed at once; one that only says no more is not gone. */
START_TEST(test_gone)
{
	Client gone = begin(CALL("\"intervalUsec\":3600000000")), listens = begin(CALL(""));

	check_interval(&gone, 0);
	check_interval(&listens, 0);
	ck_assert_int_eq(shutdown(listens.fd, SHUT_WR), 0);
	bench_turn(-1);
	ck_assert_uint_eq(control_client_count(bench.control), 2);
	finish(&gone);
	ck_assert_uint_eq(control_client_count(bench.control), 1);
	later(NSEC_PER_SEC);
	check_interval(&listens, 0);
	bench_check_served();
	ck_assert_uint_eq(control_client_count(bench.control), 1);
	finish(&listens); /* of this the loop is not told */
	bench_check_served();
	ck_assert_uint_eq(control_client_count(bench.control), 0);
}
END_TEST

/* What is said behind the call waits for ever, costs no turn of the loop, and garbage is no reason
 * to go on. */
START_TEST(test_said_behind)
{
	Client client = begin(CALL(""));
	unsigned turns;

	bench_say_call(client.fd, CALL_STATUS);
	check_interval(&client, 0);
	bench_say(client.fd, "garbage", sizeof("garbage"));
	ck_assert_ptr_null(hear(&client));
	ck_assert(!client.ended);
	for (turns = 0; turns < 3; turns++) /* nothing is ready: libevent would count it */
		ck_assert_int_eq(event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK), 0);
	later(NSEC_PER_SEC);
	check_interval(&client, 0);
	ck_assert_int_eq(shutdown(client.fd, SHUT_WR), 0);
	finish(&client);
	bench_check_served();
	ck_assert_uint_eq(control_client_count(bench.control), 0);
}
END_TEST

/* A reply is not made sixty times because sixty want it. */
START_TEST(test_many)
{
	enum { MANY = 60 };
	Client clients[MANY];

	for (size_t i = 0; i < MANY; i++) {
		clients[i] = begin(CALL_FULL);
		check_interval(&clients[i], 0);
		bench.fake.now_ns += NSEC_PER_MSEC;
	}
	bench.fake.views = 0;
	later(NSEC_PER_SEC);
	ck_assert_uint_eq(bench.fake.views, 1);
	for (size_t i = 0; i < MANY; i++)
		check_interval(&clients[i], 0);
	ck_assert_uint_eq(control_client_count(bench.control), MANY);
	for (size_t i = 0; i < MANY; i++)
		finish(&clients[i]);
	ck_assert_uint_eq(control_client_count(bench.control), 0);
}
END_TEST

/* When replies take long to make, others have four times as long between them; everybody is served
 * in the end, and told what was left out. */
START_TEST(test_rest)
{
	enum { MANY = 10 };
	Client clients[MANY];
	unsigned turns = 0, heard = 0;

	for (size_t i = 0; i < MANY; i++) {
		char call[256];

		(void)snprintf(call, sizeof(call),
			       CALL("\"intervalUsec\":100000,\"endpoints\":true,\"limit\":%zu"),
			       i + 1);
		clients[i] = begin(call);
		json_free(hear(&clients[i]));
	}
	bench.step_ns = 20 * NSEC_PER_MSEC; /* each look at the clock: as if a reply took that */
	for (; turns < 100 && heard < MANY; turns++) {
		unsigned in_turn = 0;

		later(NSEC_PER_MSEC);
		for (size_t i = 0; i < MANY; i++) {
			Json *reply = hear(&clients[i]);

			in_turn += reply != NULL;
			json_free(reply);
		}
		ck_assert_uint_le(in_turn, 1);
		ck_assert_uint_ge(bench.last_delay_ns, 70 * NSEC_PER_MSEC);
		heard += in_turn;
		bench.fake.now_ns += bench.last_delay_ns;
	}
	ck_assert_uint_eq(heard, MANY);
	bench.step_ns = 0;
	for (size_t i = 0; i < MANY; i++)
		finish(&clients[i]);
}
END_TEST

START_TEST(test_stop)
{
	Client client = begin(CALL_FULL);

	json_free(hear(&client));
	control_free(bench.control);
	bench.control = NULL;
	ck_assert_ptr_null(hear(&client));
	ck_assert(client.ended);
	finish(&client);
}
END_TEST

HARNESS_MAIN("monitor",
	     HARNESS_FIXTURE(suite, "replies", bench_setup, bench_teardown, test_first,
			     test_only_what_was_asked_for, test_intervals, test_expected_more,
			     test_news, test_news_of_a_trial, test_news_is_one_change,
			     test_news_for_all, test_news_of_a_verb);
	     HARNESS_FIXTURE(suite, "cost", bench_setup, bench_teardown, test_slow, test_gone,
			     test_said_behind, test_many, test_rest, test_stop);)
