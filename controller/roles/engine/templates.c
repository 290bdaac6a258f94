/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the collector's exporters call their fields, kept over its death and ours.
 *
 * The collector tells of templates that are new or changed, and each hour of those that are
 * still sent, so that only what nobody uses expires; once a second they go into
 * the database in one transaction, and all that is there goes to a collector that starts.
 * They are bytes to us: only the collector parses them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "controller/flow/protocol.h"
#include "controller/roles/engine/engine.h"
#include "controller/store/templates.h"

enum {
	WAITING_MAX = 4096, /* for the database; more are lost */
	KEPT_MAX = 64,	    /* per exporter */
	KEPT_ALL_MAX = 16384,
	KEPT_DAYS = 7,
	RECALL_BYTES = 8 * 1024 * 1024, /* half of what a channel may queue */
};

struct zl_engine_template {
	struct zl_engine_template *next;
	struct zl_template_row row;
	uint8_t bytes[];
};

void zl_engine_templates_note(struct zl_engine *e, const struct zl_frame_in *in)
{
	struct zl_collector_template told;
	const struct zl_exporter_info *x;
	struct zl_engine_template *t;

	zl_collector_get_template(in, &told);
	x = zl_map_find(&e->exporters, &told.exporter);
	if (e->n_templates >= WAITING_MAX || x == NULL || x->host[0] == '\0')
		return;
	t = malloc(sizeof(*t) + told.n);
	if (t == NULL)
		return;
	memcpy(t->bytes, told.bytes, told.n);
	t->row = (struct zl_template_row){ .exporter = told.exporter,
		.key = told.key,
		.is_options = told.is_options,
		.id = (uint16_t)(t->bytes[0] << 8 | t->bytes[1]),
		.n = told.n,
		.bytes = t->bytes,
		.told = zl_wall_now() };
	t->next = e->templates;
	e->templates = t;
	e->n_templates++;
}

/* Oldest first: of two with one key the newer stays. */
static struct zl_engine_template *reversed(struct zl_engine_template *list)
{
	struct zl_engine_template *r = NULL, *next;

	for (; list != NULL; list = next) {
		next = list->next;
		list->next = r;
		r = list;
	}
	return r;
}

static int write_all(struct zl_engine *e, struct zl_error *reterr)
{
	const int64_t day = INT64_C(86400) * ZL_US_PER_S;
	struct zl_wall then = { .us = zl_wall_now().us - KEPT_DAYS * day };
	int r = zl_db_begin(e->db, reterr);

	for (struct zl_engine_template *t = e->templates; r >= 0 && t != NULL;
		t = t->next) {
		r = zl_template_rows_put(e->db, &t->row, reterr);
		if (r >= 0)
			r = zl_template_rows_trim(
				e->db, &t->row.exporter, KEPT_MAX, reterr);
	}
	if (r >= 0)
		r = zl_template_rows_trim_all(e->db, KEPT_ALL_MAX, reterr);
	if (r >= 0)
		r = zl_template_rows_expire(e->db, then, reterr);
	return zl_db_end(e->db, r, reterr);
}

void zl_engine_templates_flush(struct zl_engine *e)
{
	struct zl_engine_template *next;
	struct zl_error err = { 0 };

	if (e->templates == NULL)
		return;
	e->templates = reversed(e->templates);
	if (write_all(e, &err) < 0) {
		e->templates = reversed(e->templates); /* they wait */
		zl_engine_database_failed(e, &err, "templates of exporters wait");
		return;
	}
	for (; e->templates != NULL; e->templates = next) {
		next = e->templates->next;
		free(e->templates);
	}
	e->n_templates = 0;
	zl_engine_database_works(e);
}

struct recall {
	struct zl_engine *e;
	size_t n, bytes;
};

static int recall_one(const struct zl_template_row *row, void *user)
{
	const struct zl_collector_template t = { .exporter = row->exporter,
		.key = row->key,
		.is_options = row->is_options,
		.n = row->n,
		.bytes = row->bytes };
	struct recall *r = user;
	struct zl_frame f;

	if (r->bytes + row->n > RECALL_BYTES || row->n > ZL_COLLECTOR_TEMPLATE_BYTES)
		return 0;
	zl_channel_start(r->e->collector, &f, ZL_COLLECTOR_TEMPLATE, 0);
	zl_collector_put_template(&f, &t);
	if (zl_channel_send(r->e->collector, &f) < 0)
		return -EPIPE;
	r->bytes += row->n + 128; /* the frame's own */
	r->n++;
	return 0;
}

void zl_engine_templates_recall(struct zl_engine *e)
{
	struct recall r = { .e = e };
	struct zl_error err = { 0 };

	if (e->collector == NULL)
		return;
	zl_engine_templates_flush(e);
	if (zl_template_rows_each(e->db, recall_one, &r, &err) < 0)
		zl_log_error(LOG_WARNING, &err, "templates of before the restart");
	else if (r.n > 0)
		zl_log(LOG_INFO, "collector: takes back %zu templates", r.n);
}
