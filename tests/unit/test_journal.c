/* SPDX-License-Identifier: MIT */
/*
 * The journal must come back as it was stored or not at all. Here it is torn and flipped at every
 * byte, replaced by links, given to somebody else, and its directory is taken away, filled or made
 * read-only. What may not be trusted must leave the out-parameter alone.
 */
#include "daemon/tune/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base.h"
#include "common/durable.h"
#include "common/text.h"
#include "tests/unit/harness.h"

#define BOOT "0c5f1f66-7b7a-4b0e-9a39-2f6e3a9f2f11"

static const HostIdentity here = {.boot_id = BOOT, .netns = 4026531840};

static char path[] = "/tmp/netopt-journal-XXXXXX";
static int directory = -1;

static void setup(void)
{
	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(path));
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(directory, 0);
}

static void teardown(void)
{
	static const char *const names[] = {"journal", "journal.damaged", "journal.other-netns",
					    ".journal.tmp", "other"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)unlinkat(directory, names[i], 0);
	(void)close(directory);
	(void)umount2(path, MNT_DETACH); /* of the tests that mount; else nothing */
	(void)rmdir(path);
}

static TunableValue value_of(TunableId id, const char *text)
{
	TunableValue value;

	ck_assert_msg(tunable_parse(&tunables[id], text, &value) == 0, "%s", text);
	return value;
}

static Journal sample(void)
{
	Journal journal = {.identity = here, .n_entries = 3};

	journal.entries[0] = (JournalEntry){
		.id = TUNABLE_TCP_RMEM,
		.original = value_of(TUNABLE_TCP_RMEM, "4096 131072 6291456"),
		.ours = {value_of(TUNABLE_TCP_RMEM, "4096 131072 12582912")},
		.n_ours = 1,
		.change_id = 7,
	};
	journal.entries[1] = (JournalEntry){
		.id = TUNABLE_TCP_CONGESTION_CONTROL,
		.original = value_of(TUNABLE_TCP_CONGESTION_CONTROL, "cubic"),
		.ours = {value_of(TUNABLE_TCP_CONGESTION_CONTROL, "bbr"),
			 value_of(TUNABLE_TCP_CONGESTION_CONTROL, "reno")},
		.n_ours = 2,
		.change_id = UINT64_MAX,
	};
	journal.entries[2] = (JournalEntry){
		.id = TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL,
		.original = value_of(TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL, "reno cubic"),
		.ours = {value_of(TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL, "reno cubic bbr")},
		.n_ours = 1,
	};
	return journal;
}

static const char sample_body[] =
	"netopt-journal 1\n"
	"boot " BOOT "\n"
	"netns 4026531840\n"
	"tunable\tnet.ipv4.tcp_rmem\t7\t4096 131072 6291456\t4096 131072 12582912\n"
	"tunable\tnet.ipv4.tcp_congestion_control\t18446744073709551615\tcubic\tbbr\treno\n"
	"tunable\tnet.ipv4.tcp_allowed_congestion_control\t0\treno cubic\treno cubic bbr\n";

static void assert_same(const Journal *a, const Journal *b)
{
	ck_assert_str_eq(a->identity.boot_id, b->identity.boot_id);
	ck_assert_uint_eq(a->identity.netns, b->identity.netns);
	ck_assert_uint_eq(a->n_entries, b->n_entries);
	for (size_t i = 0; i < a->n_entries; i++) {
		ck_assert_uint_eq(a->entries[i].id, b->entries[i].id);
		ck_assert_uint_eq(a->entries[i].change_id, b->entries[i].change_id);
		ck_assert(tunable_equal(&a->entries[i].original, &b->entries[i].original));
		ck_assert_uint_eq(a->entries[i].n_ours, b->entries[i].n_ours);
		for (unsigned k = 0; k < a->entries[i].n_ours; k++)
			ck_assert(tunable_equal(&a->entries[i].ours[k], &b->entries[i].ours[k]));
	}
}

/* An independent FNV-1a, so that a mistake in the journal's is not its own judge. */
static size_t seal(const char *body, char *buffer, size_t size)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (const char *p = body; *p; p++) {
		hash ^= (unsigned char)*p;
		hash *= UINT64_C(1099511628211);
	}
	return (size_t)snprintf(buffer, size, "%schecksum %016" PRIx64 "\n", body, hash);
}

