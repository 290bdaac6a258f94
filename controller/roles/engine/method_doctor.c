/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the doctor asks (doctor.h), gathered from all that the engine knows of a host. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "controller/control/varlink.h"
#include "controller/flow/health.h"
#include "controller/roles/engine/doctor.h"
#include "controller/roles/engine/methods.h"

/* Of a host; more are not told of one by one. */
enum { EXPORTERS_MOST = 64 };

struct patient {
	struct zl_doctor_exporter exporters[EXPORTERS_MOST];
	char addresses[EXPORTERS_MOST][ZL_PREFIX_STR];
	char refused[ZL_ADDR_STR];
	char astray[256];
};

static uint64_t seconds_since(struct zl_wall t)
{
	int64_t us = zl_wall_now().us - t.us;

	return us < 0 ? 0 : (uint64_t)(us / ZL_US_PER_S);
}

/* By name or uuid. */
static const struct zl_engine_host *find_host(struct zl_engine *e, const char *text)
{
	const struct zl_engine_host *h;
	char uuid[ZL_UUID_STR];

	for (size_t i = 0; (h = zl_map_next(&e->hosts, &i)) != NULL;)
		if (strcmp(h->def->name, text) == 0 ||
			strcmp(zl_uuid_format(&h->def->uuid, uuid), text) == 0)
			return h;
	return NULL;
}

/* --- domains and their taps --- */

static void look_at_nic(struct zl_engine *e, const struct zl_index_nic *nic,
	struct zl_doctor_facts *f, struct patient *p)
{
	const struct zl_index_link *link = zl_index_nic_link(e->index, nic);
	char mac[ZL_MAC_STR], why[64];

	f->nics++;
	if (link != NULL && link->master[0] != '\0') {
		f->on_tap++;
		return;
	}
	if (nic->nic.tap[0] == '\0')
		(void)snprintf(why, sizeof(why), "it has none (type %s)",
			zl_nic_type_name(nic->nic.type));
	else
		(void)snprintf(why, sizeof(why), "'%s' %s", nic->nic.tap,
			link == NULL ? "is not known to the agent" : "is on no bridge");
	if (f->astray == NULL)
		(void)snprintf(p->astray, sizeof(p->astray), "%.100s %s: %s",
			nic->domain->name, zl_mac_format(&nic->nic.mac, mac), why);
	f->astray = p->astray;
}

static void look_at_domains(
	struct zl_engine *e, struct zl_doctor_facts *f, struct patient *p)
{
	const struct zl_index_domain *d;

	for (size_t i = 0; (d = zl_index_next(e->index, &i)) != NULL;) {
		if (d->state != ZL_DOMAIN_RUNNING ||
			strcmp(d->host->name, f->host) != 0)
			continue;
		f->running++;
		for (unsigned n = 0; n < d->n_nics; n++)
			look_at_nic(e, d->nics[n], f, p);
	}
}

/* --- exporters --- */

static const char *commonest_drop(const struct zl_collector_exporter *s)
{
	const char *sentence = NULL;
	uint64_t most = 0;

	for (unsigned i = 0; i < ZL_DROP_N; i++)
		if (i != ZL_DROP_EXPORTER_UNKNOWN && s->drops[i] > most) {
			most = s->drops[i];
			sentence = zl_drops[i].sentence;
		}
	return sentence;
}

static void look_at_exporter(
	const struct zl_exporter_info *x, struct zl_doctor_exporter *ret)
{
	const struct zl_collector_exporter *s = &x->stats;

	*ret = (struct zl_doctor_exporter){ .interfaces = x->interfaces,
		.is_heard = s->is_allowed && s->datagrams > 0,
		.is_silent = zl_engine_exporters_is_silent(x),
		.quiet_s = seconds_since(s->last_seen),
		.datagrams = zl_recent_count(&x->datagrams),
		.decoded = zl_recent_count(&x->decoded),
		.drop = commonest_drop(s),
		.loss_ppm = zl_health_loss_ppm(
			zl_recent_count(&x->lost), zl_recent_count(&x->units)),
		.sampling = s->sampling != 0 ? s->sampling : x->sampling,
		.has_offset = s->has_offset,
		.offset_ms = s->offset_us / ZL_US_PER_MS,
		.records = zl_recent_count(&x->records),
		.tapped = zl_recent_count(&x->tapped),
		.no_interface = zl_recent_count(&x->no_interface),
		.unknown_interface = zl_recent_count(&x->unknown_interface),
		.tap_s = seconds_since(x->last_tapped) };
}

static struct zl_doctor_exporter *add_exporter(
	struct zl_doctor_facts *f, struct patient *p, const char *address)
{
	size_t n = f->n_exporters++;

