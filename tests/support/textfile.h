/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole text files of the source tree, for tests; they run at its top. */
#ifndef ZL_TESTS_TEXTFILE_H
#define ZL_TESTS_TEXTFILE_H
#include <stddef.h>

/* The text, NUL-terminated, to be freed; fails the test when it cannot be read. */
char *textfile_read(const char *path);

#endif
