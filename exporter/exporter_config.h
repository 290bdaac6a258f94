/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration file of zonelock-exporter, as a table. */
#ifndef ZL_EXPORTER_EXPORTER_CONFIG_H
#define ZL_EXPORTER_EXPORTER_CONFIG_H
#include "base/config.h"

#define ZL_EXPORTER_CONFIG_PATH ZL_SYSCONFDIR "/zonelock/exporter.conf"

struct zl_exporter_config {
	char *collector, *source_address; /* address:port; address or "" */
	char *pmacctd, *run_directory, *user, *log_level;
	long version;			   /* 9 or 10 (IPFIX) */
	bool cache;			   /* false: a record for each packet */
	bool immediate;			   /* pmacctd gets packets when they come */
	long active_timeout, idle_timeout; /* seconds, of cached flows */
	long settle_ms;
};

extern const struct zl_option zl_exporter_options[];
extern const size_t zl_exporter_options_len;

/*
 * `path` NULL: the default file.  -EINVAL: a mistake in it, also when it names no
 * collector.  zl_exporter_config_done() frees the strings.
 */
int zl_exporter_config_read(const char *path, struct zl_exporter_config *ret,
	struct zl_error *reterr) ZL_CHECKED;
void zl_exporter_config_done(struct zl_exporter_config *c);

#endif
