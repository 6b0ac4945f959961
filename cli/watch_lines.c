/* SPDX-License-Identifier: MIT */
/*
 * A line of JSON for each update, as the daemon sent it. When the connection is lost a line says
 * so, once, and it is tried again: whoever reads has the same manners as the screen. That nobody
 * reads any more is noticed at once, not with the next line, and is no failure.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/watch.h"
#include "cli/watch_source.h"
#include "common/clock.h"

typedef struct Lines {
	bool lost; /* was said */
	bool over; /* nobody reads */
	bool failed;
} Lines;

static void write_line(Lines *lines, const Json *json)
{
	_cleanup_free_ char *text = json_format(json, false);

	if (text && fputs(text, stdout) != EOF && fputc('\n', stdout) != EOF && fflush(stdout) == 0)
		return;
	lines->over = true;
	lines->failed = !text || errno != EPIPE;
}

static void on_update(void *context, const Json *update, bool first)
{
	Lines *lines = context;

	(void)first;
	lines->lost = false;
	write_line(lines, update);
}

static void on_lost(void *context, int error)
{
	_cleanup_json_ Json *json = json_new_object();
	Lines *lines = context;
	char message[160];

	if (lines->lost)
		return;
	lines->lost = true;
	(void)text_format(message, sizeof(message), "connection lost, trying again: %s",
			  strerror(-error));
	json_set_string(json, "error", "org.netopt.Client.ConnectionFailed");
	json_set_string(json, "message", message);
	write_line(lines, json);
}

static void step(Lines *lines, WatchSource *source)
{
	uint64_t now_ns = clock_monotonic_ns(&clock_system);
	uint64_t next_ns = watch_source_next_ns(source);
	struct pollfd fds[] = {
		{.fd = STDOUT_FILENO}, /* POLLERR when the reader of a pipe is gone */
		{.fd = watch_source_fd(source), .events = watch_source_events(source)},
	};
	/* Rounded up, so that it is due when we wake. */
	uint64_t wait_ms = next_ns > now_ns ? (next_ns - now_ns) / NSEC_PER_MSEC + 1 : 0;
	int r = poll(fds, ARRAY_SIZE(fds), (int)MIN(wait_ms, UINT64_C(60000)));

	if (r > 0 && fds[0].revents & (POLLERR | POLLHUP | POLLNVAL))
		lines->over = true;
	else
		watch_source_step(source, r > 0 ? fds[1].revents : 0,
				  clock_monotonic_ns(&clock_system));
}

int watch_lines(const Settings *settings)
{
	Lines lines = {.over = false};
	WatchSourceOps ops = {.update = on_update, .lost = on_lost, .context = &lines};
	_cleanup_client_ Client client = CLIENT_NULL;
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	WatchSource source;
	int r = client_open(settings, &client);

	if (r != CLI_OK)
		return r;
	client_close(&client);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	watch_source_init(&source, settings->socket, settings->update_ns, settings->timeout_ns,
			  settings->limit, &ops);
	while (!lines.over)
		step(&lines, &source);
	watch_source_clear(&source);
	if (!lines.failed)
		return CLI_OK;
	fprintf(stderr, "netoptctl: cannot write: %s\n", strerror(errno ? errno : ENOMEM));
	return CLI_FAILED;
}
