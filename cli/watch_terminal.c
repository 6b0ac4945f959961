/* SPDX-License-Identifier: MIT */
/*
 * On a crash the heap and ncurses may be broken, so what gives the terminal back is made at the
 * opening: the bytes that end the mode of the keypad, show the cursor, and leave the screen of our
 * own, from terminfo; and the settings of the line. The handler writes these, and lets the signal
 * do what it would have done. It runs on a stack of its own, as the other one may have overflown.
 *
 * SIGINT, SIGTSTP and SIGWINCH are not ncurses's: it installs no handler where there is one.
 */
#include "cli/watch_terminal.h"

#include <errno.h>
#include <langinfo.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "cli/watch_model.h"

#define ESCAPE_MS  50 /* how long the rest of a key's bytes may take; ssh sends them as one */
#define STACK_SIZE (64 * 1024)

static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGQUIT, SIGSYS, SIGTRAP};

static SCREEN *terminal;
static struct termios before;
static char restore[256];
static volatile size_t restore_length;
static bool coloured;
static char crash_stack[STACK_SIZE];

static void on_crash(int number)
{
	ssize_t n = write(STDOUT_FILENO, restore, restore_length);

	(void)n; /* nothing else could be done */
	(void)tcsetattr(STDOUT_FILENO, TCSANOW, &before);
	(void)raise(number); /* SA_RESETHAND: it ends us now */
}

static void add_byte(char byte)
{
	if (restore_length < sizeof(restore))
		restore[restore_length++] = byte;
}

/* By its name in terminfo(5), without the delays, as "$<5/>", that terminals no longer need. */
static void add_capability(const char *name)
{
	const char *at = tigetstr(name);

	if (!at || at == (const char *)-1)
		return;
	while (*at) {
		size_t delay = text_starts_with(at, "$<") ? strcspn(at, ">") : 0;

		if (delay == 0)
			add_byte(*at++);
		else
			at += delay + (at[delay] == '>');
	}
}

static void prepare_for_a_crash(void)
{
	const stack_t stack = {.ss_sp = crash_stack, .ss_size = sizeof(crash_stack)};
	struct sigaction action = {.sa_handler = on_crash,
				   .sa_flags = (int)(SA_RESETHAND | SA_NODEFER | SA_ONSTACK)};

	restore_length = 0;
	add_capability("sgr0");
	add_capability("rmkx");
	add_capability("cnorm");
	add_capability("rmcup");
	add_byte('\r');
	(void)sigemptyset(&action.sa_mask);
	(void)sigaltstack(&stack, NULL); /* without it, all but an overflow of the stack */
	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
		(void)sigaction(crashes[i], &action, NULL);
}

static void set_modes(void)
{
	(void)cbreak(); /* keys at once; those of signals stay signals */
	(void)noecho();
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)intrflush(stdscr, FALSE);
	(void)leaveok(stdscr, TRUE);
	(void)curs_set(0);
	(void)set_escdelay(ESCAPE_MS);
}

static void set_colours(void)
{
	(void)use_default_colors();
	(void)init_pair(STYLE_GOOD, COLOR_GREEN, -1);
	(void)init_pair(STYLE_WARN, COLOR_YELLOW, -1);
	(void)init_pair(STYLE_BAD, COLOR_RED, -1);
}

int watch_terminal_open(bool colour)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    tcgetattr(STDOUT_FILENO, &before) < 0)
		return -ENOTTY;
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal)
		return -EINVAL;
	prepare_for_a_crash();
	set_modes();
	coloured = colour && has_colors() && start_color() != ERR;
	if (coloured)
		set_colours();
	return 0;
}

void watch_terminal_close(void)
{
	if (!terminal)
		return;
	(void)endwin();
	restore_length = 0;
	(void)tcsetattr(STDOUT_FILENO, TCSADRAIN, &before);
	delscreen(terminal);
	terminal = NULL;
}

bool watch_terminal_utf8(void)
{
	return text_equal(nl_langinfo(CODESET), "UTF-8");
}

