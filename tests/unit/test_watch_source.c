/* SPDX-License-Identifier: MIT */
/*
 * Where `watch` gets its updates and explanations from, against a daemon whose every word is
 * written here. Both ends are in this process and the time is given, so that nothing is waited for.
 */
#include "cli/watch_source.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cli/watch_question.h"
#include "common/clock.h"
#include "tests/unit/harness.h"

#define START_NS   (100 * NSEC_PER_SEC)
#define TIMEOUT_NS (10 * NSEC_PER_SEC)
#define BOTH       (POLLIN | POLLOUT)

static char directory[64], path[96];
static int listener, daemon_fd;
static uint64_t now_ns;
static WatchSource source;
static unsigned updates, firsts, losses;
static int last_error;
static Json *last;

static void on_update(void *context, const Json *update, bool first)
{
	ck_assert_ptr_eq(context, &source);
	updates++;
	firsts += first;
	json_free(last);
	last = json_reference((Json *)update);
}

static void on_lost(void *context, int error)
{
	ck_assert_ptr_eq(context, &source);
	losses++;
	last_error = error;
}

static void start_listening(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)unlink(path);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(listener, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 4), 0);
}

static void setup(void)
{
	WatchSourceOps ops = {.update = on_update, .lost = on_lost, .context = &source};

	(void)snprintf(directory, sizeof(directory), "/tmp/test-watch.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/sock", directory);
	start_listening();
	daemon_fd = -1;
	updates = firsts = losses = 0;
	last_error = 0;
	last = NULL;
	now_ns = START_NS;
	watch_source_init(&source, path, NSEC_PER_SEC, TIMEOUT_NS, 0, &ops);
}

static void teardown(void)
{
	watch_source_clear(&source);
	json_free(last);
	base_close(&daemon_fd);
	base_close(&listener);
	(void)unlink(path);
	(void)rmdir(directory);
}

static void step(void)
{
	watch_source_step(&source, source.link.fd >= 0 ? BOTH : 0, now_ns);
}

static void accept_client(void)
{
	base_close(&daemon_fd);
	daemon_fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	ck_assert_int_ge(daemon_fd, 0);
}

/* The one call that has come, as text. */
static const char *heard(void)
{
	static char buffer[4096];
	ssize_t n = recv(daemon_fd, buffer, sizeof(buffer), 0);

	ck_assert_msg(n > 0 && buffer[n - 1] == '\0', "%zd bytes", n);
	ck_assert_uint_eq(strlen(buffer), (size_t)n - 1);
	return buffer;
}

static void check_heard(const char *expected)
{
	const char *call = heard();

	ck_assert_msg(strstr(call, expected) != NULL, "no \"%s\" in: %s", expected, call);
}

static void say(const char *reply)
{
	ck_assert_int_eq(send(daemon_fd, reply, strlen(reply) + 1, 0), (ssize_t)strlen(reply) + 1);
}

static void connect_and_hear(void)
{
	step();
	step(); /* sends */
	accept_client();
	check_heard("org.netopt.Daemon.Monitor");
}

#define UPDATE "{\"parameters\":{\"reason\":\"interval\",\"changes\":[]},\"continues\":true}"

START_TEST(test_stream)
{
	_cleanup_json_ Json *call = NULL;
	const char *text;
	const Json *parameters;

	step();
	step();
	accept_client();
	text = heard();
	ck_assert_int_eq(json_parse(text, strlen(text), &call), 0);
	ck_assert_str_eq(json_string(json_get(call, "method")), "org.netopt.Daemon.Monitor");
	ck_assert(json_bool(json_get(call, "more"), false));
	parameters = json_get(call, "parameters");
	ck_assert_int_eq(json_int(json_get(parameters, "intervalUsec"), 0), 1000000);
	ck_assert_int_eq(json_int(json_get(parameters, "limit"), 0), 100);
	ck_assert(json_bool(json_get(parameters, "endpoints"), false));
	ck_assert(json_bool(json_get(parameters, "paths"), false));
	say(UPDATE);
	step();
	ck_assert_uint_eq(updates, 1);
	ck_assert_uint_eq(firsts, 1);
	say(UPDATE);
	say(UPDATE);
	step();
	ck_assert_uint_eq(updates, 3);
	ck_assert_uint_eq(firsts, 1);
	ck_assert_uint_eq(losses, 0);
}
END_TEST

