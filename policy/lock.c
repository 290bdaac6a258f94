/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks: XML to struct zl_lock. */
#include "policy/lock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/embed.h"
#include "policy/lock_words.h"
#include "policy/service.h"

ZL_EMBED(zl_lock_rng, "policy/lock.rng");

const struct zl_response zl_response_default = {
	.action = ZL_RESPONSE_ALERT,
	.grade = ZL_RESPONSE_FORENSIC,
	.backend = ZL_RESPONSE_NFTABLES,
	.ttl_s = ZL_TTL_DEFAULT,
};

/* clang-format off */
static const struct zl_xml_child lock_children[] = {
	ZL_XML_OBJECT_CHILDREN,
	{ .name = "zone", .min = 1, .max = 1 },
	{ .name = "mode", .max = 1 },
	{ .name = "inbound", .max = 1 },
	{ .name = "outbound", .max = 1 },
	{ .name = "intra", .max = 1 },
	{ .name = "response", .max = 1 },
};
static const struct zl_xml_shape lock_shape = {
	.children = lock_children, .n_children = N_ITEMS(lock_children),
};
static const struct zl_xml_shape text_shape = { .text = true };

static const struct zl_xml_child rules_children[] = {
	{ .name = "allow" },
	{ .name = "deny" },
};
static const struct zl_xml_attr rules_attrs[] = { { .name = "default", .required = true } };
static const struct zl_xml_shape rules_shape = {
	.children = rules_children, .n_children = N_ITEMS(rules_children),
	.attrs = rules_attrs, .n_attrs = N_ITEMS(rules_attrs),
};

static const struct zl_xml_attr inbound_attrs[] = {
	{ .name = "from", .required = true }, { .name = "protocol" }, { .name = "ports" },
};
static const struct zl_xml_attr outbound_attrs[] = {
	{ .name = "to", .required = true }, { .name = "protocol" }, { .name = "ports" },
};
static const struct zl_xml_attr intra_attrs[] = {
	{ .name = "protocol" }, { .name = "ports" },
};
static const struct zl_xml_shape rule_shapes[ZL_DIRECTION_N] = {
	[ZL_DIRECTION_INBOUND]  = { .attrs = inbound_attrs,  .n_attrs = N_ITEMS(inbound_attrs) },
	[ZL_DIRECTION_OUTBOUND] = { .attrs = outbound_attrs, .n_attrs = N_ITEMS(outbound_attrs) },
	[ZL_DIRECTION_INTRA]    = { .attrs = intra_attrs,    .n_attrs = N_ITEMS(intra_attrs) },
};

static const struct zl_xml_attr response_attrs[] = {
	{ .name = "action", .required = true }, { .name = "grade" }, { .name = "ttl" },
	{ .name = "backend" },
};
static const struct zl_xml_shape response_shape = {
	.attrs = response_attrs, .n_attrs = N_ITEMS(response_attrs),
};
/* clang-format on */

static int read_service(const struct zl_xml *x, const xmlNode *n, struct zl_rule *rule,
	struct zl_error *reterr)
{
	const char *proto = zl_xml_attr(n, "protocol"),
		   *ports = zl_xml_attr(n, "ports");
	const char *why;

	rule->proto = ZL_PROTO_ANY;
	if (proto != NULL && !zl_service_proto_parse(proto, &rule->proto))
		return zl_xml_fail(reterr, x, n,
			"attribute 'protocol' '%.64s' is none of: tcp, udp, icmp, "
			"icmpv6, sctp, "
			"any, 0..255",
			proto);
	if (ports == NULL)
		return 0;
	if (!zl_service_has_ports(rule->proto))
		return zl_xml_fail(reterr, x, n,
			"attribute 'ports' needs protocol tcp, udp or sctp");
	why = zl_ports_parse(ports, &rule->ports);
	if (why != NULL)
		return zl_xml_fail(
			reterr, x, n, "attribute 'ports' %s: '%.64s'", why, ports);
	return 0;
}

static int read_rule(const struct zl_xml *x, const xmlNode *n,
	enum zl_direction direction, struct zl_rule *rule, struct zl_error *reterr)
{
	const char *peer = zl_lock_peer_attr(direction);
	int r = zl_xml_check(x, n, &rule_shapes[direction], reterr);

	if (r < 0)
		return r;
	rule->line = zl_xml_line(n);
	rule->allow = zl_xml_is(n, "allow");
	if (peer != NULL) {
		r = zl_xml_object_get_name(x, n, peer, rule->peer, reterr);
		if (r < 0)
			return r;
	}
	return read_service(x, n, rule, reterr);
}

static int read_rules(const struct zl_xml *x, const xmlNode *n,
	enum zl_direction direction, struct zl_rules *side, struct zl_error *reterr)
{
	static const char *const verdicts[] = { "deny", "allow" };
	size_t n_rules = 0;
	int word = 0;
	int r = zl_xml_check(x, n, &rules_shape, reterr);

	if (r < 0)
		return r;
	r = zl_xml_object_get_word(
		x, n, "default", verdicts, N_ITEMS(verdicts), &word, reterr);
	if (r < 0)
		return r;
	side->allow = word == 1;
	for (const xmlNode *c = zl_xml_first(n, NULL); c != NULL;
		c = zl_xml_next(c, NULL))
		if (++n_rules > ZL_LOCK_RULES_MAX)
			return zl_xml_fail(
				reterr, x, c, "more than %d rules", ZL_LOCK_RULES_MAX);
	side->rules = calloc(n_rules + 1, sizeof(*side->rules));
	if (side->rules == NULL)
		return zl_fail(reterr, -ENOMEM, "lock: out of memory");
	for (const xmlNode *c = zl_xml_first(n, NULL); c != NULL;
		c = zl_xml_next(c, NULL)) {
		r = read_rule(x, c, direction, &side->rules[side->n], reterr);
		if (r < 0)
			return r;
		side->n++;
	}
	return 0;
}