static int decode_body(const char *body)
{
	char text[4096];
	Journal journal, poison;
	size_t length = seal(body, text, sizeof(text));
	int r;

	memset(&poison, 0x5a, sizeof(poison));
	journal = poison;
	r = journal_decode(text, length, &journal);
	if (r < 0)
		ck_assert_mem_eq(&journal, &poison, sizeof(journal));
	return r;
}

START_TEST(test_format)
{
	Journal journal = sample(), again;
	_cleanup_free_ char *text = NULL;
	char expected[2048];
	size_t length;

	ck_assert_int_eq(journal_encode(&journal, &text, &length), 0);
	ck_assert_uint_eq(seal(sample_body, expected, sizeof(expected)), length);
	ck_assert_str_eq(text, expected);
	ck_assert_int_eq(journal_decode(text, length, &again), 0);
	assert_same(&journal, &again);
}
END_TEST

START_TEST(test_every_length)
{
	Journal journal = sample(), out, poison;
	_cleanup_free_ char *text = NULL;
	size_t length;

	memset(&poison, 0x5a, sizeof(poison));
	out = poison;
	ck_assert_int_eq(journal_encode(&journal, &text, &length), 0);
	for (size_t i = 0; i < length; i++)
		ck_assert_int_eq(journal_decode(text, i, &out), -EBADMSG);
	ck_assert_int_eq(journal_decode(NULL, 0, &out), -EBADMSG);
	ck_assert_mem_eq(&out, &poison, sizeof(out));
}
END_TEST

START_TEST(test_every_bit)
{
	Journal journal = sample(), out;
	_cleanup_free_ char *text = NULL;
	size_t length;

	ck_assert_int_eq(journal_encode(&journal, &text, &length), 0);
	for (size_t i = 0; i < length * 8; i++) {
		text[i / 8] = (char)(text[i / 8] ^ (1 << (i % 8)));
		ck_assert_msg(journal_decode(text, length, &out) == -EBADMSG, "bit %zu", i);
		text[i / 8] = (char)(text[i / 8] ^ (1 << (i % 8)));
	}
	/* A block of the disk that never was written reads as zeros, or as what was there before.
	 */
	for (size_t i = 0; i < length; i++) {
		char saved = text[i];
		text[i] = '\0';
		ck_assert_int_eq(journal_decode(text, length, &out), -EBADMSG);
		text[i] = saved;
	}
	ck_assert_int_eq(journal_decode(text, length, &out), 0);
}
END_TEST

START_TEST(test_every_deletion_and_insertion)
{
	Journal journal = sample(), out;
	_cleanup_free_ char *text = NULL;
	char changed[2048];
	size_t length;

	ck_assert_int_eq(journal_encode(&journal, &text, &length), 0);
	for (size_t i = 0; i <= length; i++) {
		memcpy(changed, text, i);
		memcpy(changed + i, text + i + 1, i < length ? length - i - 1 : 0);
		if (i < length)
			ck_assert_int_eq(journal_decode(changed, length - 1, &out), -EBADMSG);
		memcpy(changed + i + 1, text + i, length - i);
		for (const char *c = " \n\t0a"; *c; c++) {
			changed[i] = *c;
			ck_assert_int_eq(journal_decode(changed, length + 1, &out), -EBADMSG);
		}
	}
}
END_TEST

#define HEAD  "netopt-journal 1\nboot " BOOT "\nnetns 1\n"
#define ENTRY "tunable\tnet.ipv4.tcp_fastopen\t1\t1\t3\n"

