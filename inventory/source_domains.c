/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The libvirt source: reading domains and telling what is different. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "inventory/source_priv.h"

/* So many are read before the event loop gets a turn. */
enum { READ_AT_ONCE = 8 };

/* --- the queues --- */

static void move_entry(
	struct zl_source *s, struct zl_source_entry *e, enum zl_source_when when)
{
	TAILQ_REMOVE(&s->queues[e->when], e, link);
	TAILQ_INSERT_TAIL(&s->queues[when], e, link);
	e->when = when;
}

static void queue_uuid(struct zl_source *s, const struct zl_uuid *uuid,
	virDomainPtr domain, enum zl_source_when when)
{
	struct zl_source_entry *e = zl_map_find(&s->queued, uuid);

	if (e != NULL) {
		if (when < e->when)
			move_entry(s, e, when);
		return;
	}
	e = calloc(1, sizeof(*e));
	if (e == NULL || zl_map_put(&s->queued, uuid, e) < 0) {
		free(e);
		s->queue_full = true; /* list everything when there is room again */
		return;
	}
	e->uuid = *uuid;
	e->when = when;
	if (domain != NULL && virDomainRef(domain) == 0)
		e->domain = domain;
	TAILQ_INSERT_TAIL(&s->queues[when], e, link);
}

void zl_source_queue(struct zl_source *s, virDomainPtr domain)
{
	struct zl_uuid uuid;

	if (virDomainGetUUID(domain, uuid.b) == 0)
		queue_uuid(s, &uuid, domain, ZL_SOURCE_NOW);
}

void zl_source_retry(struct zl_source *s)
{
	struct zl_source_entry *e;

	while ((e = TAILQ_FIRST(&s->queues[ZL_SOURCE_TICK])) != NULL)
		move_entry(s, e, ZL_SOURCE_SOON);
}

/* --- telling --- */

/* Was exactly this told last?  Otherwise it is from now on. */
static bool is_known(struct zl_source *s, const struct zl_uuid *uuid, uint64_t hash)
{
	struct zl_source_sent *sent = zl_map_find(&s->sent, uuid);

	if (sent == NULL) {
		sent = calloc(1, sizeof(*sent));
		if (sent == NULL || zl_map_put(&s->sent, uuid, sent) < 0) {
			free(sent);
			return false;
		}
		sent->uuid = *uuid;
		sent->hash = ~hash;
	}
	sent->mark = s->mark;
	if (sent->hash == hash)
		return true;
	sent->hash = hash;
	return false;
}

static void tell(struct zl_source *s, const struct zl_domain *d)
{
	struct zl_frame f;
	ssize_t n;

	zl_source_start(s, &f, ZL_INV_DOMAIN);
	zl_domain_put(&f, ZL_INV_A_DOMAIN, d);
	n = zl_frame_end(&f);
	if (n > 0 && !is_known(s, &d->uuid, zl_hash(s->seed, f.buf, (size_t)n)))
		zl_source_send(s, &f);
}

static void tell_gone(struct zl_source *s, const struct zl_uuid *uuid)
{
	struct zl_source_sent *sent = zl_map_remove(&s->sent, uuid);
	struct zl_frame f;

	if (sent == NULL)
		return; /* never told */
	free(sent);
	zl_source_start(s, &f, ZL_INV_DOMAIN_GONE);
	zl_frame_put_bytes(&f, ZL_INV_A_UUID, uuid->b, sizeof(uuid->b));
	zl_source_send(s, &f);
}

/* --- reading --- */

static enum zl_domain_state translate_state(int state)
{
	switch ((virDomainState)state) {
	case VIR_DOMAIN_RUNNING:
	case VIR_DOMAIN_BLOCKED:
	case VIR_DOMAIN_SHUTDOWN: /* on its way: it still has its taps */
		return ZL_DOMAIN_RUNNING;
	case VIR_DOMAIN_PAUSED:
	case VIR_DOMAIN_PMSUSPENDED: return ZL_DOMAIN_PAUSED;
	case VIR_DOMAIN_NOSTATE:
	case VIR_DOMAIN_SHUTOFF:
	case VIR_DOMAIN_CRASHED: break;
	}
	return ZL_DOMAIN_SHUTOFF;
}

/*
 * A domain whose XML cannot be read (too large, say) must not be invisible: it is told
 * without NICs, and marked.
 */
static void make_bare(
	virDomainPtr domain, enum zl_domain_state state, struct zl_domain *ret)
{
	const char *name = virDomainGetName(domain);

	memset(ret, 0, sizeof(*ret));
	ret->state = state;
	ret->truncated = true;
	(void)virDomainGetUUID(domain, ret->uuid.b);
	(void)zl_domain_copy_text(ret->name, sizeof(ret->name),
		name == NULL || name[0] == '\0' ? "?" : name);
}

