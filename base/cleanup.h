/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Release on scope exit, and hand over exactly once.
 *
 *	ZL_AUTO(zl_fd) int fd = open(...);
 *	...
 *	*ret_fd = zl_take_fd(&fd);
 *
 * A variable marked ZL_AUTO(foo) is released by foo_autop(), which
 * ZL_DEFINE_AUTO makes from a destructor that accepts NULL.  Mark only locals
 * that are initialised in their declaration.
 */
#ifndef ZL_BASE_CLEANUP_H
#define ZL_BASE_CLEANUP_H
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ZL_AUTO(name) __attribute__((cleanup(name##_autop)))

#define ZL_DEFINE_AUTO(name, type, destroy)                                            \
	static inline void name##_autop(type **p)                                      \
	{                                                                              \
		destroy(*p);                                                           \
	}                                                                              \
	struct zl_swallow_semicolon

/* Hand an owned pointer to somebody else, exactly once. */
#define zl_take_ptr(p)                                                                 \
	__extension__({                                                                \
		__typeof__(p) taken_ = (p);                                            \
		(p) = NULL;                                                            \
		taken_;                                                                \
	})

static inline int zl_take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void zl_fd_autop(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void zl_file_autop(FILE **f)
{
	if (*f != NULL)
		(void)fclose(*f);
}

/* For anything that came from malloc(). */
static inline void zl_mem_autop(void *p)
{
	free(*(void **)p);
}

#define N_ITEMS(a) (sizeof(a) / sizeof((a)[0]))

#endif
