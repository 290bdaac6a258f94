/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are replaced as a whole. */
#ifndef ZL_BASE_FILE_H
#define ZL_BASE_FILE_H
#include <stddef.h>

#include "base/error.h"

enum { ZL_FILE_NAME_MAX = 200 };

/*
 * Make `name` in the directory `dir` (a descriptor) a file of these bytes, mode 0600.
 *
 * NAME.new is written and fsynced, renamed to NAME, and the directory is fsynced: after a
 * crash or power loss there is the old file or the new one, whole.  On failure the old
 * one stays and NAME.new is removed.  Only one process may do this to a name.
 *
 * -ENAMETOOLONG: longer than ZL_FILE_NAME_MAX; -ENOSPC, -EACCES and what else open(2),
 * write(2), fsync(2) and rename(2) say.
 */
int zl_file_replace(int dir, const char *name, const void *bytes, size_t n) ZL_CHECKED;

#endif
