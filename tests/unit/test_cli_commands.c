/* SPDX-License-Identifier: MIT */
/*
 * The table of commands against everything that is made from it or written beside it: help, manual
 * page, completion.
 */
#include "cli/command.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "cli/cli.h"
#include "common/text.h"
#include "tests/unit/harness.h"

#define OUTPUT_SIZE (64 * 1024)

static char out[OUTPUT_SIZE];

static void slurp(int fd)
{
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	n = pread(fd, out, sizeof(out) - 1, 0);
	ck_assert_int_ge(n, 0);
	ck_assert_int_lt(n, (ssize_t)sizeof(out) - 1);
	out[n] = '\0';
	(void)close(fd);
}

/* What netoptctl prints for two words. */
static void run(const char *first, const char *second)
{
	char *words[] = {(char *)"netoptctl", (char *)first, (char *)second, NULL};
	int fd = memfd_create("out", 0), status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (dup2(fd, STDOUT_FILENO) < 0)
			_exit(99);
		_exit(cli_run(second ? 3 : 2, words));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), CLI_OK);
	slurp(fd);
}

static void check_has(const char *expected)
{
	ck_assert_msg(strstr(out, expected) != NULL, "no \"%s\" in:\n%s", expected, out);
}

START_TEST(test_tables)
{
	for (size_t i = 0; i < n_commands; i++) {
		const Command *command = &commands[i];

		ck_assert_ptr_eq(command_find(command->name), command);
		ck_assert((command->run != NULL) != (command->list != NULL));
		ck_assert(!command->list || command->maximum == 0);
		ck_assert_uint_le(command->minimum, command->maximum);
		ck_assert_int_eq(command->maximum == 0, *command->usage == '\0');
		ck_assert_int_eq(command->maximum > 0 && command->minimum == 0,
				 *command->usage == '[');
		ck_assert_int_eq(command->maximum == 0, command->argument == ARGUMENT_NONE);
	}
	for (size_t i = 0; i < n_command_options; i++)
		for (size_t k = 0; k < n_commands; k++)
			ck_assert(command_options[i].commands ||
				  command_takes(&commands[k], &command_options[i]));
	ck_assert_ptr_null(command_find(""));
	ck_assert_ptr_null(command_find("Status"));
	ck_assert_str_eq(command_nearest("endpoint"), "endpoints");
	ck_assert_str_eq(command_nearest("chagnes"), "changes");
	ck_assert_ptr_null(command_nearest("xyzzy"));
}
END_TEST

/* By the whole word. */
START_TEST(test_options_of_commands)
{
	static const CommandOption both = {.name = "x", .commands = "pathsandmore flows links"};
	static const CommandOption last = {.name = "x", .commands = "myflows paths"};

	ck_assert(command_takes(command_find("flows"), &both));
	ck_assert(command_takes(command_find("links"), &both));
	ck_assert(!command_takes(command_find("paths"), &both));
	ck_assert(command_takes(command_find("paths"), &last));
	ck_assert(!command_takes(command_find("flows"), &last));
	/* Of a letter, too, and whoever takes none is told of the first. */
	ck_assert_str_eq(command_letter(command_find("flows"), 'n')->name, "limit");
	ck_assert_str_eq(command_letter(command_find("measure"), 'n')->name, "count");
	ck_assert_str_eq(command_letter(command_find("status"), 'n')->name, "limit");
	ck_assert_str_eq(command_letter(NULL, 'n')->name, "limit");
	ck_assert_ptr_null(command_letter(command_find("flows"), 'z'));
	ck_assert_ptr_null(command_letter(NULL, '\0'));
	run("help", "flows");
	check_has("--process");
	check_has("--limit");
	run("help", "paths");
	check_has("--limit");
	ck_assert_ptr_null(strstr(out, "--process"));
}
END_TEST

START_TEST(test_help)
{
	run("help", NULL);
	for (size_t i = 0; i < n_commands; i++)
		check_has(commands[i].summary);
	for (size_t i = 0; i < n_command_options; i++)
		check_has(command_options[i].summary);
	for (const char *line = out; *line; line = strchr(line, '\n') + 1)
		ck_assert_int_le(strchr(line, '\n') - line, 100);
}
END_TEST

/* ".Op Ar ID" → "[ID]", ".Ar ID | Cm all" → "ID|all": a line of the synopsis as plain words. */
static void plain_line(const char *line, size_t length, Text *text)
{
	char copy[128], *save = NULL;
	bool optional = false;

	ck_assert_uint_lt(length, sizeof(copy));
	memcpy(copy, line, length);
	copy[length] = '\0';
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (text_equal(word, ".Op")) {
			optional = true;
			text_append(text, "[");
		} else if (!(word[0] == '.' && isupper((unsigned char)word[1])) &&
			   !text_equal(word, "Ar") && !text_equal(word, "Cm")) {
			text_append(text, word);
		}
	}
	text_append(text, optional ? "] " : " ");
}

