/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Templates of exporters on disk: so that a restarted controller can read data before the
 * exporters send their templates again, which may take them half an hour.
 */
#ifndef ZL_STORE_TEMPLATES_H
#define ZL_STORE_TEMPLATES_H
#include "controller/flow/stream.h"
#include "controller/store/db.h"

struct zl_template_row {
	struct zl_addr exporter;
	struct zl_stream_key key;
	bool is_options;
	uint16_t id;
	uint16_t n;
	const uint8_t *bytes; /* borrowed: id, field count, fields, as they came */
	struct zl_wall told;
};

/* Insert, or replace what (exporter, key, id) has. */
int zl_template_rows_put(struct zl_db *db, const struct zl_template_row *row,
	struct zl_error *reterr) ZL_CHECKED;
/* Keep the `most` of an exporter that were told last. */
int zl_template_rows_trim(struct zl_db *db, const struct zl_addr *exporter,
	unsigned most, struct zl_error *reterr) ZL_CHECKED;
/* And the `most` of all. */
int zl_template_rows_trim_all(
	struct zl_db *db, unsigned most, struct zl_error *reterr) ZL_CHECKED;
/* Remove what was told before `then`. */
int zl_template_rows_expire(
	struct zl_db *db, struct zl_wall then, struct zl_error *reterr) ZL_CHECKED;
/* The one told last comes first. */
int zl_template_rows_each(struct zl_db *db,
	int (*each)(const struct zl_template_row *row, void *user), void *user,
	struct zl_error *reterr) ZL_CHECKED;

#endif
