/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks: struct zl_lock to canonical XML, rules as one line, and the words used. */
#include <stdlib.h>
#include <string.h>

#include "policy/lock.h"
#include "policy/lock_words.h"
#include "policy/service.h"

/* clang-format off */
static const char *const directions[ZL_DIRECTION_N] = {
	[ZL_DIRECTION_INBOUND]  = "inbound",
	[ZL_DIRECTION_OUTBOUND] = "outbound",
	[ZL_DIRECTION_INTRA]    = "intra",
};
static const char *const peer_attrs[ZL_DIRECTION_N] = {
	[ZL_DIRECTION_INBOUND]  = "from",
	[ZL_DIRECTION_OUTBOUND] = "to",
	[ZL_DIRECTION_INTRA]    = NULL,
};
const char *const zl_lock_modes[ZL_LOCK_MODE_N] = {
	[ZL_LOCK_MONITOR] = "monitor",
	[ZL_LOCK_ENFORCE] = "enforce",
};
const char *const zl_response_actions[ZL_RESPONSE_ACTION_N] = {
	[ZL_RESPONSE_ALERT]      = "alert",
	[ZL_RESPONSE_QUARANTINE] = "quarantine",
	[ZL_RESPONSE_BLOCK_FLOW] = "block-flow",
};
const char *const zl_response_grades[ZL_RESPONSE_GRADE_N] = {
	[ZL_RESPONSE_FORENSIC] = "forensic",
	[ZL_RESPONSE_STRICT]   = "strict",
};
const char *const zl_response_backends[ZL_RESPONSE_BACKEND_N] = {
	[ZL_RESPONSE_NFTABLES] = "nftables",
	[ZL_RESPONSE_NWFILTER] = "nwfilter",
};
/* clang-format on */

const char *zl_lock_peer_attr(enum zl_direction d)
{
	return peer_attrs[d];
}

const char *zl_direction_name(enum zl_direction d)
{
	return directions[d];
}

const char *zl_lock_mode_name(enum zl_lock_mode m)
{
	return zl_lock_modes[m];
}

bool zl_lock_mode_parse(const char *text, enum zl_lock_mode *ret)
{
	for (int m = 0; m < ZL_LOCK_MODE_N; m++)
		if (strcmp(text, zl_lock_modes[m]) == 0) {
			*ret = (enum zl_lock_mode)m;
			return true;
		}
	return false;
}

const char *zl_response_action_name(enum zl_response_action a)
{
	return zl_response_actions[a];
}

const char *zl_response_grade_name(enum zl_response_grade g)
{
	return zl_response_grades[g];
}

const char *zl_response_backend_name(enum zl_response_backend b)
{
	return zl_response_backends[b];
}

const char *zl_lock_format_rule(enum zl_direction direction, const struct zl_rule *rule,
	char buf[static ZL_RULE_STR])
{
	const char *peer = peer_attrs[direction];
	char proto[ZL_PROTO_STR], ports[ZL_PORTS_STR];

	(void)snprintf(buf, ZL_RULE_STR, "%s%s%s%s%s %s%s%s",
		rule->allow ? "allow" : "deny", peer == NULL ? "" : " ",
		peer == NULL ? "" : peer, peer == NULL ? "" : " ", rule->peer,
		zl_service_proto_format(rule->proto, proto),
		rule->ports.n > 0 ? "/" : "", zl_ports_format(&rule->ports, ports));
	return buf;
}

static void write_rule(FILE *f, enum zl_direction direction, const struct zl_rule *rule)
{
	char proto[ZL_PROTO_STR], ports[ZL_PORTS_STR];

	(void)fputs(rule->allow ? "    <allow" : "    <deny", f);
	if (peer_attrs[direction] != NULL)
		zl_xml_put_attr(f, peer_attrs[direction], rule->peer);
	zl_xml_put_attr(f, "protocol", zl_service_proto_format(rule->proto, proto));
	if (rule->ports.n > 0)
		zl_xml_put_attr(f, "ports", zl_ports_format(&rule->ports, ports));
	(void)fputs("/>\n", f);
}

static void write_side(
	FILE *f, enum zl_direction direction, const struct zl_rules *side)
{
	(void)fprintf(f, "  <%s default='%s'%s>\n", directions[direction],
		side->allow ? "allow" : "deny", side->n == 0 ? "/" : "");
	for (size_t i = 0; i < side->n; i++)
		write_rule(f, direction, &side->rules[i]);
	if (side->n > 0)
		(void)fprintf(f, "  </%s>\n", directions[direction]);
}

char *zl_lock_format(const struct zl_lock *l)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		return NULL;
	(void)fputs("<lock>\n", f);
	zl_xml_object_write(f, l->name, l->has_uuid ? &l->uuid : NULL, l->description);
	(void)fprintf(f, "  <zone>%s</zone>\n  <mode>%s</mode>\n", l->zone,
		zl_lock_modes[l->mode]);
	for (int d = 0; d < ZL_DIRECTION_N; d++)
		write_side(f, (enum zl_direction)d, &l->side[d]);
	(void)fprintf(f, "  <response action='%s' grade='%s' ttl='%u' backend='%s'/>\n",
		zl_response_actions[l->response.action],
		zl_response_grades[l->response.grade], l->response.ttl_s,
		zl_response_backends[l->response.backend]);
	(void)fputs("</lock>\n", f);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
