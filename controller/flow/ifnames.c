/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short table of numbers and names. */
#include "controller/flow/ifnames.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_SIZE = ZL_IFNAMES_MAX * sizeof(struct zl_ifname) };

void zl_ifnames_init(struct zl_ifnames *names, struct zl_template_room *room)
{
	*names = (struct zl_ifnames){ .room = room };
}

void zl_ifnames_done(struct zl_ifnames *names)
{
	if (names->at != NULL)
		names->room->used -= TABLE_SIZE;
	free(names->at);
	zl_ifnames_init(names, names->room);
}

bool zl_ifnames_is_name(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n >= ZL_IFNAME_SIZE || strcmp(name, ".") == 0 ||
		strcmp(name, "..") == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isgraph((unsigned char)name[i]) || name[i] == '/' ||
			name[i] == ':' || name[i] == '"' || name[i] == '\\')
			return false;
	return true;
}

static struct zl_ifname *find(const struct zl_ifnames *names, uint32_t number)
{
	for (unsigned i = 0; i < names->n; i++)
		if (names->at[i].number == number)
			return &names->at[i];
	return NULL;
}

static struct zl_ifname *make(struct zl_ifnames *names)
{
	unsigned i = names->next;

	if (names->at == NULL) {
		if (names->room->most - names->room->used < TABLE_SIZE)
			return NULL;
		names->at = calloc(1, TABLE_SIZE);
		if (names->at == NULL)
			return NULL;
		names->room->used += TABLE_SIZE;
	}
	names->next = (i + 1) % ZL_IFNAMES_MAX;
	if (names->n < ZL_IFNAMES_MAX)
		names->n++;
	else
		names->n_untold -= !names->at[i].is_told;
	names->at[i] = (struct zl_ifname){ .is_told = true };
	return &names->at[i];
}

void zl_ifnames_learn(struct zl_ifnames *names, const struct zl_flow_draft *options)
{
	const uint64_t needed = ZL_ASIDE_IF_NAME | ZL_FLOW_IN_IF;
	uint32_t number = options->flow.in_if;
	struct zl_ifname *at;

	if ((options->present & needed) != needed || number == 0 ||
		!zl_ifnames_is_name(options->if_name))
		return;
	at = find(names, number);
	if (at != NULL && strcmp(at->name, options->if_name) == 0)
		return;
	if (at == NULL)
		at = make(names);
	if (at == NULL)
		return;
	at->number = number;
	memcpy(at->name, options->if_name, sizeof(at->name));
	names->n_untold += at->is_told;
	at->is_told = false;
}

struct zl_ifname *zl_ifnames_untold(struct zl_ifnames *names)
{
	for (unsigned i = 0; names->n_untold > 0 && i < names->n; i++)
		if (!names->at[i].is_told)
			return &names->at[i];
	return NULL;
}

void zl_ifnames_tell_again(struct zl_ifnames *names)
{
	for (unsigned i = 0; i < names->n; i++)
		names->at[i].is_told = false;
	names->n_untold = names->n;
}
