/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ends of flow records, each once. */
#include "controller/roles/engine/parties.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static struct zl_party nobody = { .end = { .name = "", .host = "", .tap = "" } };

int zl_parties_init(struct zl_parties *p)
{
	*p = (struct zl_parties){ .n = 1 };
	zl_map_init(&p->by_content, sizeof(struct zl_digest), 0);
	memcpy(p->seed, p->by_content.seed, sizeof(p->seed));
	p->list = calloc(ZL_PARTIES_MAX, sizeof(struct zl_party *));
	if (p->list == NULL)
		return -ENOMEM;
	p->list[0] = &nobody;
	return 0;
}

void zl_parties_forget(struct zl_parties *p)
{
	for (uint32_t i = 1; i < p->n; i++)
		free(p->list[i]);
	p->n = 1;
	zl_map_done(&p->by_content);
}

void zl_parties_done(struct zl_parties *p)
{
	zl_parties_forget(p);
	free(p->list);
	p->list = NULL;
}

/* The party with its names behind it; the room that it needs. */
static size_t write_party(const struct zl_endpoint *end, uint64_t scope,
	struct zl_party *ret, size_t most)
{
	const char *const names[] = { end->name, end->host, end->tap };
	char *text = (char *)(ret + 1);
	size_t n = sizeof(*ret), len;

	memset(ret, 0, sizeof(*ret));
	/* One by one: what is between them stays zero. */
	ret->end.forwarding = end->forwarding;
	ret->end.mac = end->mac;
	ret->end.n_nics = end->n_nics;
	ret->end.domain = end->domain;
	ret->scope = scope;
	for (unsigned i = 0; i < N_ITEMS(names); i++) {
		len = strlen(names[i]) + 1;
		if (n + len > most)
			return 0;
		memcpy(text, names[i], len);
		text += len;
		n += len;
	}
	return n;
}

static void set_names(struct zl_party *p)
{
	p->end.name = (const char *)(p + 1);
	p->end.host = p->end.name + strlen(p->end.name) + 1;
	p->end.tap = p->end.host + strlen(p->end.host) + 1;
}

int zl_parties_keep(struct zl_parties *p, const struct zl_endpoint *end, uint64_t scope,
	uint32_t *ret)
{
	union {
		struct zl_party party;
		char room[sizeof(struct zl_party) + ZL_SIGHTING_TEXT];
	} made;
	size_t n = write_party(end, scope, &made.party, sizeof(made));
	struct zl_digest content;
	uintptr_t kept;

	if (n == 0)
		return -EINVAL;
	content = zl_hash_wide(p->seed, &made, n);
	kept = (uintptr_t)zl_map_find(&p->by_content, &content);
	if (kept == 0) {
		struct zl_party *copy;

		if (p->n == ZL_PARTIES_MAX)
			return -ENOBUFS;
		copy = malloc(n);
		if (copy == NULL)
			return -ENOMEM;
		kept = p->n;
		if (zl_map_put(&p->by_content, &content, (void *)kept) < 0) {
			free(copy);
			return -ENOMEM;
		}
		memcpy(copy, &made, n);
		set_names(copy);
		p->list[p->n++] = copy;
	}
	*ret = (uint32_t)kept;
	return 0;
}

const struct zl_party *zl_parties_get(const struct zl_parties *p, uint32_t number)
{
	return p->list[number < p->n ? number : 0];
}
