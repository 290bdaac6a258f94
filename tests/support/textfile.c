/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole text files of the source tree, for tests. */
#include "tests/support/textfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

char *textfile_read(const char *path)
{
	enum { MOST = 1024 * 1024 };
	FILE *f = fopen(path, "re");
	char *text = malloc(MOST);
	size_t n;

	if (f == NULL || text == NULL)
		fail_msg("cannot read %s", path);
	n = fread(text, 1, MOST - 1, f);
	(void)fclose(f);
	text[n] = '\0';
	return text;
}
