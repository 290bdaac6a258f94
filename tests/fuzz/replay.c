/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run a fuzz target over files, without a fuzzer: link it with one target, and give it
 * files or folders.  A file on which the target once failed stays in its corpus.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

enum { FILE_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
	ZL_AUTO(zl_file) FILE *f = fopen(path, "re");
	ZL_AUTO(zl_mem) uint8_t *data = NULL;
	uint8_t *exact;
	size_t n;

	if (f == NULL) {
		(void)fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
		return -1;
	}
	data = malloc(FILE_MAX);
	if (data == NULL)
		return -1;
	n = fread(data, 1, FILE_MAX, f);
	/* As large as the input and no larger, so that a sanitizer sees a read behind it. */
	exact = malloc(n == 0 ? 1 : n);
	if (exact == NULL)
		return -1;
	memcpy(exact, data, n);
	(void)LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return 1;
}

static int run_folder(const char *path)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort), n_run = 0;

	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		char file[4096];

		(void)snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && n_run >= 0) {
			int r = run_file(file);

			n_run = r < 0 ? -1 : n_run + r;
		}
		free(names[i]);
	}
	free(names);
	return n_run;
}

int main(int argc, char **argv)
{
	int n_run = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		int r = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode)
				? run_folder(argv[i])
				: run_file(argv[i]);

		if (r < 0)
			return EXIT_FAILURE;
		n_run += r;
	}
	(void)printf("%d inputs replayed\n", n_run);
	return n_run > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