START_TEST(test_manual_synopsis)
{
	_cleanup_(text_clear) Text expected = {.data = NULL};
	_cleanup_(text_clear) Text found = {.data = NULL};
	const char *at, *end;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/man/netoptctl.1", getenv("NETOPT_SOURCE"));
	slurp(open(path, O_RDONLY | O_CLOEXEC));
	at = strstr(out, ".Sh SYNOPSIS\n");
	ck_assert_ptr_nonnull(at);
	at += strlen(".Sh SYNOPSIS\n");
	end = strstr(at, ".Sh DESCRIPTION");
	ck_assert_ptr_nonnull(end);
	while (at < end) {
		const char *newline = strchr(at, '\n');

		if (text_starts_with(at, ".Nm"))
			text_append(&found, "\n");
		else
			plain_line(at, (size_t)(newline - at), &found);
		at = newline + 1;
	}
	for (size_t i = 0; i < n_commands; i++)
		text_appendf(&expected, "\n[option...] %s %s%s", commands[i].name,
			     commands[i].usage, *commands[i].usage ? " " : "");
	ck_assert_str_eq(text_string(&found), text_string(&expected));
}
END_TEST

START_TEST(test_manual_options)
{
	char path[512], line[128];

	(void)snprintf(path, sizeof(path), "%s/man/netoptctl.1", getenv("NETOPT_SOURCE"));
	slurp(open(path, O_RDONLY | O_CLOEXEC));
	for (size_t i = 0; i < n_commands; i++) {
		(void)snprintf(line, sizeof(line), "\n.It Cm %s", commands[i].name);
		check_has(line);
	}
	for (size_t i = 0; i < n_command_options; i++) {
		if (command_options[i].letter)
			(void)snprintf(line, sizeof(line), "\n.It Fl %c , Fl -%s",
				       command_options[i].letter, command_options[i].name);
		else
			(void)snprintf(line, sizeof(line), "\n.It Fl -%s", command_options[i].name);
		check_has(line);
	}
}
END_TEST

START_TEST(test_completion_is_complete)
{
	static const char *const shells[] = {"bash", "zsh", "fish"};

	run("completion", shells[_i]);
	for (size_t i = 0; i < n_commands; i++)
		check_has(commands[i].name);
	for (size_t i = 0; i < n_command_options; i++)
		check_has(command_options[i].name);
	check_has("netoptctl --no-legend --timeout 1s changes");
	check_has("netoptctl --no-legend --timeout 1s endpoints");
}
END_TEST

/* Completes the last word of a line in a real bash; the answers, separated by blanks, into out. */
static void complete(const char *words, unsigned count)
{
	int fd = memfd_create("out", 0), status;
	char script[512];
	pid_t pid;

	(void)snprintf(script, sizeof(script),
		       "source /dev/fd/%d; COMP_WORDS=(%s); COMP_CWORD=%u; _netoptctl; "
		       "echo \"${COMPREPLY[*]}\"",
		       STDIN_FILENO, words, count - 1);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int source = memfd_create("source", 0);

		if (write(source, out, strlen(out)) < 0 || lseek(source, 0, SEEK_SET) < 0 ||
		    dup2(source, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0 ||
		    dup2(fd, STDERR_FILENO) < 0)
			_exit(99);
		(void)execlp("bash", "bash", "--norc", "-c", script, (char *)NULL);
		_exit(77);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	slurp(fd);
}

START_TEST(test_completion_in_bash)
{
	static const struct {
		const char *words, *expected;
		unsigned count;
	} rows[] = {
		{"netoptctl sta", "status\n", 2},
		{"netoptctl li", "listeners links\n", 2},
		{"netoptctl flows --pro", "--process\n", 3},
		{"netoptctl re", "revert release report resume reload\n", 2},
		{"netoptctl --js", "--json\n", 2},
		{"netoptctl measure ht", "https:// http://\n", 3},
		{"netoptctl --json '=' p", "pretty\n", 4},
		{"netoptctl --json '='", "short pretty\n", 3},
		{"netoptctl --color n", "never\n", 3},
		{"netoptctl revert a", "all\n", 3},
		{"netoptctl --no-legend completion z", "zsh\n", 4},
		{"netoptctl audit --row p", "pooling ports\n", 4},
		{"netoptctl status ''", "\n", 3},
	};

	if (access("/bin/bash", X_OK) < 0)
		HARNESS_SKIP("no bash");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		run("completion", "bash");
		complete(rows[i].words, rows[i].count);
		ck_assert_msg(text_equal(out, rows[i].expected), "%s: %s", rows[i].words, out);
	}
}
END_TEST

static void add_all(Suite *suite)
{
	TCase *all = tcase_create("commands");

	tcase_set_timeout(all, 60); /* many a bash */
	tcase_add_test(all, test_tables);
	tcase_add_test(all, test_options_of_commands);
	tcase_add_test(all, test_help);
	tcase_add_test(all, test_manual_synopsis);
	tcase_add_test(all, test_manual_options);
	tcase_add_loop_test(all, test_completion_is_complete, 0, 3);
	tcase_add_test(all, test_completion_in_bash);
	suite_add_tcase(suite, all);
}

HARNESS_MAIN("cli_commands", add_all(suite);)