START_TEST(test_byte_by_byte)
{
	connect_and_hear();
	for (const char *at = UPDATE; *at; at++) {
		ck_assert_int_eq(send(daemon_fd, at, 1, 0), 1);
		step();
		ck_assert_uint_eq(updates, 0);
	}
	ck_assert_int_eq(send(daemon_fd, "", 1, 0), 1);
	step();
	ck_assert_uint_eq(updates, 1);
}
END_TEST

START_TEST(test_restart)
{
	connect_and_hear();
	say(UPDATE);
	base_close(&daemon_fd);
	daemon_fd = -1;
	step();
	step();
	ck_assert_uint_eq(updates, 1); /* what came before the end counts */
	ck_assert_uint_eq(losses, 1);
	ck_assert_int_eq(last_error, -ECONNRESET);
	ck_assert_int_eq(watch_source_fd(&source), -1);
	/* Not before its time; then again and again. */
	base_close(&listener);
	step();
	ck_assert_uint_eq(losses, 1);
	for (unsigned i = 2; i < 5; i++) {
		ck_assert_uint_eq(watch_source_next_ns(&source), now_ns + NSEC_PER_SEC);
		now_ns += NSEC_PER_SEC;
		step();
		ck_assert_uint_eq(losses, i);
		ck_assert_int_eq(last_error, -ECONNREFUSED);
	}
	start_listening();
	now_ns += NSEC_PER_SEC;
	connect_and_hear();
	say(UPDATE);
	step();
	ck_assert_uint_eq(updates, 2);
	ck_assert_uint_eq(firsts, 2);
	ck_assert_uint_eq(losses, 4);
}
END_TEST

START_TEST(test_silence)
{
	connect_and_hear();
	say(UPDATE);
	step();
	now_ns += TIMEOUT_NS + NSEC_PER_SEC - 1;
	step();
	ck_assert_uint_eq(losses, 0);
	now_ns++;
	step();
	ck_assert_uint_eq(losses, 1);
	ck_assert_int_eq(last_error, -ETIMEDOUT);
}
END_TEST

START_TEST(test_no_netoptd)
{
	static const char *const words[] = {
		"hello",
		"{}",
		"[]",
		"{\"parameters\":[],\"continues\":true}",
		"{\"error\":\"org.netopt.Daemon.Failed\",\"parameters\":{}}",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		connect_and_hear();
		say(words[i]);
		step();
		ck_assert_uint_eq(losses, i + 1);
		ck_assert(last_error == -EBADMSG || last_error == -EPROTO);
		now_ns += NSEC_PER_SEC;
	}
	ck_assert_uint_eq(updates, 0);
}
END_TEST

/* The stream ends, as the daemon says. */
START_TEST(test_end_of_stream)
{
	connect_and_hear();
	say("{\"parameters\":{\"reason\":\"interval\"}}");
	step();
	ck_assert_uint_eq(updates, 1);
	ck_assert_uint_eq(losses, 1);
}
END_TEST

static void answer(const char *method, const char *parameters)
{
	char reply[1024];

	step(); /* sends */
	check_heard(method);
	(void)snprintf(reply, sizeof(reply), "{\"parameters\":%s}", parameters);
	say(reply);
	step();
}

#define NOT_FOUND                                                                                  \
	"{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":\"x\"}}"

