/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index: its maps, and hosts. */
#include "inventory/index.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "inventory/index_priv.h"

int zl_index_list_add(struct zl_map *m, const void *key, struct zl_index_node *n)
{
	struct zl_index_node *first = zl_map_find(m, key);
	int r = zl_map_put(m, key, n);

	if (r < 0)
		return r;
	n->prev = NULL;
	n->next = first;
	if (first != NULL)
		first->prev = n;
	return 0;
}

void zl_index_list_remove(struct zl_map *m, const void *key, struct zl_index_node *n)
{
	if (n->next != NULL)
		n->next->prev = n->prev;
	if (n->prev != NULL)
		n->prev->next = n->next;
	else if (n->next != NULL)
		(void)!zl_map_put(m, key, n->next); /* the key is there: cannot fail */
	else
		(void)zl_map_remove(m, key);
	n->next = n->prev = NULL;
}

void zl_index_chain_add(struct zl_index_node **first, struct zl_index_node *n)
{
	n->prev = NULL;
	n->next = *first;
	if (*first != NULL)
		(*first)->prev = n;
	*first = n;
}

void zl_index_chain_remove(struct zl_index_node **first, struct zl_index_node *n)
{
	if (n->next != NULL)
		n->next->prev = n->prev;
	if (n->prev != NULL)
		n->prev->next = n->next;
	else
		*first = n->next;
	n->next = n->prev = NULL;
}

void zl_index_tell(
	struct zl_index *ix, const struct zl_index_domain_rec *d, unsigned what)
{
	if (what != 0 && ix->on_change != NULL)
		ix->on_change(&d->pub, what, ix->user);
}

int zl_index_new(zl_index_change_fn on_change, void *user, struct zl_index **ret,
	struct zl_error *reterr)
{
	struct zl_index *ix = calloc(1, sizeof(*ix));

	if (ix != NULL)
		ix->recent = calloc(1, sizeof(struct zl_index_host_rec *));
	if (ix == NULL || ix->recent == NULL || zl_index_history_init(ix) < 0) {
		if (ix != NULL)
			free(ix->recent);
		free(ix);
		return zl_fail(reterr, -ENOMEM, "out of memory");
	}
	ix->version = 1;
	ix->on_change = on_change;
	ix->user = user;
	zl_map_init(&ix->hosts, sizeof(((struct zl_index_host *)0)->name),
		ZL_INDEX_HOSTS_MAX);
	zl_map_init(&ix->domains, sizeof(struct zl_index_domain_key), 0);
	zl_map_init(&ix->links, sizeof(struct zl_index_link_key), 0);
	zl_map_init(&ix->facts, sizeof(struct zl_index_fact_key), 0);
	zl_map_init(&ix->by_uuid, sizeof(struct zl_uuid), 0);
	zl_map_init(&ix->by_name, ZL_NAME_MAX, 0);
	zl_map_init(&ix->by_mac, sizeof(struct zl_mac), 0);
	zl_map_init(&ix->by_tap, sizeof(struct zl_index_name_key), 0);
	zl_map_init(&ix->by_addr, sizeof(struct zl_addr), 0);
	zl_map_init(&ix->links_by_name, sizeof(struct zl_index_name_key), 0);
	zl_map_init(&ix->facts_by_mac, sizeof(struct zl_index_mac_key), 0);
	zl_map_init(&ix->forwarding, sizeof(struct zl_uuid), ZL_INDEX_FORWARDING_MAX);
	memcpy(ix->seed, ix->facts.seed, sizeof(ix->seed));
	*ret = ix;
	return 0;
}

/* --- hosts --- */

/* Names as keys: zero-padded; false when one is too long to be there. */
static bool host_key(const char *name, char key[static 64])
{
	size_t n = strnlen(name, 64);

	if (n == 64)
		return false;
	memset(key, 0, 64);
	memcpy(key, name, n);
	return true;
}