static int read_response(const struct zl_xml *x, const xmlNode *n,
	struct zl_response *ret, struct zl_error *reterr)
{
	unsigned ttl = ret->ttl_s;
	int action, grade, backend;
	int r = zl_xml_check(x, n, &response_shape, reterr);

	if (r < 0)
		return r;
	r = zl_xml_object_get_word(x, n, "action", zl_response_actions,
		ZL_RESPONSE_ACTION_N, &action, reterr);
	if (r < 0)
		return r;
	r = zl_xml_object_get_word(
		x, n, "grade", zl_response_grades, ZL_RESPONSE_GRADE_N, &grade, reterr);
	if (r < 0)
		return r;
	r = zl_xml_object_get_word(x, n, "backend", zl_response_backends,
		ZL_RESPONSE_BACKEND_N, &backend, reterr);
	if (r < 0)
		return r;
	r = zl_xml_object_get_number(x, n, "ttl", ZL_TTL_MIN, ZL_TTL_MAX, &ttl, reterr);
	if (r < 0)
		return r;
	ret->action = (enum zl_response_action)action;
	if (grade >= 0)
		ret->grade = (enum zl_response_grade)grade;
	if (backend >= 0)
		ret->backend = (enum zl_response_backend)backend;
	ret->ttl_s = ttl;
	return 0;
}

static int read_mode(const struct zl_xml *x, const xmlNode *n, struct zl_lock *l,
	struct zl_error *reterr)
{
	int mode;
	int r = zl_xml_check(x, n, &text_shape, reterr);

	if (r < 0)
		return r;
	r = zl_xml_object_get_word(
		x, n, NULL, zl_lock_modes, ZL_LOCK_MODE_N, &mode, reterr);
	if (r < 0)
		return r;
	l->mode = (enum zl_lock_mode)mode;
	return 0;
}

static int read_zone(const struct zl_xml *x, const xmlNode *n, struct zl_lock *l,
	struct zl_error *reterr)
{
	int r = zl_xml_check(x, n, &text_shape, reterr);

	if (r < 0)
		return r;
	l->zone_line = zl_xml_line(n);
	r = zl_xml_object_get_name(x, n, NULL, l->zone, reterr);
	if (r < 0)
		return r;
	if (strcmp(l->zone, "any") == 0)
		return zl_xml_fail(reterr, x, n, "a lock guards one zone, not 'any'");
	return 0;
}

/* The elements of a lock beyond the common ones, in no order. */
static int read_child(const struct zl_xml *x, const xmlNode *n, struct zl_lock *l,
	struct zl_error *reterr)
{
	for (int d = 0; d < ZL_DIRECTION_N; d++)
		if (zl_xml_is(n, zl_direction_name((enum zl_direction)d)))
			return read_rules(
				x, n, (enum zl_direction)d, &l->side[d], reterr);
	if (zl_xml_is(n, "zone"))
		return read_zone(x, n, l, reterr);
	if (zl_xml_is(n, "mode"))
		return read_mode(x, n, l, reterr);
	if (zl_xml_is(n, "response"))
		return read_response(x, n, &l->response, reterr);
	return 0;
}

static int read_lock(const struct zl_xml *x, struct zl_lock *l, struct zl_error *reterr)
{
	const xmlNode *root = zl_xml_root(x);
	struct zl_xml_object common = { 0 };
	int r;

	if (!zl_xml_is(root, "lock"))
		return zl_xml_fail(reterr, x, root,
			"a lock starts with element 'lock', in no namespace");
	r = zl_xml_check(x, root, &lock_shape, reterr);
	if (r < 0)
		return r;
	r = zl_xml_object_read(x, root, &common, reterr);
	memcpy(l->name, common.name, sizeof(l->name));
	l->uuid = common.uuid;
	l->has_uuid = common.has_uuid;
	l->description = common.description;
	for (const xmlNode *n = zl_xml_first(root, NULL); n != NULL && r >= 0;
		n = zl_xml_next(n, NULL))
		r = read_child(x, n, l, reterr);
	return r;
}

int zl_lock_parse(const char *xml, const char *file, struct zl_lock **ret,
	struct zl_error *reterr)
{
	ZL_AUTO(zl_xml) struct zl_xml *x = NULL;
	ZL_AUTO(zl_lock) struct zl_lock *l = calloc(1, sizeof(*l));
	int r;

	if (l == NULL)
		return zl_fail(reterr, -ENOMEM, "lock: out of memory");
	for (int d = 0; d < ZL_DIRECTION_N; d++)
		l->side[d].allow = true;
	l->response = zl_response_default;
	r = zl_xml_parse(xml, strlen(xml), file, &x, reterr);
	if (r < 0)
		return r;
	r = read_lock(x, l, reterr);
	if (r < 0)
		return r;
	r = zl_xml_validate(x, zl_lock_rng, zl_lock_rng_size(), reterr);
	if (r < 0)
		return r;
	*ret = zl_take_ptr(l);
	return 0;
}

void zl_lock_free(struct zl_lock *l)
{
	if (l == NULL)
		return;
	for (int d = 0; d < ZL_DIRECTION_N; d++)
		free(l->side[d].rules);
	free(l->description);
	free(l);
}
