/* SPDX-License-Identifier: MIT */
#include "cli/audit/fix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/output.h"
#include "common/durable.h"

#define RESOLVED     "/lib/systemd/systemd-resolved"
#define STUB         "../run/systemd/resolve/stub-resolv.conf"
#define DROP_IN_NAME "90-netopt-cache.conf"
#define DROP_IN_DIR  "/etc/systemd/resolved.conf.d"
#define BEFORE       "resolv.conf.before-netopt"
#define CONF_MAX     ((size_t)64 * 1024)
#define MODE         0644

#define ERROR_FIX "org.netopt.Client.FixFailed"

static void path_of(const FixOps *ops, const char *path, char *buffer, size_t size)
{
	if (!text_format(buffer, size, "%s%s", ops->root, path))
		buffer[0] = '\0';
}

static bool is_there(const FixOps *ops, const char *path)
{
	char full[PATH_MAX];
	struct stat info;

	path_of(ops, path, full, sizeof(full));
	return lstat(full, &info) == 0;
}

/* A directory, made if it is not there yet. */
static int open_directory(const FixOps *ops, const char *path, int *ret_fd)
{
	char full[PATH_MAX];

	path_of(ops, path, full, sizeof(full));
	if (mkdir(full, 0755) < 0 && errno != EEXIST)
		return -errno;
	*ret_fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

/* The name servers of resolv.conf as "DNS=..."; the search list as "Domains=...". */
static void translate(const char *conf, Text *drop_in)
{
	_cleanup_(text_clear) Text servers = {.data = NULL}, domains = {.data = NULL};

	for (const char *at = conf; *at;
	     at += strcspn(at, "\n") + (at[strcspn(at, "\n")] != '\0')) {
		size_t length = strcspn(at, "\n#;");
		Text *list = text_starts_with(at, "nameserver ") ? &servers
			     : text_starts_with(at, "search ")   ? &domains
								 : NULL;
		size_t word = strcspn(at, " ");

		if (list)
			text_append_bytes(list, at + word, length - word);
	}
	if (servers.length > 0)
		text_appendf(drop_in, "DNS=%s\n", text_string(&servers) + 1);
	if (domains.length > 0)
		text_appendf(drop_in, "Domains=%s\n", text_string(&domains) + 1);
}

/* resolv.conf as it is: the target of a link, or the bytes of a file. */
typedef struct Before {
	bool link;
	char target[PATH_MAX];
	char *data;
	size_t length;
} Before;

static int read_before(const FixOps *ops, Before *ret)
{
	_cleanup_close_ int etc = -1;
	char full[PATH_MAX];
	ssize_t n;
	int r;

	path_of(ops, "/etc/resolv.conf", full, sizeof(full));
	n = readlink(full, ret->target, sizeof(ret->target) - 1);
	if (n >= 0) {
		ret->link = true;
		ret->target[n] = '\0';
		return 0;
	}
	r = open_directory(ops, "/etc", &etc);
	if (r < 0)
		return r;
	return durable_read(etc, "resolv.conf", CONF_MAX, &ret->data, &ret->length);
}

/* Puts a link in the place of resolv.conf, in one step. */
static int point_to(const FixOps *ops, const char *target)
{
	char full[PATH_MAX], beside[PATH_MAX];

	path_of(ops, "/etc/resolv.conf", full, sizeof(full));
	path_of(ops, "/etc/resolv.conf.netopt", beside, sizeof(beside));
	(void)unlink(beside);
	if (symlink(target, beside) < 0)
		return -errno;
	if (rename(beside, full) < 0) {
		int error = errno;

		(void)unlink(beside);
		return -error;
	}
	return 0;
}

static int write_drop_in(const FixOps *ops, const Before *before)
{
	_cleanup_(text_clear) Text text = {.data = NULL};
	_cleanup_close_ int directory = -1;
	int r;

	text_append(&text,
		    "# Written by netoptctl audit --fix dns-cache; --fix dns-cache-undo takes "
		    "it back.\n[Resolve]\nCache=yes\nDNSStubListener=yes\n");
	if (before->data)
		translate(before->data, &text);
	if (text.failed)
		return -ENOMEM;
	r = open_directory(ops, DROP_IN_DIR, &directory);
	return r < 0 ? r : durable_replace(directory, DROP_IN_NAME, text.data, text.length, MODE);
}

static int keep_before(const FixOps *ops, const Before *before)
{
	_cleanup_close_ int etc = -1;
	char link[PATH_MAX + 16];
	int r = open_directory(ops, "/etc", &etc);

	if (r < 0)
		return r;
	if (!before->link)
		return durable_replace(etc, BEFORE, before->data, before->length, MODE);
	(void)text_format(link, sizeof(link), "link %s\n", before->target);
	return durable_replace(etc, BEFORE, link, strlen(link), MODE);
}

static int systemctl(const FixOps *ops, const char *verb)
{
	return ops->run(ops->context,
			(const char *const[]){"systemctl", verb, "systemd-resolved.service", NULL});
}

static int say(Text *said, int r, const char *what)
{
	text_appendf(said, "%s: %s\n", what, strerror(-r));
	return r;
}

int fix_dns_cache(const FixOps *ops, Text *said)
{
	Before before = {.data = NULL};
	int r;

	if (!is_there(ops, RESOLVED)) {
		text_append(said,
			    "There is no systemd-resolved on this host. Install it (Debian: apt "
			    "install systemd-resolved) and try again.\n");
		return -ENOENT;
	}
	if (is_there(ops, DROP_IN_DIR "/" DROP_IN_NAME)) {
		text_append(said, "It is in place already.\n");
		return -EALREADY;
	}
	r = read_before(ops, &before);
	if (r == 0)
		r = keep_before(ops, &before);
	if (r == 0)
		r = write_drop_in(ops, &before);
	free(before.data);
	if (r < 0)
		return say(said, r, "cannot prepare it");
	if (systemctl(ops, "enable") != 0 || systemctl(ops, "restart") != 0) {
		text_append(said, "systemd-resolved did not start; everything is as it was.\n");
		(void)fix_dns_cache_undo(ops, said);
		return -EIO;
	}
	r = point_to(ops, STUB);
	if (r < 0) {
		(void)fix_dns_cache_undo(ops, said);
		return say(said, r, "cannot point /etc/resolv.conf to it");
	}
	text_append(said, "systemd-resolved caches names now, and asks the same name servers as "
			  "before.\nTo take it back: netoptctl audit --fix dns-cache-undo\n");
	return 0;
}

/* What keep_before() kept, in its place again. */
static int restore(const FixOps *ops)
{
	_cleanup_close_ int etc = -1;
	_cleanup_free_ char *data = NULL;
	size_t length;
	int r = open_directory(ops, "/etc", &etc);

	if (r == 0)
		r = durable_read(etc, BEFORE, CONF_MAX, &data, &length);
	if (r < 0)
		return r;
	if (text_starts_with(data, "link ")) {
		r = point_to(ops, text_strip(data + strlen("link ")));
	} else {
		char full[PATH_MAX];
		struct stat info;

		path_of(ops, "/etc/resolv.conf", full, sizeof(full));
		if (lstat(full, &info) == 0 && S_ISLNK(info.st_mode) && unlink(full) < 0)
			return -errno;
		r = durable_replace(etc, "resolv.conf", data, length, MODE);
	}
	return r < 0 ? r : durable_remove(etc, BEFORE);
}

int fix_dns_cache_undo(const FixOps *ops, Text *said)
{
	_cleanup_close_ int directory = -1;
	int r;

	if (!is_there(ops, "/etc/" BEFORE)) {
		text_append(said, "There is nothing to take back.\n");
		return -ENOENT;
	}
	r = restore(ops);
	if (r < 0)
		return say(said, r, "cannot put /etc/resolv.conf back");
	r = open_directory(ops, DROP_IN_DIR, &directory);
	if (r == 0)
		r = durable_remove(directory, DROP_IN_NAME);
	if (r < 0)
		return say(said, r, "cannot remove the drop-in");
	(void)systemctl(ops, "try-restart");
	text_append(said,
		    "/etc/resolv.conf is as it was. systemd-resolved stays enabled: systemctl "
		    "disable --now systemd-resolved ends it.\n");
	return 0;
}

static int run_program(void *context, const char *const argv[])
{
	extern char **environ;
	int status, r;
	pid_t pid;

	(void)context;
	r = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ);
	if (r != 0)
		return -r;
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

int fix_run(const Settings *settings, const char *name)
{
	FixOps ops = {.root = "", .run = run_program};
	_cleanup_(text_clear) Text said = {.data = NULL};
	int r;

	if (text_equal(name, "dns-cache"))
		r = fix_dns_cache(&ops, &said);
	else if (text_equal(name, "dns-cache-undo"))
		r = fix_dns_cache_undo(&ops, &said);
	else
		return output_error(settings, CLI_USAGE, ERROR_FIX,
				    "%s cannot be fixed; there are: dns-cache, dns-cache-undo",
				    name);
	if (r < 0)
		return output_error(settings,
				    r == -EACCES || r == -EPERM ? CLI_PERMISSION : CLI_FAILED,
				    ERROR_FIX, "%s", text_strip(said.data));
	if (!settings->quiet)
		fputs(text_string(&said), stderr);
	return CLI_OK;
}
