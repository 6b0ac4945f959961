/* SPDX-License-Identifier: MIT */
/*
 * Replays a corpus directory through a fuzz target as a TAP test: one `ok` for each file, in order
 * of their names. A failing check aborts after the name of the file was printed. An empty corpus is
 * a failure, since it would test nothing.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <string.h>

#include "common/base.h"

#define FILE_MAX (2 * 1024 * 1024)

static int is_visible(const struct dirent *item)
{
	return item->d_name[0] != '.';
}

static bool replay(const char *directory, const char *name)
{
	char path[4096];
	_cleanup_free_ uint8_t *data = malloc(FILE_MAX), *exact = NULL;
	size_t size;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "re");
	if (!file || !data)
		return false;
	size = fread(data, 1, FILE_MAX, file);
	(void)fclose(file); /* only read */
	/* In a block of its own size, so that a sanitizer sees the first byte read too far. */
	exact = malloc(size ? size : 1);
	if (!exact)
		return false;
	memcpy(exact, data, size);
	return LLVMFuzzerTestOneInput(exact, size) == 0;
}

int main(int argc, char **argv)
{
	struct dirent **items = NULL;
	int n, failed = 0;

	n = argc == 2 ? scandir(argv[1], &items, is_visible, alphasort) : -1;
	if (n <= 0) {
		printf("Bail out! usage: %s DIRECTORY, with files in it\n", argv[0]);
		return EXIT_FAILURE;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		printf("# %s\n", items[i]->d_name);
		(void)fflush(stdout); /* before a check that may abort */
		bool ok = replay(argv[1], items[i]->d_name);

		printf("%s %d - %s\n", ok ? "ok" : "not ok", i + 1, items[i]->d_name);
		failed += !ok;
		free(items[i]);
	}
	free(items);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
