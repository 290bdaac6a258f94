/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zonelock-agent list: from the file and the kernel. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "inventory/domain.h"
#include "mitigate/agent/agent.h"
#include "mitigate/agent/breakglass.h"
#include "mitigate/agent/leasefile.h"

/* What was found, and what the kernel lacks of it. */
struct view {
	struct zl_limits limits;
	struct zl_book *book;
	struct zl_links links;
	struct zl_links_socket links_socket;
	struct zl_firewall firewall;
	struct zl_plan plan;
	struct zl_error difference; /* code 0: the kernel is as planned */
	struct zl_error damage;	    /* of the lease file; code 0: it is whole */
};

static void close_view(struct view *v)
{
	zl_plan_done(&v->plan);
	zl_firewall_close(&v->firewall);
	zl_links_socket_close(&v->links_socket);
	zl_links_done(&v->links);
	zl_book_free(v->book);
}

static struct zl_plan_in plan_in(const struct view *v)
{
	return (struct zl_plan_in){ .book = v->book,
		.links = &v->links,
		.limits = &v->limits,
		.now = zl_mono_now() };
}

static int open_view(struct view *v, const struct zl_agent_config *config,
	const char *config_path, struct zl_error *reterr)
{
	struct zl_plan_in in;
	int r;

	zl_links_init(&v->links);
	v->book = zl_book_new();
	if (v->book == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	r = zl_limits_parse(config->never_touch, config->forensic_address, config_path,
		&v->limits, reterr);
	if (r >= 0) {
		r = zl_leasefile_read(config->state_directory, v->book, &v->damage);
		if (r == -ENOENT || r == -EBADMSG)
			r = 0; /* what was read before the damage is in the book */
		else if (r < 0)
			*reterr = v->damage;
		if (r == 0 && v->damage.code != -EBADMSG)
			v->damage = (struct zl_error){ 0 };
	}
	if (r >= 0)
		r = zl_links_socket_open(&v->links_socket, reterr);
	if (r >= 0)
		r = zl_links_socket_dump(
			&v->links_socket, &v->links, false, NULL, NULL, reterr);
	if (r >= 0)
		r = zl_firewall_open(&v->firewall, reterr);
	if (r >= 0)
		r = zl_firewall_read(&v->firewall, reterr);
	if (r < 0)
		return r;
	in = plan_in(v);
	r = zl_plan_make(&in, &v->plan, reterr);
	if (r < 0)
		return r;
	if (zl_readback_compare_static(v->firewall.read, &v->difference) >= 0 &&
		zl_readback_compare_elems(
			v->firewall.read, &v->plan.elems, &v->difference) >= 0)
		v->difference = (struct zl_error){ 0 };
	return 0;
}

/* A lease as it is in the kernel now. */
static int look(
	struct view *v, const struct zl_book_lease *l, struct zl_lease_report *ret)
{
	ZL_AUTO(zl_nft_elems) struct zl_nft_elems elems = { 0 };
	struct zl_plan_in in = plan_in(v);
	char text[ZL_NFT_ELEM_STR];
	int r = zl_plan_lease(&in, l, &elems, ret);

	if (r < 0)
		return r;
	if (zl_readback_compare_static(v->firewall.read, &ret->error) < 0)
		ret->state = ZL_LEASE_FAILED;
	for (size_t i = 0; i < elems.n; i++) {
		if (zl_nft_elems_find(&v->firewall.read->elems, &elems.at[i]) != NULL)
			continue;
		ret->state = ZL_LEASE_FAILED;
		(void)zl_fail(&ret->error, -ESTALE, "not in the kernel: %s",
			zl_nft_elem_format(&elems.at[i], text));
	}
	return 0;
}

/* What operators and tenants wrote: fit for a terminal, and UTF-8 for JSON. */
struct texts {
	char name[ZL_DOMAIN_NAME], cause[ZL_LEASE_TEXT];
	char problem[sizeof(((struct zl_error *)0)->msg)];
};

static void copy_texts(struct texts *to, const struct zl_book_lease *l,
	const struct zl_lease_report *r)
{
	(void)zl_domain_copy_text(to->name, sizeof(to->name), l->lease.domain_name);
	(void)zl_domain_copy_text(to->cause, sizeof(to->cause), l->lease.cause);
	(void)zl_domain_copy_text(to->problem, sizeof(to->problem), r->error.msg);
}

static void print_text(const struct zl_book_lease *l, const struct zl_lease_report *r)
{
	char id[ZL_UUID_STR], domain[ZL_UUID_STR], ends[ZL_WALL_STR];
	struct texts texts;

	copy_texts(&texts, l, r);
	(void)printf("%s  %-10s %-8s %-8s until %s  %s (domain %s)\n",
		zl_uuid_format(&l->lease.id, id), zl_action_name(l->lease.action),
		l->lease.action == ZL_ACTION_QUARANTINE ? zl_grade_name(l->lease.grade)
							: "-",
		zl_lease_state_name(r->state), zl_wall_format(l->lease.expires, ends),
		texts.name, zl_uuid_format(&l->lease.domain, domain));
	(void)printf("    cause: %s\n", texts.cause);
	if (texts.problem[0] != '\0')
		(void)printf("    problem: %s\n", texts.problem);
	for (const char *at = r->objects; *at != '\0';) {
		size_t n = strcspn(at, "\n");

		(void)printf("    %.*s\n", (int)n, at);
		at += n + (at[n] == '\n');
	}
}

static json_t *lines_of(const char *text)
{
	json_t *lines = json_array();

	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		(void)json_array_append_new(lines, json_stringn(text, n));
		text += n + (text[n] == '\n');
	}
	return lines;
}

