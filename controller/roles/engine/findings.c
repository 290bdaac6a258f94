/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings: incidents that no lock asked for.  A domain lies about who it is; an exporter
 * fell silent.  They are alerts, said once.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "controller/roles/engine/incidents.h"

/* Not a lock's name: what a domain does whatever the locks say. */
#define SPOOFING "(spoofing)"
#define ADDRESS	 "(address)"

/* Said once, and nothing more. */
static void alert_once(
	struct zl_engine *e, struct zl_engine_incident *inc, const char *why)
{
	if (inc->row.id != 0)
		return;
	(void)snprintf(inc->row.decision, sizeof(inc->row.decision), "%s",
		zl_action_name(ZL_ACTION_ALERT));
	(void)snprintf(
		inc->row.decision_reason, sizeof(inc->row.decision_reason), "%s", why);
	(void)zl_engine_incidents_write(e, inc, "incident-open");
}

/* Said once, and nothing more: what the lie was for is judged by the locks. */
void zl_engine_incidents_spoofing(struct zl_engine *e, struct zl_seen *s)
{
	struct zl_engine_incident *inc;
	char rule[sizeof(inc->row.rule)];

	if (s->flow.is_provisional)
		return; /* the address may be something else by now */
	(void)snprintf(rule, sizeof(rule),
		"it uses an address or MAC of domain '%.100s'", s->sighting.claimed);
	inc = zl_engine_incidents_open(e, &s->sighting.src, SPOOFING, rule);
	if (inc == NULL)
		return;
	(void)zl_engine_copies_note(e, s);
	zl_engine_incidents_count(inc, s);
	alert_once(e, inc, "no lock asks for more than an alert about it");
}

/* Nobody has the address any more, so that it is no lie; but somebody had it. */
void zl_engine_incidents_holder(struct zl_engine *e, struct zl_seen *s)
{
	struct zl_engine_incident *inc;
	char rule[sizeof(inc->row.rule)], addr[ZL_ADDR_STR];

	if (s->flow.is_provisional)
		return;
	(void)snprintf(rule, sizeof(rule),
		"it uses %s, which domain '%.100s' had less than an hour before",
		zl_addr_format(&s->flow.src, addr), s->sighting.held_by);
	inc = zl_engine_incidents_open(e, &s->sighting.src, ADDRESS, rule);
	if (inc == NULL)
		return;
	(void)zl_engine_copies_note(e, s);
	zl_engine_incidents_count(inc, s);
	alert_once(e, inc, "no lock asks for more than an alert about it");
}

/* One per exporter, under its address in place of a lock, of a host and no domain. */
static const char *silence_of(const struct zl_addr *exporter, char buf[static 64])
{
	char text[ZL_ADDR_STR];

	(void)snprintf(buf, 64, "(exporter %.50s)", zl_addr_format(exporter, text));
	return buf;
}

void zl_engine_incidents_silent(struct zl_engine *e, const struct zl_addr *exporter,
	const char *host, uint64_t after_s)
{
	struct zl_endpoint who = { .name = "(exporter)", .host = host, .tap = "" };
	struct zl_engine_incident *inc;
	char lock[64], rule[sizeof(inc->row.rule)];

	(void)snprintf(rule, sizeof(rule),
		"nothing came for longer than %" PRIu64 " s, which is unusual for it",
		after_s);
	inc = zl_engine_incidents_open(e, &who, silence_of(exporter, lock), rule);
	if (inc == NULL)
		return;
	inc->seen = zl_mono_now();
	if (inc->row.id != 0)
		return;
	inc->row.count = 1;
	inc->row.updated = zl_wall_now();
	alert_once(e, inc,
		"what its machines do is not seen: see zonelock exporter-show, and the "
		"exporter's own log");
}

void zl_engine_incidents_speaks(struct zl_engine *e, const struct zl_addr *exporter)
{
	const struct zl_uuid nobody = { 0 };
	char lock[64];
	struct zl_engine_incident *inc =
		zl_engine_incidents_find(e, &nobody, silence_of(exporter, lock));

	if (inc == NULL)
		return;
	inc->row.updated = zl_wall_now();
	(void)zl_engine_incidents_close_one(e, inc);
}
