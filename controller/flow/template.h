/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Templates: what the fields of an exporter's records are.
 *
 * `struct zl_templates` belongs to one (exporter address, UDP source port, observation
 * domain) and holds at most ZL_TEMPLATES_MAX templates; the one longest unseen makes
 * room.  All templates of an exporter share a `struct zl_template_room`, so that
 * memory is bounded whatever it sends.
 *
 * A template is compiled once into operations: skip so many bytes, then store
 * the next field.  A record is read by running them over a cursor, so nothing in a
 * template can make us read outside its set.
 *
 * Its own bytes are kept beside, for whoever keeps templates over a restart: it looks for
 * those that are not told, and one that is still sent is not any more after
 * ZL_TEMPLATE_TELL_S.  One that is given back (zl_templates_recall) is
 * provisional until the exporter sends it again: the exporter may have redefined
 * it meanwhile, so its records are marked.
 */
#ifndef ZL_FLOW_TEMPLATE_H
#define ZL_FLOW_TEMPLATE_H
#include <stdbool.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/map.h"
#include "controller/flow/drop.h"
#include "controller/flow/element.h"

enum {
	ZL_TEMPLATES_MAX = 256,		/* per domain */
	ZL_TEMPLATE_FIELDS_MAX = 256,	/* per template */
	ZL_TEMPLATE_ROOM = 1024 * 1024, /* bytes of templates per exporter */
	ZL_TEMPLATE_ID_MIN = 256,
	ZL_TEMPLATE_TTL_S = 3 * 1800, /* three times the usual refresh */
	ZL_TEMPLATE_TELL_S = 3600,
	ZL_TEMPLATE_VARIABLE = 65535, /* field length: the record says (RFC 7011, 7) */
};

struct zl_template_op {
	const struct zl_element *element; /* NULL: skip a variable field */
	uint16_t skip;			  /* bytes before the field that nobody wants */
	uint16_t width;			  /* of the field, or ZL_TEMPLATE_VARIABLE */
	uint16_t at; /* its place, and how it is moved (layout.h) */
	uint8_t move;
};

struct zl_template {
	uint16_t id;
	uint16_t n_ops;
	uint16_t tail;	     /* bytes after the last wanted field */
	uint16_t min_length; /* no record is shorter; at least 1 */
	uint16_t n_raw;
	bool is_options;
	bool is_provisional; /* not sent by the exporter since it was recalled */
	bool is_fixed;	     /* no field is variable: layout.h reads it */
	uint64_t bits;	     /* that every record then has */
	struct zl_mono seen; /* when it was last sent */
	struct zl_mono told; /* set by the caller; 0 when new, changed or long ago */
	struct zl_template_op ops[];
	/* behind them: the template as it came, n_raw bytes */
};

/* | template id | field count | ... as in zl_templates_learn(), one template. */
const uint8_t *zl_template_raw(const struct zl_template *t);

struct zl_template_room {
	size_t used, most; /* bytes */
	unsigned n_untold; /* at most; for the caller to clear */
};

struct zl_templates {
	struct zl_map by_id; /* uint16_t -> struct zl_template, owned */
	struct zl_template_room *room;
	bool is_session; /* over TCP: they last as long as the connection */
};

/* How the templates are written. */
enum zl_template_format {
	ZL_TEMPLATE_V9,	   /* RFC 3954, sections 5.2 and 6.1 */
	ZL_TEMPLATE_IPFIX, /* RFC 7011, section 3.4 */
};

void zl_templates_init(struct zl_templates *t, struct zl_template_room *room);
void zl_templates_done(struct zl_templates *t);

/*
 * Learn the templates of one set.
 *
 * `set` covers the set's body, without its 4-byte header, as it came off the wire:
 *
 *	IPFIX	| template id (u16, 256..65535) | field count (u16) |
 *		  options: | scope field count (u16) |
 *		| E:1 information element id:15 | field length (u16, bytes) |
 *		| enterprise number (u32, only when E is 1) |
 *		  ... field count times; up to 3 bytes of padding may end the set
 *	v9	| template id | field count | then | field type | field length | ...
 *		  options: | template id | bytes of scope fields | bytes of options |
 *		  and their types and lengths; scope types are not element ids
 *
 * A field length of 65535 means "variable, length in the record"; some v9 exporters
 * use it too.  A field count of 0 withdraws the template, or with the set's own id
 * all of its kind (RFC 7011, section 8.1); over UDP that must be ignored (section 8.4)
 * and is counted.  A template that is sent again
 * replaces the old one; one that is malformed removes it, for records
 * are no longer what the old one says.
 *
 * Returns how many were learned.  What was refused is counted in `drops`.
 */
unsigned zl_templates_learn(struct zl_templates *t, struct zl_cursor set,
	enum zl_template_format format, bool is_options, struct zl_mono now,
	struct zl_drop_counts *drops);

/*
 * Take back one template as zl_template_raw() gave it, as provisional.  What the
 * exporter has sent since stays.  False: refused, and counted.
 */
bool zl_templates_recall(struct zl_templates *t, struct zl_cursor raw,
	enum zl_template_format format, bool is_options, struct zl_mono now,
	struct zl_drop_counts *drops);

/* The template, or NULL; one that has expired is removed and counted. */
const struct zl_template *zl_templates_find(struct zl_templates *t, uint16_t id,
	struct zl_mono now, struct zl_drop_counts *drops);

/*
 * Read one record from the front of `set` into `draft`, which is zero but for
 * export_ms.  False when the set ends within it.
 */
bool zl_template_read(const struct zl_template *t, struct zl_cursor *set,
	struct zl_flow_draft *draft);

#endif