static void answer_all(const char *changes)
{
	char parameters[512];

	answer("GetStatus", "{\"health\":\"ok\",\"healthReasons\":[\"r\"],\"version\":\"1\"}");
	answer("ListPaths", "{\"paths\":[{\"address\":\"192.0.2.1\"}],\"total\":1}");
	(void)snprintf(parameters, sizeof(parameters), "{\"changes\":[%s]}", changes);
	answer("ListChanges", parameters);
	answer("ListEndpoints", "{\"endpoints\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"total\":2}");
}

static void check_update(const char *reason, size_t changes, int64_t id)
{
	const Json *list = json_get(last, "changes");

	ck_assert_str_eq(json_string(json_get(last, "reason")), reason);
	ck_assert_uint_eq(json_length(list), changes);
	if (changes > 0)
		ck_assert_int_eq(json_int(json_get(json_at(list, 0), "id"), 0), id);
	ck_assert_str_eq(json_string(json_get(last, "health")), "ok");
	ck_assert_uint_eq(json_length(json_get(last, "healthReasons")), 1);
	ck_assert_uint_eq(json_length(json_get(last, "endpoints")), 2);
	ck_assert_uint_eq(json_length(json_get(last, "paths")), 1);
	ck_assert(json_int(json_get(last, "realtimeUsec"), 0) > 0);
}

START_TEST(test_older_daemon)
{
	connect_and_hear();
	say(NOT_FOUND);
	step();
	answer_all("{\"id\":1,\"state\":\"trial\"}");
	ck_assert_uint_eq(updates, 1);
	ck_assert_uint_eq(firsts, 1);
	check_update("interval", 1, 1);
	/* At rest until the interval is over. */
	now_ns += NSEC_PER_SEC - 1;
	step();
	step();
	ck_assert_int_lt(recv(daemon_fd, &(char){0}, 1, 0), 0);
	now_ns++;
	step();
	answer_all("{\"id\":1,\"state\":\"trial\"}");
	check_update("interval", 0, 0);
	now_ns += NSEC_PER_SEC;
	step();
	answer_all("{\"id\":2,\"state\":\"trial\"},{\"id\":1,\"state\":\"trial\"}");
	check_update("change", 1, 2);
	now_ns += NSEC_PER_SEC;
	step();
	answer_all("{\"id\":2,\"state\":\"trial\"},{\"id\":1,\"state\":\"decided\"}");
	check_update("change", 1, 1);
	ck_assert_uint_eq(updates, 4);
	ck_assert_uint_eq(firsts, 1);
	ck_assert_uint_eq(losses, 0);
}
END_TEST

/* It may be replaced by one that streams. */
START_TEST(test_older_then_newer)
{
	connect_and_hear();
	say(NOT_FOUND);
	step();
	answer("GetStatus", "{\"health\":\"ok\"}");
	base_close(&daemon_fd);
	daemon_fd = -1;
	step();
	ck_assert_uint_eq(losses, 1);
	now_ns += NSEC_PER_SEC;
	connect_and_hear();
	say(UPDATE);
	step();
	ck_assert_uint_eq(updates, 1);
}
END_TEST

START_TEST(test_older_and_silent)
{
	connect_and_hear();
	say(NOT_FOUND);
	step();
	answer("GetStatus", "{\"health\":\"ok\"}");
	now_ns += TIMEOUT_NS;
	step();
	ck_assert_uint_eq(losses, 1);
	ck_assert_int_eq(last_error, -ETIMEDOUT);
}
END_TEST

START_TEST(test_limits)
{
	WatchSourceOps ops = {.update = on_update, .lost = on_lost, .context = &source};

	watch_source_init(&source, path, NSEC_PER_SEC, TIMEOUT_NS, 1000, &ops);
	ck_assert_uint_eq(source.limit, 100); /* more is refused */
	watch_source_init(&source, path, NSEC_PER_SEC, TIMEOUT_NS, 7, &ops);
	step();
	step();
	accept_client();
	check_heard("\"limit\":7");
}
END_TEST

/* Questions. */

static Settings settings;
static WatchQuestion question;
static Text text;

