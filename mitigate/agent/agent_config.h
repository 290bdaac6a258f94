/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's configuration file, as a table. */
#ifndef ZL_MITIGATE_AGENT_AGENT_CONFIG_H
#define ZL_MITIGATE_AGENT_AGENT_CONFIG_H
#include "base/config.h"

#define ZL_AGENT_CONFIG_PATH ZL_SYSCONFDIR "/zonelock/agent.conf"

struct zl_agent_config {
	char *socket, *state_directory, *user, *log_level, *socket_group;
	char *forensic_address, *never_touch;
	long hold_unknown_ms, hard_cap;
};

extern const struct zl_option zl_agent_options[];
extern const size_t zl_agent_options_len;

/*
 * Read `path`; NULL means ZL_AGENT_CONFIG_PATH, which may be absent.  As root the file must be
 * root's and writable by nobody else.  *ret_path is the one that was meant.
 */
int zl_agent_config_read(const char *path, struct zl_agent_config *ret,
	const char **ret_path, struct zl_error *reterr) ZL_CHECKED;
void zl_agent_config_done(struct zl_agent_config *c);

#endif
