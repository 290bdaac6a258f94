/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What exporters call their interfaces, for those whose numbers are not the host's. */
#include <stdlib.h>
#include <string.h>

#include "controller/roles/engine/engine.h"

struct name {
	uint32_t number;
	char text[ZL_IFNAME_SIZE];
};

void zl_engine_ifnames_init(struct zl_exporter_info *x)
{
	zl_map_init(&x->names, sizeof(uint32_t), ZL_IFNAMES_MAX);
}

void zl_engine_ifnames_done(struct zl_exporter_info *x)
{
	struct name *n;

	for (size_t i = 0; (n = zl_map_next(&x->names, &i)) != NULL;)
		free(n);
	zl_map_done(&x->names);
}

void zl_engine_ifnames_note(struct zl_engine *e, const struct zl_frame_in *in)
{
	struct zl_collector_ifname told;
	struct zl_exporter_info *x;
	struct name *n;

	if (zl_collector_get_ifname(in, &told) < 0)
		return;
	x = zl_map_find(&e->exporters, &told.exporter);
	if (x == NULL || x->host[0] == '\0')
		return;
	n = zl_map_find(&x->names, &told.number);
	if (n == NULL) {
		n = calloc(1, sizeof(*n));
		if (n == NULL)
			return;
		n->number = told.number;
		if (zl_map_put(&x->names, &n->number, n) < 0) {
			free(n);
			return;
		}
	}
	memcpy(n->text, told.name, sizeof(n->text));
}

uint32_t zl_engine_ifnames_index(
	const struct zl_engine *e, const struct zl_exporter_info *x, uint32_t number)
{
	const struct zl_index_link *link;
	const struct name *n;

	if (x->interfaces != ZL_HOST_INTERFACES_NAME || number == 0)
		return number;
	n = zl_map_find(&x->names, &number);
	link = n == NULL ? NULL : zl_index_link_named(e->index, x->host, n->text);
	return link == NULL ? ZL_ENGINE_INTERFACE_NONE : link->ifindex;
}