/* Sealed with a right checksum: written by another version of us, or by a clever hand. */
static const char *const refused[] = {
	"",
	"\n",
	"netopt-journal 1\n",
	"netopt-journal 2\nboot " BOOT "\nnetns 1\n" ENTRY,
	"netopt-journal 0\nboot " BOOT "\nnetns 1\n" ENTRY,
	"netopt-journal 10\nboot " BOOT "\nnetns 1\n" ENTRY,
	"netopt-journal\nboot " BOOT "\nnetns 1\n" ENTRY,
	"netopt-journal 1\nnetns 1\nboot " BOOT "\n" ENTRY,
	"netopt-journal 1\nboot \nnetns 1\n" ENTRY,
	"netopt-journal 1\nboot " BOOT "x\nnetns 1\n" ENTRY,
	"netopt-journal 1\nboot ../../etc\nnetns 1\n" ENTRY,
	"netopt-journal 1\nboot " BOOT "\nnetns -1\n" ENTRY,
	"netopt-journal 1\nboot " BOOT "\nnetns 01\n" ENTRY,
	"netopt-journal 1\nboot " BOOT "\nnetns 18446744073709551616\n" ENTRY,
	HEAD "\n" ENTRY,
	HEAD ENTRY ENTRY,
	HEAD ENTRY "\n",
	HEAD "tunable\tnet.ipv4.tcp_unknown\t1\t1\t3\n",
	HEAD "tunable\tkernel.core_pattern\t1\t|/tmp/x\t3\n",
	HEAD "other\tnet.ipv4.tcp_fastopen\t1\t1\t3\n",
	HEAD "tunable\tnet.ipv4.tcp_fastopen\t1\t1\n",
	HEAD "tunable\tnet.ipv4.tcp_fastopen\t1\t1\t\n",
	HEAD "tunable\tnet.ipv4.tcp_fastopen\t1\t1\t3\t\n",
	HEAD "tunable\tnet.ipv4.tcp_fastopen\t1\t1\t3\t2\t1\n",
	HEAD "tunable\tnet.ipv4.tcp_fastopen\t\t1\t3\n",
	HEAD "tunable\tnet.ipv4.tcp_fastopen\t-1\t1\t3\n",
	HEAD "tunable\tnet.ipv4.tcp_fastopen\t01\t1\t3\n",
	HEAD "tunable\tnet.ipv4.tcp_fastopen\t1\t01\t3\n",
	HEAD "tunable\tnet.ipv4.tcp_fastopen\t1\t 1\t3\n",
	HEAD "tunable\tnet.ipv4.tcp_fastopen\t1\t1\t3 \n",
	HEAD "tunable\tnet.ipv4.tcp_fastopen\t1\t1 1\t3\n",
	HEAD "tunable\tnet.ipv4.tcp_fastopen\t1\t1\t0x3\n",
	HEAD "tunable\tnet.ipv4.tcp_rmem\t1\t1 2\t4096 8192 16384\n",
	HEAD "tunable\tnet.ipv4.tcp_congestion_control\t1\tcubic reno\tbbr\n",
	/* What lies in a route is not in the journal: such routes are known by their protocol. */
	HEAD "tunable\troute.initcwnd\t1\t0\t20\n",
	HEAD "tunable\troute.congctl\t1\tcubic\tbbr\n",
	HEAD "tunable\tnet.ipv4.ip_local_port_range\t1\t32768\t15000 60999\n",
	HEAD "tunable\tnet.ipv4.ip_local_port_range\t1\t1 2 3\t15000 60999\n",
	HEAD "checksum 0\n" ENTRY,
};

START_TEST(test_refused)
{
	ck_assert_int_eq(decode_body(HEAD ENTRY), 0);
	ck_assert_int_eq(decode_body(HEAD), 0);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		ck_assert_msg(decode_body(refused[i]) == -EBADMSG, "%zu: %s", i, refused[i]);
}
END_TEST

START_TEST(test_encode_refuses_nonsense)
{
	char *text = NULL;
	size_t length = 5;
	Journal bad[7];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = sample();
	bad[0].identity.boot_id[0] = '\0';
	bad[1].entries[1].n_ours = 0;
	bad[2].entries[2].id = TUNABLE_TCP_RMEM;
	bad[3].entries[0].id = _TUNABLES;
	bad[4].entries[0].ours[0].kind = TUNABLE_INTEGER;
	bad[5].n_entries = _TUNABLE_SYSCTLS + 1;
	bad[6].entries[0].id = TUNABLE_ROUTE_INITCWND;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ck_assert_msg(journal_encode(&bad[i], &text, &length) == -EINVAL, "%zu", i);
		ck_assert_int_eq(journal_store(directory, &bad[i]), -EINVAL);
	}
	ck_assert_ptr_null(text);
	ck_assert_uint_eq(length, 5);
	ck_assert_int_ne(faccessat(directory, "journal", F_OK, 0), 0);
}
END_TEST