static json_t *json_of(const struct zl_book_lease *l, const struct zl_lease_report *r)
{
	char id[ZL_UUID_STR], domain[ZL_UUID_STR];
	struct texts texts;

	copy_texts(&texts, l, r);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:o}",
		"id", zl_uuid_format(&l->lease.id, id), "action",
		zl_action_name(l->lease.action), "grade", zl_grade_name(l->lease.grade),
		"domain", texts.name, "domain_uuid",
		zl_uuid_format(&l->lease.domain, domain), "state",
		zl_lease_state_name(r->state), "created_ms",
		(json_int_t)zl_wall_ms(l->lease.created), "committed_ms",
		(json_int_t)zl_wall_ms(l->committed), "expires_ms",
		(json_int_t)zl_wall_ms(l->lease.expires), "cause", texts.cause,
		"problem", texts.problem, "objects", lines_of(r->objects));
}

static int print_json(struct view *v)
{
	json_t *leases = json_array(), *all;
	struct zl_lease_report report;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < v->book->n_leases; i++) {
		r = look(v, v->book->leases[i], &report);
		if (json_array_append_new(
			    leases, json_of(v->book->leases[i], &report)) < 0)
			r = -ENOMEM; /* a list that lacks a lease is worse than none */
	}
	all = json_pack("{s:i, s:o, s:s, s:{s:b, s:s, s:I}}", "schema", 1, "leases",
		leases, "damaged", v->damage.msg, "kernel", "as_planned",
		v->difference.code == 0, "difference", v->difference.msg, "elements",
		(json_int_t)v->firewall.read->elems.n);
	if (all == NULL || json_dumpf(all, stdout, JSON_INDENT(2)) < 0)
		r = -ENOMEM;
	json_decref(all);
	(void)printf("\n");
	return r;
}

static int print_all(struct view *v)
{
	struct zl_lease_report report;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < v->book->n_leases; i++) {
		r = look(v, v->book->leases[i], &report);
		print_text(v->book->leases[i], &report);
	}
	if (v->book->n_leases == 0)
		(void)printf("no leases\n");
	if (v->difference.code != 0)
		(void)printf("kernel: %s\n", v->difference.msg);
	return r;
}

int zl_breakglass_list(const struct zl_agent_config *config, const char *config_path,
	bool json, struct zl_error *reterr)
{
	struct view v = { 0 };
	int r = open_view(&v, config, config_path, reterr);

	if (r >= 0) {
		r = json ? print_json(&v) : print_all(&v);
		if (r < 0)
			r = zl_fail(reterr, r, "cannot list leases: %s", strerror(-r));
		else if (v.damage.code != 0)
			r = zl_fail_id(reterr, v.damage.code, ZL_BREAKGLASS_DEGRADED,
				"what is contained stays; a running agent writes the "
				"file "
				"anew, 'zonelock-agent release --all' lets all go",
				"%s: only what could be read of it is listed",
				v.damage.msg);
	}
	close_view(&v);
	return r;
}