static void ask(WatchPane pane, const char *key)
{
	settings = (Settings){.socket = path, .timeout_ns = TIMEOUT_NS};
	question.settings = &settings;
	ck_assert_int_eq(watch_question_ask(&question, pane, key, now_ns), 0);
	ck_assert_int_eq(watch_question_step(&question, BOTH, 80, now_ns, &text), 0);
	accept_client();
}

static void question_setup(void)
{
	setup();
	question = (WatchQuestion){.link = WATCH_LINK_NULL};
	text = (Text){.data = NULL};
}

static void question_teardown(void)
{
	watch_question_clear(&question);
	text_clear(&text);
	teardown();
}

static void check_answer(const char *reply, const char *expected)
{
	say(reply);
	ck_assert_int_eq(watch_question_step(&question, BOTH, 80, now_ns, &text), 1);
	ck_assert_msg(strstr(text_string(&text), expected) != NULL, "no \"%s\" in: %s", expected,
		      text_string(&text));
	ck_assert_int_eq(question.link.fd, -1);
}

START_TEST(test_explain)
{
	ask(WATCH_CHANGES, "7");
	check_heard("\"parameters\":{\"id\":7}");
	check_answer("{\"parameters\":{\"text\":\"because\\n\"}}", "because\n");
	ask(WATCH_PATHS, "192.0.2.0/24");
	check_heard("{\"path\":\"192.0.2.0/24\"}");
	check_answer("{\"parameters\":{\"text\":null}}", "said nothing");
	ask(WATCH_ENDPOINTS, "web");
	check_heard("{\"endpoint\":\"web\"}");
	check_answer("{\"error\":\"org.netopt.Daemon.Failed\",\"parameters\":{\"message\":\"no\"}}",
		     "no\n");
}
END_TEST

#define INVALID                                                                                    \
	"{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":"                      \
	"{\"parameter\":\"endpoint\"}}"

START_TEST(test_explained_by_an_older_daemon)
{
	ask(WATCH_ENDPOINTS, "web");
	check_heard("{\"endpoint\":\"web\"}");
	say(INVALID);
	ck_assert_int_eq(watch_question_step(&question, BOTH, 80, now_ns, &text), 0);
	ck_assert_int_eq(watch_question_step(&question, BOTH, 80, now_ns, &text), 0);
	check_heard("ListEndpoints");
	check_answer("{\"parameters\":{\"endpoints\":[{\"name\":\"web\",\"url\":\"tcp://x:1\","
		     "\"state\":\"up\"}],\"total\":1}}",
		     "tcp://x:1");
	ask(WATCH_PATHS, "192.0.2.1");
	check_heard("Explain");
	check_answer(INVALID, "older than netoptctl");
}
END_TEST

START_TEST(test_no_answer)
{
	ask(WATCH_CHANGES, "7");
	now_ns += TIMEOUT_NS;
	ck_assert_int_eq(watch_question_step(&question, 0, 80, now_ns, &text), 1);
	ck_assert_ptr_nonnull(strstr(text_string(&text), "No answer from netoptd"));
	ask(WATCH_CHANGES, "7");
	base_close(&daemon_fd);
	daemon_fd = -1;
	ck_assert_int_eq(watch_question_step(&question, BOTH, 80, now_ns, &text), 1);
	base_close(&listener);
	ck_assert_int_eq(watch_question_ask(&question, WATCH_CHANGES, "7", now_ns), -ECONNREFUSED);
}
END_TEST

HARNESS_MAIN("watch_source",
	     HARNESS_FIXTURE(suite, "updates", setup, teardown, test_stream, test_byte_by_byte,
			     test_restart, test_silence, test_no_netoptd, test_end_of_stream,
			     test_older_daemon, test_older_then_newer, test_older_and_silent,
			     test_limits);
	     HARNESS_FIXTURE(suite, "questions", question_setup, question_teardown, test_explain,
			     test_explained_by_an_older_daemon, test_no_answer);)