/* Every sysctl at once, each with the longest values that fit its kind. */
static void fill(Journal *journal)
{
	*journal = (Journal){.identity = here, .n_entries = _TUNABLE_SYSCTLS};
	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++) {
		JournalEntry *entry = &journal->entries[id];
		TunableValue value = {.kind = tunables[id].kind};

		for (size_t i = 0; i < 3; i++)
			value.numbers[i] = INT64_MIN;
		if (value.kind == TUNABLE_WORD || value.kind == TUNABLE_WORDS)
			memset(value.words, 'a', TUNABLE_WORD_MAX - 2);
		*entry = (JournalEntry){.id = id,
					.original = value,
					.ours = {value, value},
					.n_ours = 2,
					.change_id = UINT64_MAX};
	}
}

START_TEST(test_everything)
{
	Journal journal, out;

	fill(&journal);
	ck_assert_int_eq(journal_store(directory, &journal), 0);
	ck_assert_int_eq(journal_load(directory, &here, &out), 0);
	assert_same(&journal, &out);
}
END_TEST

START_TEST(test_store_and_load)
{
	Journal journal = sample(), out;
	struct stat status;

	ck_assert_int_eq(journal_load(directory, &here, &out), JOURNAL_ABSENT);
	ck_assert_int_eq(journal_store(directory, &journal), 0);
	ck_assert_int_eq(fstatat(directory, "journal", &status, 0), 0);
	ck_assert_uint_eq(status.st_mode, S_IFREG | 0600);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(journal_load(directory, &here, &out), 0);
		assert_same(&journal, &out);
	}
	journal.n_entries = 1;
	ck_assert_int_eq(journal_store(directory, &journal), 0);
	ck_assert_int_eq(journal_load(directory, &here, &out), 0);
	assert_same(&journal, &out);
	journal.n_entries = 0;
	ck_assert_int_eq(journal_store(directory, &journal), 0);
	ck_assert_int_eq(journal_load(directory, &here, &out), JOURNAL_ABSENT);
	ck_assert_int_eq(journal_store(directory, &journal), 0);
}
END_TEST

START_TEST(test_other_boot_or_namespace)
{
	Journal journal = sample(), out, poison;
	HostIdentity other = here;

	memset(&poison, 0x5a, sizeof(poison));
	out = poison;
	other.boot_id[0] = '1';
	ck_assert_int_eq(journal_store(directory, &journal), 0);
	ck_assert_int_eq(journal_load(directory, &other, &out), JOURNAL_STALE);
	ck_assert_int_eq(journal_load(directory, &here, &out), JOURNAL_ABSENT);
	ck_assert_int_ne(faccessat(directory, "journal.damaged", F_OK, 0), 0);

	/* A namespace that may still live: not for us, but not lost. */
	other = here;
	other.netns++;
	ck_assert_int_eq(journal_store(directory, &journal), 0);
	ck_assert_int_eq(journal_load(directory, &other, &out), JOURNAL_STALE);
	ck_assert_int_eq(journal_load(directory, &here, &out), JOURNAL_ABSENT);
	ck_assert_int_eq(faccessat(directory, "journal.other-netns", F_OK, 0), 0);
	ck_assert_mem_eq(&out, &poison, sizeof(out));
}
END_TEST

static void put_file(const char *name, const char *data, size_t length)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, length), (ssize_t)length);
	(void)close(fd);
}

START_TEST(test_damaged_on_disk)
{
	Journal journal = sample(), out, poison;
	_cleanup_free_ char *text = NULL;
	size_t length;

	memset(&poison, 0x5a, sizeof(poison));
	out = poison;
	ck_assert_int_eq(journal_encode(&journal, &text, &length), 0);
	for (size_t i = 0; i < length; i++) {
		struct stat status;

		put_file("journal", text, i);
		ck_assert_int_eq(journal_load(directory, &here, &out), JOURNAL_DAMAGED);
		ck_assert_int_eq(fstatat(directory, "journal.damaged", &status, 0), 0);
		ck_assert_int_eq(status.st_size, (off_t)i);
		ck_assert_int_eq(journal_load(directory, &here, &out), JOURNAL_ABSENT);
	}
	ck_assert_mem_eq(&out, &poison, sizeof(out));
}
END_TEST

START_TEST(test_too_large)
{
	_cleanup_free_ char *large = calloc(1, 200000);
	Journal out;

	put_file("journal", large, 200000);
	ck_assert_int_eq(journal_load(directory, &here, &out), JOURNAL_DAMAGED);
	ck_assert_int_eq(journal_load(directory, &here, &out), JOURNAL_ABSENT);
}
END_TEST

