/* SPDX-License-Identifier: MIT */
/*
 * The loop of the full screen: keys, updates and answers go into the model, which is drawn when
 * something came. Nothing is done between.
 */
#include <errno.h>
#include <locale.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/watch.h"
#include "cli/watch_question.h"
#include "cli/watch_signals.h"
#include "cli/watch_source.h"
#include "cli/watch_terminal.h"
#include "cli/watch_view.h"
#include "common/clock.h"

typedef struct Screen {
	const Settings *settings;
	WatchModel model;
	WatchFrame frame;
	WatchSource source;
	WatchQuestion question;
	uint64_t now_ns;
	bool dirty, afresh; /* there is something to draw; all of it */
	bool quit;
	int end; /* the signal that ends it */
} Screen;

static void on_update(void *context, const Json *update, bool first)
{
	Screen *screen = context;

	watch_model_notice(&screen->model,
			   watch_model_update(&screen->model, update, first, screen->now_ns) < 0
				   ? "not enough memory to show it all"
				   : NULL);
	screen->dirty = true;
}

static void on_lost(void *context, int error)
{
	Screen *screen = context;
	char notice[160];

	(void)text_format(notice, sizeof(notice), "connection lost, trying again (%s)",
			  strerror(-error));
	watch_model_notice(&screen->model, notice);
	screen->dirty = true;
}

/* The selected row. */
static void explain(Screen *screen)
{
	WatchPane pane;
	const char *key = watch_model_selected(&screen->model, &pane);
	char text[160];
	int r;

	if (!key)
		return;
	watch_model_explain(&screen->model);
	r = watch_question_ask(&screen->question, pane, key, screen->now_ns);
	if (r == 0)
		return;
	watch_question_clear(&screen->question);
	(void)text_format(text, sizeof(text), "netoptd cannot be asked: %s", strerror(-r));
	watch_model_answer(&screen->model, text);
}

static void take_keys(Screen *screen)
{
	uint32_t key;

	while (!screen->quit && (key = watch_terminal_key()) != 0) {
		screen->dirty = true;
		switch (watch_model_key(&screen->model, key)) {
		case WATCH_QUIT:
			screen->quit = true;
			break;
		case WATCH_EXPLAIN:
			explain(screen);
			break;
		case WATCH_REDRAW:
			screen->afresh = true;
			break;
		case WATCH_NOTHING:
			break;
		}
	}
}

static void take_answer(Screen *screen, short revents)
{
	_cleanup_(text_clear) Text text = {.data = NULL};

	if (screen->question.link.fd < 0)
		return;
	if (watch_question_step(&screen->question, revents, screen->frame.columns, screen->now_ns,
				&text) == 0)
		return;
	if (screen->model.mode == WATCH_READING)
		watch_model_answer(&screen->model, text_string(&text));
	screen->dirty = true;
}

static void take_signals(Screen *screen)
{
	WatchSignals signals = watch_signals_take();

	screen->end = signals.end;
	screen->quit = screen->quit || signals.end;
	if (screen->quit)
		return;
	if (signals.stop)
		watch_terminal_suspend();
	else if (signals.continued)
		watch_terminal_resume();
	if (signals.stop || signals.continued || signals.resized)
		screen->dirty = screen->afresh = true;
}

static void draw(Screen *screen)
{
	size_t rows, columns;

	watch_terminal_size(&rows, &columns);
	if (watch_frame_reset(&screen->frame, rows, columns) < 0)
		return; /* no memory: what is there stays */
	watch_view_draw(&screen->model, &screen->frame, screen->now_ns);
	watch_terminal_paint(&screen->frame, screen->afresh);
	screen->dirty = screen->afresh = false;
}

/* Waits for what comes next, and takes it. */
static void step(Screen *screen)
{
	struct pollfd fds[] = {
		{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = watch_source_fd(&screen->source),
		 .events = watch_source_events(&screen->source)},
		{.fd = screen->question.link.fd,
		 .events = watch_link_events(&screen->question.link)},
	};
	uint64_t next_ns = watch_source_next_ns(&screen->source);
	int r;

	if (screen->question.link.fd >= 0)
		next_ns = MIN(next_ns, screen->question.deadline_ns);
	r = watch_signals_poll(fds, ARRAY_SIZE(fds),
			       next_ns > screen->now_ns ? next_ns - screen->now_ns : 0);
	for (size_t i = 0; r <= 0 && i < ARRAY_SIZE(fds); i++)
		fds[i].revents = 0;
	screen->now_ns = clock_monotonic_ns(&clock_system);
	take_signals(screen);
	if (screen->quit)
		return;
	if (fds[0].revents && watch_terminal_hung_up(fds[0].revents)) {
		screen->quit = true;
		return;
	}
	if (fds[0].revents)
		take_keys(screen);
	take_answer(screen, fds[2].revents);
	watch_source_step(&screen->source, fds[1].revents, screen->now_ns);
}

static void run(Screen *screen)
{
	/* What is large in endpoints, paths and changes, and on no screen. */
	static const char *const unread[] = {"targets", "series", "evidence", NULL};
	WatchSourceOps ops = {.update = on_update, .lost = on_lost, .context = screen};
	const Settings *settings = screen->settings;

	screen->question = (WatchQuestion){.settings = settings, .link = WATCH_LINK_NULL};
	screen->now_ns = clock_monotonic_ns(&clock_system);
	screen->dirty = true;
	watch_source_init(&screen->source, settings->socket, settings->update_ns,
			  settings->timeout_ns, settings->limit, &ops);
	screen->source.link.unread = unread;
	screen->model.limit = screen->source.limit;
	while (!screen->quit) {
		if (screen->dirty)
			draw(screen);
		step(screen);
	}
}

static int say_no_terminal(const Settings *settings, int error)
{
	if (error == -ENOTTY)
		return output_error(settings, CLI_USAGE, "org.netopt.Client.NoTerminal",
				    "watch needs a terminal; for lines to read by programs: "
				    "netoptctl watch --json");
	return output_error(settings, CLI_FAILED, "org.netopt.Client.NoTerminal",
			    "this terminal is not known here: TERM is %s; try TERM=xterm, or: "
			    "netoptctl watch --json",
			    getenv("TERM") ? getenv("TERM") : "not set");
}

int watch_screen(const Settings *settings)
{
	Screen screen = {.settings = settings, .afresh = true};
	_cleanup_client_ Client client = CLIENT_NULL;
	int r;

	(void)setlocale(LC_ALL, ""); /* unknown: then it is "C", which every terminal shows */
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return say_no_terminal(settings, -ENOTTY);
	r = client_open(settings, &client);
	if (r != CLI_OK)
		return r;
	client_close(&client);
	watch_signals_init();
	r = watch_terminal_open(settings->colour);
	if (r < 0)
		return say_no_terminal(settings, r);
	screen.frame.utf8 = watch_terminal_utf8();
	run(&screen);
	watch_terminal_close();
	watch_source_clear(&screen.source);
	watch_question_clear(&screen.question);
	watch_model_clear(&screen.model);
	watch_frame_clear(&screen.frame);
	if (screen.end)
		watch_signals_die(screen.end);
	return CLI_OK;
}