void watch_terminal_size(size_t *ret_rows, size_t *ret_columns)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0 &&
	    (size.ws_row != LINES || size.ws_col != COLS))
		(void)resizeterm(size.ws_row, size.ws_col);
	*ret_rows = (size_t)LINES;
	*ret_columns = (size_t)COLS;
}

/* Without colours what is bad is bold, and so still seen. */
static attr_t attributes(const WatchCell *cell)
{
	static const bool bold[] = {[STYLE_BOLD] = true, [STYLE_BAD] = true};
	attr_t attribute = cell->reverse ? A_REVERSE : A_NORMAL;

	if (cell->style < ARRAY_SIZE(bold) && bold[cell->style])
		attribute |= A_BOLD;
	return attribute;
}

static void paint_cell(const WatchCell *cell)
{
	wchar_t text[2] = {(wchar_t)cell->character, L'\0'};
	short pair = cell->style >= STYLE_GOOD && coloured ? cell->style : 0;
	cchar_t character;

	if (setcchar(&character, text, attributes(cell), pair, NULL) != ERR)
		(void)add_wch(&character);
}

void watch_terminal_paint(const WatchFrame *frame, bool afresh)
{
	if (afresh)
		(void)clear();
	else
		(void)erase();
	for (size_t row = 0; row < frame->rows; row++)
		for (size_t column = 0; column < frame->columns; column++) {
			const WatchCell *cell = &frame->cells[row * frame->columns + column];

			if (cell->character == 0)
				continue;
			if (move((int)row, (int)column) != ERR)
				paint_cell(cell);
		}
	(void)refresh();
}

uint32_t watch_terminal_key(void)
{
	static const struct {
		wint_t theirs;
		uint32_t ours;
	} keys[] = {
		{KEY_UP, WATCH_KEY_UP},         {KEY_DOWN, WATCH_KEY_DOWN},
		{KEY_LEFT, WATCH_KEY_LEFT},     {KEY_RIGHT, WATCH_KEY_RIGHT},
		{KEY_PPAGE, WATCH_KEY_PAGE_UP}, {KEY_NPAGE, WATCH_KEY_PAGE_DOWN},
		{KEY_HOME, WATCH_KEY_HOME},     {KEY_END, WATCH_KEY_END},
		{KEY_BTAB, WATCH_KEY_BACK_TAB}, {KEY_BACKSPACE, WATCH_KEY_BACKSPACE},
		{KEY_ENTER, WATCH_KEY_ENTER},
	};
	wint_t key;
	int r = get_wch(&key);

	if (r == ERR)
		return 0;
	if (r != KEY_CODE_YES)
		return key == '\r'                  ? (uint32_t)WATCH_KEY_ENTER
		       : key == 0x7f || key == '\b' ? (uint32_t)WATCH_KEY_BACKSPACE
						    : key;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].theirs == key)
			return keys[i].ours;
	return UINT32_MAX; /* one that means nothing here */
}

bool watch_terminal_hung_up(short revents)
{
	int waiting = 0;

	if (revents & (POLLHUP | POLLERR | POLLNVAL))
		return true;
	return revents & POLLIN && ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 && waiting == 0;
}

void watch_terminal_resume(void)
{
	(void)reset_prog_mode();
	(void)clearok(curscr, TRUE);
	(void)refresh();
	(void)curs_set(0);
}

void watch_terminal_suspend(void)
{
	struct sigaction ours, stop = {.sa_handler = SIG_DFL};
	sigset_t only, old;

	(void)endwin();
	(void)tcsetattr(STDOUT_FILENO, TCSADRAIN, &before);
	(void)sigemptyset(&stop.sa_mask);
	(void)sigemptyset(&only);
	(void)sigaddset(&only, SIGTSTP);
	(void)sigaction(SIGTSTP, &stop, &ours);
	(void)raise(SIGTSTP); /* waits, blocked, for the next line */
	(void)sigprocmask(SIG_UNBLOCK, &only, &old);
	/* Here it stopped, and goes on. */
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	(void)sigaction(SIGTSTP, &ours, NULL);
	watch_terminal_resume();
}