START_TEST(test_untrusted)
{
	Journal journal = sample(), out;

	ck_assert_int_eq(journal_store(directory, &journal), 0);
	ck_assert_int_eq(linkat(directory, "journal", directory, "other", 0), 0);
	ck_assert_int_eq(journal_load(directory, &here, &out), -EPERM);
	ck_assert_int_eq(unlinkat(directory, "journal", 0), 0);
	ck_assert_int_eq(symlinkat("other", directory, "journal"), 0);
	ck_assert_int_eq(journal_load(directory, &here, &out), -ELOOP);
	ck_assert_int_eq(unlinkat(directory, "journal", 0), 0);
	ck_assert_int_eq(renameat(directory, "other", directory, "journal"), 0);
	ck_assert_int_eq(fchmodat(directory, "journal", 0620, 0), 0);
	ck_assert_int_eq(journal_load(directory, &here, &out), -EPERM);
	ck_assert_int_eq(fchmodat(directory, "journal", 0600, 0), 0);
	ck_assert_int_eq(journal_load(directory, &here, &out), 0);
	if (fchownat(directory, "journal", 4711, 4711, 0) == 0)
		ck_assert_int_eq(journal_load(directory, &here, &out), -EPERM);
	/* Refused, and left for the operator to look at. */
	ck_assert_int_eq(faccessat(directory, "journal", F_OK, 0), 0);
	ck_assert_int_ne(faccessat(directory, "journal.damaged", F_OK, 0), 0);
}
END_TEST

START_TEST(test_directory_gone)
{
	Journal journal = sample(), out;

	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(journal_store(directory, &journal), -ENOENT);
	ck_assert_int_eq(journal_load(directory, &here, &out), JOURNAL_ABSENT);
	ck_assert_int_eq(journal_store(-1, &journal), -EBADF);
	ck_assert_int_eq(journal_load(-1, &here, &out), -EBADF);
}
END_TEST

static bool mount_small(int *ret_fd)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", path, "tmpfs", 0, "size=16k") < 0) {
		printf("# no mount namespace here: %s\n", strerror(errno));
		return false;
	}
	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(*ret_fd, 0);
	return true;
}

START_TEST(test_disk_full)
{
	Journal journal = sample(), out;
	_cleanup_close_ int fd = -1, fill = -1;
	char block[4096] = {};

	if (!mount_small(&fd))
		HARNESS_SKIP("no tmpfs in a mount namespace");
	ck_assert_int_eq(journal_store(fd, &journal), 0);
	fill = openat(fd, "fill", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fill, block, sizeof(block)) > 0)
		;
	(void)close(base_steal_fd(&fill));
	journal.n_entries = 1;
	ck_assert_int_eq(journal_store(fd, &journal), -ENOSPC);
	/* The old one stands. */
	ck_assert_int_eq(journal_load(fd, &here, &out), 0);
	journal = sample();
	assert_same(&journal, &out);
	ck_assert_int_eq(mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	ck_assert_int_eq(journal_store(fd, &journal), -EROFS);
	ck_assert_int_eq(journal_load(fd, &here, &out), 0);
}
END_TEST

START_TEST(test_damaged_on_read_only)
{
	Journal out;
	_cleanup_close_ int fd = -1;

	if (!mount_small(&fd))
		HARNESS_SKIP("no tmpfs in a mount namespace");
	(void)close(directory);
	directory = dup(fd);
	put_file("journal", "garbage", 7);
	ck_assert_int_eq(mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	/* It cannot be set aside, so it is an error that refuses every write, not just damage. */
	ck_assert_int_eq(journal_load(fd, &here, &out), -EROFS);
}
END_TEST

/* HARNESS_CASE has no fixtures: setup and teardown run around each test of this suite. */
static void add(Suite *suite, const char *name, const TTest *const *tests, size_t n)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
}

static void add_disk_tests(Suite *suite)
{
	const TTest *const tests[] = {
		test_encode_refuses_nonsense,
		test_store_and_load,
		test_other_boot_or_namespace,
		test_damaged_on_disk,
		test_too_large,
		test_untrusted,
		test_directory_gone,
		test_disk_full,
		test_damaged_on_read_only,
		test_everything,
	};

	add(suite, "disk", tests, ARRAY_SIZE(tests));
}

HARNESS_MAIN("journal", HARNESS_CASE(suite, "text", test_format, test_every_length, test_every_bit,
				     test_every_deletion_and_insertion, test_refused);
	     add_disk_tests(suite);)
