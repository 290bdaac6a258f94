/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture in place of all exporters: its clock, its end, and links from a file.
 *
 * What depends on time (who began, what is waited for, which address is whose) must not
 * depend on how fast we read, so the engine's clocks are told by the records' arrival,
 * and its second ticks with them.  Before the first it is the beginning of 1970: what we
 * are told of hosts and domains then is older than any record.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "controller/control/varlink.h"
#include "controller/roles/engine/engine.h"

/* The year 9999: a clock that is further is broken, and would be ours from there on. */
#define CLOCK_MOST_US (INT64_C(253402300800000) * ZL_US_PER_MS)
/* Longer than an answer is held back (flows.c). */
#define AFTERWARDS_US (5 * ZL_US_PER_S)

static void move_clock(struct zl_engine *e, struct zl_wall to)
{
	struct zl_mono now;

	if (to.us <= 0 || to.us > CLOCK_MOST_US)
		return;
	zl_clock_tell(to);
	now = zl_mono_now();
	if (e->replay.ticked.us != 0 &&
		zl_mono_since(now, e->replay.ticked) < (uint64_t)ZL_US_PER_S)
		return;
	e->replay.ticked = now;
	zl_engine_flows_tick(e, now);
}

void zl_engine_replay_begin(struct zl_engine *e)
{
	if (e->is_replay)
		zl_clock_tell((struct zl_wall){ ZL_US_PER_S });
}

void zl_engine_replay_count(
	struct zl_engine *e, struct zl_seen *s, enum zl_verdict_kind kind)
{
	if (s->n_verdict != 0)
		e->replay.verdicts[s->n_verdict - 1]--;
	e->replay.verdicts[kind]++;
	s->n_verdict = 1 + (unsigned)kind;
}

void zl_engine_replay_end(struct zl_engine *e)
{
	zl_engine_flows_drain(e);
	if (e->replay.ticked.us != 0)
		move_clock(e, (struct zl_wall){ zl_wall_now().us + AFTERWARDS_US });
	zl_engine_incidents_flush(e);
	zl_engine_holdings_flush(e);
}

/* --- links, as `ip -json link` prints them --- */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

/*
 * libvirt's test driver gives other names to interfaces called vnet: a tap is called what
 * the domain with its MAC says.
 */
static const char *tap_of(const struct zl_engine *e, const char *host,
	const struct zl_index_link *link, const char *otherwise)
{
	const struct zl_index_domain *d;

	for (size_t i = 0; (d = zl_index_next(e->index, &i)) != NULL;)
		for (unsigned n = 0; strcmp(d->host->name, host) == 0 && n < d->n_nics;
			n++) {
			const struct zl_nic *nic = &d->nics[n]->nic;

			if (nic->tap[0] != '\0' &&
				zl_mac_is_tap_of(&link->mac, &nic->mac))
				return nic->tap;
		}
	return otherwise;
}

static int put_link(struct zl_engine *e, const char *host, const json_t *item,
	struct zl_error *reterr)
{
	json_int_t ifindex = json_integer_value(json_object_get(item, "ifindex"));
	struct zl_index_link link = { .ifindex = (uint32_t)ifindex };

	if (ifindex <= 0 || ifindex > INT32_MAX ||
		!zl_mac_parse(text_of(item, "address"), &link.mac))
		return 0; /* no Ethernet: no tap */
	(void)snprintf(link.name, sizeof(link.name), "%s",
		tap_of(e, host, &link, text_of(item, "ifname")));
	(void)snprintf(link.master, sizeof(link.master), "%s", text_of(item, "master"));
	return zl_index_link_put(e->index, host, &link, zl_wall_now(), reterr);
}

static int read_links(struct zl_engine *e, const char *host, const char *path,
	struct zl_error *reterr)
{
	json_error_t why;
	json_t *list = json_load_file(path, 0, &why), *item;
	size_t i;
	int r;

	if (list == NULL && json_error_code(&why) == json_error_cannot_open_file)
		return 0; /* it has none: its taps are not known */
	if (!json_is_array(list))
		r = zl_fail(reterr, -EBADMSG,
			"host '%s': its links are not what 'ip -json link' prints",
			host);
	else
		r = zl_index_agent_begin(e->index, host, reterr);
	json_array_foreach(list, i, item) if (r >= 0) r =
		put_link(e, host, item, reterr);
	if (r >= 0)
		r = zl_index_agent_end(e->index, host, zl_wall_now(), reterr);
	json_decref(list);
	return r;
}

static void load_links(struct zl_engine *e, const char *host)
{
	ZL_AUTO(zl_mem) char *path = NULL;
	struct zl_error err = { 0 };

	/* Names of hosts have no slash: host.rng. */
	if (asprintf(&path, "%s/links/%s", e->state_directory, host) < 0) {
		path = NULL;
		return;
	}
	if (read_links(e, host, path, &err) < 0)
		zl_log_error(LOG_ERR, &err, NULL);
}

/* Domains are known by the first record, and who has which tap is settled once. */
void zl_engine_replay_to(
	struct zl_engine *e, const struct zl_flow *flow, struct zl_exporter_info *x)
{
	const struct zl_engine_host *h;

	if (!e->replay.has_links)
		for (size_t i = 0; (h = zl_map_next(&e->hosts, &i)) != NULL;)
			load_links(e, h->def->name);
	e->replay.has_links = true;
	move_clock(e, flow->arrival);
	x->stats.last_seen = zl_wall_now();
	x->heard = zl_mono_now();
}

/* --- how far it is --- */

static void put_count(json_t *to, const char *name, uint64_t n)
{
	if (n != 0)
		(void)json_object_set_new(to, name, json_integer((json_int_t)n));
}

json_t *zl_engine_replay_to_json(const struct zl_engine *e)
{
	const struct zl_collector_replay *told = &e->replay.told;
	json_t *packets, *verdicts;

	if (!e->is_replay)
		return NULL;
	packets = json_object();
	verdicts = json_object();
	for (unsigned i = 0; i < ZL_DATAGRAM_N; i++)
		put_count(packets, zl_datagram_kinds[i].name, told->packets[i]);
	put_count(packets, ZL_COLLECTOR_OTHER_PORT, told->refused.other_port);
	put_count(packets, ZL_COLLECTOR_OTHER_PROTOCOL, told->refused.other_protocol);
	for (unsigned i = 0; i < ZL_VERDICT_N; i++)
		(void)json_object_set_new(verdicts, zl_evaluate_kind_name(i),
			json_integer((json_int_t)e->replay.verdicts[i]));
	return json_pack("{s:b, s:o, s:o, s:o, s:o}", "ended", told->is_ended, "error",
		zl_varlink_text(told->error), "hint", zl_varlink_text(told->hint),
		"packets", packets, "verdicts", verdicts);
}
