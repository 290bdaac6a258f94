/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What zonelockd's parent is made of: its configuration and what it opens.
 */
#ifndef ZL_ROLES_PARENT_H
#define ZL_ROLES_PARENT_H
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/config.h"

struct zl_parent_config {
	char *state_directory, *control_socket, *listen, *log_level;
	char *user_engine, *user_collector, *user_inventory, *user_actuator;
	char *forensic;
	bool actuator;
	long receive_buffer, libvirt_deadline;
};

enum { ZL_PARENT_OPTIONS = 12 };
extern const struct zl_option zl_parent_options[ZL_PARENT_OPTIONS];

/* "exit code 1", "signal 9 (Killed)": how a child ended, of SIGCHLD. */
void zl_parent_format_end(const siginfo_t *si, char *buf, size_t size);

/*
 * Bind a non-blocking UDP socket to "ADDRESS:PORT" with a receive buffer of `buffer` bytes
 * (SO_RCVBUFFORCE, read back; a shortfall is logged).
 */
int zl_parent_open_udp(const char *endpoint, long buffer, int *ret_fd,
	struct zl_error *reterr) ZL_CHECKED;

/* Listen at "ADDRESS:PORT" for TCP connections. */
int zl_parent_open_tcp(
	const char *endpoint, int *ret_fd, struct zl_error *reterr) ZL_CHECKED;

/* Make `path` when it is missing; give it to `user` and set its mode. */
int zl_parent_make_directory(const char *path, const char *user, mode_t mode,
	struct zl_error *reterr) ZL_CHECKED;

/* Listen on the control socket; -EADDRINUSE when another zonelockd answers there. */
int zl_parent_open_control(const struct zl_parent_config *cfg, int *ret_fd,
	struct zl_error *reterr) ZL_CHECKED;

#endif