struct zl_index_host_rec *zl_index_get_host(
	const struct zl_index *ix, const char *name, struct zl_error *reterr)
{
	struct zl_index_host_rec *h = *ix->recent;
	char key[64];

	/* Questions come in runs about one host. */
	if (h != NULL && strcmp(h->pub.name, name) == 0)
		return h;
	h = host_key(name, key) ? zl_map_find(&ix->hosts, key) : NULL;
	if (h != NULL)
		*ix->recent = h;
	else
		(void)zl_fail_id(reterr, -ENOENT, "inventory.host.unknown",
			"`zonelock host-list` shows all", "no host '%s' is defined",
			name);
	return h;
}

int zl_index_host_put(struct zl_index *ix, const char *host, struct zl_wall now,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) struct zl_index_host_rec *h = NULL;
	char key[64];
	int r;

	if (!host_key(host, key) || host[0] == '\0')
		return zl_fail(reterr, -EINVAL, "a host's name has 1 to 63 characters");
	if (zl_map_find(&ix->hosts, key) != NULL)
		return 0;
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	memcpy(h->pub.name, key, sizeof(key));
	h->pub.state = ZL_HOST_CONNECTING;
	h->pub.since = now;
	h->id = ++ix->last_host_id;
	r = zl_map_put(&ix->hosts, key, h);
	if (r == -ENOBUFS)
		return zl_fail(
			reterr, r, "there are %d hosts already", ZL_INDEX_HOSTS_MAX);
	if (r < 0)
		return zl_fail(reterr, r, "out of memory");
	zl_index_news_of_all(ix);
	(void)zl_take_ptr(h);
	return 0;
}

static void clear_host(struct zl_index *ix, struct zl_index_host_rec *h)
{
	while (h->domains != NULL)
		zl_index_remove_domain(ix,
			zl_index_of(struct zl_index_domain_rec, of_host, h->domains),
			(struct zl_wall){ 0 });
	zl_index_remove_links(ix, h, false, (struct zl_wall){ 0 });
	zl_index_remove_facts(ix, h);
	zl_index_history_forget_host(ix, h);
}

int zl_index_host_remove(struct zl_index *ix, const char *host, struct zl_error *reterr)
{
	struct zl_index_host_rec *h = zl_index_get_host(ix, host, reterr);

	if (h == NULL)
		return -ENOENT;
	clear_host(ix, h);
	(void)zl_map_remove(&ix->hosts, h->pub.name);
	*ix->recent = NULL;
	zl_index_news_of_all(ix);
	free(h);
	return 0;
}

int zl_index_host_state(struct zl_index *ix, const char *host, enum zl_host_state state,
	const char *reason, struct zl_wall now, struct zl_error *reterr)
{
	struct zl_index_host_rec *h = zl_index_get_host(ix, host, reterr);

	if (h == NULL)
		return -ENOENT;
	if (h->pub.state != state)
		h->pub.since = now;
	h->pub.state = state;
	(void)zl_domain_copy_text(h->pub.reason, sizeof(h->pub.reason), reason);
	return 0;
}

void zl_index_free(struct zl_index *ix)
{
	struct zl_index_host_rec *h;

	if (ix == NULL)
		return;
	ix->on_change = NULL;
	for (size_t i = 0; (h = zl_map_next(&ix->hosts, &i)) != NULL;) {
		clear_host(ix, h);
		free(h);
	}
	zl_map_done(&ix->hosts);
	zl_map_done(&ix->domains);
	zl_map_done(&ix->links);
	zl_map_done(&ix->facts);
	zl_map_done(&ix->by_uuid);
	zl_map_done(&ix->by_name);
	zl_map_done(&ix->by_mac);
	zl_map_done(&ix->by_tap);
	zl_map_done(&ix->by_addr);
	zl_map_done(&ix->links_by_name);
	zl_map_done(&ix->facts_by_mac);
	free(ix->recent);
	zl_index_history_done(ix);
	zl_map_done(&ix->forwarding);
	free(ix);
}