/* XML first: a domain that starts after it says so with another event. */
static int read_domain(struct zl_source *s, virDomainPtr domain, struct zl_domain *ret)
{
	ZL_AUTO(zl_mem) char *xml = NULL;
	int state = VIR_DOMAIN_NOSTATE, reason, r;

	zl_worker_begin(s->self, "virDomainGetXMLDesc");
	xml = virDomainGetXMLDesc(domain, 0);
	zl_worker_end(s->self);
	if (xml == NULL)
		return -EIO;
	zl_worker_begin(s->self, "virDomainGetState");
	r = virDomainGetState(domain, &state, &reason, 0);
	zl_worker_end(s->self);
	if (r < 0)
		return -EIO;
	if (zl_domain_parse(xml, strlen(xml), translate_state(state), ret, NULL) < 0)
		make_bare(domain, translate_state(state), ret);
	return 0;
}

/* `e` leaves its queue, or waits there for the next tick. */
static void read_entry(struct zl_source *s, struct zl_source_entry *e)
{
	struct zl_domain d;

	if (e->domain == NULL) {
		zl_worker_begin(s->self, "virDomainLookupByUUID");
		e->domain = virDomainLookupByUUID(s->conn, e->uuid.b);
		zl_worker_end(s->self);
	}
	if (e->domain != NULL && read_domain(s, e->domain, &d) == 0) {
		tell(s, &d);
	} else if (virGetLastErrorCode() == VIR_ERR_NO_DOMAIN) {
		tell_gone(s, &e->uuid);
	} else if (!zl_source_is_lost(s)) {
		move_entry(s, e, ZL_SOURCE_TICK);
		return;
	}
	TAILQ_REMOVE(&s->queues[e->when], e, link);
	(void)zl_map_remove(&s->queued, &e->uuid);
	if (e->domain != NULL)
		(void)virDomainFree(e->domain);
	free(e);
}

static struct zl_source_entry *next_entry(struct zl_source *s)
{
	struct zl_source_entry *e = TAILQ_FIRST(&s->queues[ZL_SOURCE_NOW]);

	return e != NULL ? e : TAILQ_FIRST(&s->queues[ZL_SOURCE_SOON]);
}

bool zl_source_read_some(struct zl_source *s)
{
	struct zl_source_entry *e;

	for (unsigned i = 0; i < READ_AT_ONCE && !s->over; i++) {
		e = next_entry(s);
		if (e == NULL)
			return false;
		read_entry(s, e);
	}
	return next_entry(s) != NULL;
}

/* --- listing --- */

static int list_domains(struct zl_source *s, virDomainPtr **ret)
{
	int n;

	zl_worker_begin(s->self, "virConnectListAllDomains");
	n = virConnectListAllDomains(s->conn, ret,
		VIR_CONNECT_LIST_DOMAINS_ACTIVE | VIR_CONNECT_LIST_DOMAINS_INACTIVE);
	zl_worker_end(s->self);
	if (n < 0)
		zl_source_stop(s, "libvirtd at %s does not list its domains: %s",
			s->config.uri, virGetLastErrorMessage());
	return n;
}

static void free_domains(virDomainPtr *domains, int n)
{
	for (int i = 0; i < n; i++)
		(void)virDomainFree(domains[i]);
	free(domains);
}

void zl_source_list_first(struct zl_source *s)
{
	virDomainPtr *domains = NULL;
	struct zl_source_entry *e;
	struct zl_frame f;
	int n = list_domains(s, &domains);

	if (n < 0)
		return;
	zl_source_start(s, &f, ZL_INV_LIST_BEGIN);
	zl_source_send(s, &f);
	for (int i = 0; i < n; i++)
		zl_source_queue(s, domains[i]);
	free_domains(domains, n);
	while (!s->over && (e = next_entry(s)) != NULL)
		read_entry(s, e);
	if (s->over)
		return;
	zl_source_start(s, &f, ZL_INV_LIST_END);
	zl_source_send(s, &f);
}

/*
 * Read all domains again, behind those to which something happens.  Those that were
 * told and are not listed are looked up, which says that they are gone.
 */
void zl_source_list_again(struct zl_source *s)
{
	virDomainPtr *domains = NULL;
	struct zl_source_sent *sent;
	int n = list_domains(s, &domains);

	if (n < 0)
		return;
	s->mark++;
	for (int i = 0; i < n; i++) {
		struct zl_uuid uuid;

		if (virDomainGetUUID(domains[i], uuid.b) < 0)
			continue;
		sent = zl_map_find(&s->sent, &uuid);
		if (sent != NULL)
			sent->mark = s->mark;
		queue_uuid(s, &uuid, domains[i], ZL_SOURCE_SOON);
	}
	free_domains(domains, n);
	for (size_t at = 0; (sent = zl_map_next(&s->sent, &at)) != NULL;)
		if (sent->mark != s->mark)
			queue_uuid(s, &sent->uuid, NULL, ZL_SOURCE_SOON);
}