	(void)snprintf(p->addresses[n], sizeof(p->addresses[n]), "%s", address);
	return &p->exporters[n];
}

/* Of an address range one that is heard is enough. */
static bool is_heard_in(struct zl_engine *e, const struct zl_prefix *prefix)
{
	const struct zl_exporter_info *x;

	for (size_t i = 0; (x = zl_map_next(&e->exporters, &i)) != NULL;)
		if (zl_prefix_has(prefix, &x->addr))
			return true;
	return false;
}

static void look_at_exporters(struct zl_engine *e, const struct zl_engine_host *h,
	struct zl_doctor_facts *f, struct patient *p)
{
	const struct zl_exporter_info *x;
	char text[ZL_PREFIX_STR];

	for (size_t i = 0; i < h->def->n_exporters; i++) {
		const struct zl_host_exporter *hx = &h->def->exporters[i];

		if (!is_heard_in(e, &hx->prefix))
			*add_exporter(f, p,
				hx->prefix.len == 128
					? zl_addr_format(&hx->prefix.addr, text)
					: zl_prefix_format(&hx->prefix, text)) =
				(struct zl_doctor_exporter){ .interfaces =
								     hx->interfaces,
					.sampling = hx->sampling };
	}
	for (size_t i = 0; (x = zl_map_next(&e->exporters, &i)) != NULL;)
		if (strcmp(x->host, f->host) == 0 && f->n_exporters < EXPORTERS_MOST)
			look_at_exporter(
				x, add_exporter(f, p, zl_addr_format(&x->addr, text)));
	for (size_t i = 0; i < f->n_exporters; i++)
		p->exporters[i].address = p->addresses[i];
	f->exporters = p->exporters;
}

static void look_at_refused(
	struct zl_engine *e, struct zl_doctor_facts *f, struct patient *p)
{
	const struct zl_exporter_info *x;

	for (size_t i = 0; (x = zl_map_next(&e->exporters, &i)) != NULL;) {
		uint64_t n = zl_recent_count(&x->datagrams);

		if (x->host[0] != '\0' || n == 0)
			continue;
		f->refused++;
		if (n <= f->refused_datagrams)
			continue;
		f->refused_datagrams = n;
		(void)zl_addr_format(&x->addr, p->refused);
	}
	f->refused_address = p->refused;
}

static bool is_role_up(const struct zl_engine *e, const char *name)
{
	for (unsigned i = 0; i < e->n_roles; i++)
		if (strcmp(e->roles[i].name, name) == 0)
			return e->roles[i].pid != 0;
	return false;
}

static void append(const struct zl_doctor_answer *a, void *user)
{
	(void)json_array_append_new(user,
		json_pack("{s:s, s:s, s:o, s:s, s:o, s:o}", "check", a->check, "asks",
			a->asks, "exporter",
			a->exporter == NULL ? json_null() : json_string(a->exporter),
			"state", zl_doctor_state_name(a->state), "text",
			zl_varlink_text(a->text), "hint", zl_varlink_text(a->hint)));
}

ZL_METHOD(diagnose_host)
{
	struct zl_engine *e = user;
	const char *name = zl_call_str(call, "name");
	const struct zl_engine_host *h = find_host(e, name);
	ZL_AUTO(zl_mem) struct patient *p = calloc(1, sizeof(*p));
	const struct zl_index_host *at;
	struct zl_doctor_facts f;
	json_t *checks;

	if (h == NULL)
		return zl_fail_id(reterr, -ENOENT, "host.unknown",
			"see: zonelock host-list", "no host '%s'", name);
	if (p == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	at = zl_index_host(e->index, h->def->name);
	f = (struct zl_doctor_facts){ .host = h->def->name,
		.libvirt = at == NULL ? ZL_HOST_CONNECTING : at->state,
		.libvirt_reason = at == NULL ? "" : at->reason,
		.has_agent = h->agent != ZL_AGENT_NONE,
		.is_agent_up = h->agent == ZL_AGENT_UP,
		.agent_reason = h->agent_reason,
		.is_collector_up = is_role_up(e, "collector"),
		.kernel_drops = zl_recent_count(&e->kernel_drops),
		.ring_drops = zl_recent_count(&e->ring_drops),
		.buffer = e->totals.buffer };
	look_at_domains(e, &f, p);
	look_at_exporters(e, h, &f, p);
	look_at_refused(e, &f, p);
	checks = json_array();
	zl_doctor(&f, append, checks);
	*ret = json_pack("{s:s, s:o}", "name", h->def->name, "checks", checks);
	return 0;
}
