/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the whole controller tells Prometheus: read back strictly, compared with the rows of
 * the metrics, with what other methods say, and with itself a moment later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/roles/engine/metrics.h"
#include "tests/support/promtext.h"
#include "tests/support/rig.h"

#define EXPORTER "exporter=\"127.0.0.1\",host=\"hv1\""

static struct zl_promtext before, now;

static void read_metrics(struct zl_promtext *ret)
{
	json_t *doc = NULL;

	zl_rig_must("GetMetrics", NULL, &doc);
	if (!zl_promtext_read(zl_rig_text(doc, "text"), ret))
		fail_msg("%s", ret->error);
	json_decref(doc);
}

/* -1: there is no such series. */
static double value_of(const char *name, const char *labels)
{
	const struct zl_promtext_series *s = zl_promtext_find(&now, name, labels);

	return s == NULL ? -1 : s->value;
}

static void await(const char *name, const char *labels, double want)
{
	for (int i = 0; i < ZL_RIG_TRIES; i++) {
		read_metrics(&now);
		if (value_of(name, labels) == want)
			return;
		(void)usleep(ZL_RIG_TRY_US);
	}
	fail_msg("%s{%s} is %g, not %g", name, labels, value_of(name, labels), want);
}

static void assert_value(double want, const char *name, const char *labels)
{
	if (value_of(name, labels) != want)
		fail_msg("%s{%s} is %g, not %g", name, labels, value_of(name, labels),
			want);
}

/* All families there are, in the order of the rows, with the labels that they say. */
static void assert_like_the_rows(const struct zl_promtext *p)
{
	size_t n = 0;

	for (size_t g = 0; g < zl_metric_groups_n; g++)
		for (size_t i = 0; i < *zl_metric_groups[g].n; i++, n++) {
			const struct zl_metric *m = &zl_metric_groups[g].metrics[i];
			const struct zl_promtext_family *f = &p->families[n];

			assert_true(n < p->n_families);
			assert_string_equal(m->name, f->name);
			assert_string_equal(zl_exposition_type_name(m->type), f->type);
			assert_string_equal(m->help, f->help);
		}
	assert_int_equal(n, p->n_families);
}

static const struct zl_metric *row_of(size_t family)
{
	for (size_t g = 0; g < zl_metric_groups_n; g++) {
		if (family < *zl_metric_groups[g].n)
			return &zl_metric_groups[g].metrics[family];
		family -= *zl_metric_groups[g].n;
	}
	return NULL;
}

static void assert_labels(const struct zl_promtext *p)
{
	for (size_t i = 0; i < p->n_series; i++) {
		const struct zl_promtext_series *s = &p->series[i];
		char text[256] = "";
		size_t n = 0;

		for (size_t k = 0; k < s->n_labels; k++)
			if (strcmp(s->labels[k].name, "le") != 0)
				n += (size_t)snprintf(text + n, sizeof(text) - n,
					"%s%s", n == 0 ? "" : ", ", s->labels[k].name);
		assert_string_equal(row_of(s->family)->labels, text);
	}
}

/* Nothing that counts has gone back, and no series of it is gone. */
static void assert_monotonic(void)
{
	for (size_t i = 0; i < before.n_series; i++) {
		const struct zl_promtext_series *s = &before.series[i], *t = NULL;

		if (strcmp(before.families[s->family].type, "gauge") == 0)
			continue;
		for (size_t k = 0; k < now.n_series && t == NULL; k++)
			if (strcmp(s->name, now.series[k].name) == 0 &&
				memcmp(s->labels, now.series[k].labels,
					sizeof(s->labels)) == 0)
				t = &now.series[k];
		if (t == NULL)
			fail_msg("%s is gone", s->name);
		if (t->value < s->value)
			fail_msg("%s: %g after %g", s->name, t->value, s->value);
	}
}

static void test_quiet(void **state)
{
	(void)state;
	/* What the collector tells comes once a second. */
	await("zonelock_collector_receive_buffer_asked_bytes", "", 8388608);
	assert_like_the_rows(&now);
	assert_labels(&now);
	assert_value(1, "zonelock_build_info", "version=\"" ZL_VERSION "\"");
	assert_value(1, "zonelock_database_ok", "");
	assert_value(1, "zonelock_role_up", "role=\"collector\"");
	assert_value(0, "zonelock_role_restarts_total", "role=\"engine\"");
	assert_value(1, "zonelock_hosts", "state=\"up\"");
	assert_value(0, "zonelock_hosts", "state=\"stale\"");
	assert_value(1, "zonelock_host_up", "host=\"hv1\"");
	assert_value(1, "zonelock_agents", "state=\"up\"");
	assert_value(1, "zonelock_agent_up", "host=\"hv1\"");
	assert_value(3, "zonelock_domains", "state=\"running\"");
	assert_value(2, "zonelock_zones", "");
	assert_value(1, "zonelock_locks", "mode=\"enforce\"");
	assert_value(0, "zonelock_violations_total", "lock=\"db-lock\"");
	assert_value(0, "zonelock_incidents_open", "lock=\"db-lock\"");
	assert_value(0, "zonelock_leases", "action=\"quarantine\",state=\"applied\"");
	assert_value(0, "zonelock_time_to_enforce_seconds_count", "");
	assert_value(0, "zonelock_collector_dropped_total",
		"reason=\"exporter_unknown\",unit=\"datagram\"");
	assert_value(-1, "zonelock_audit_chain_ok", "");
	assert_true(value_of("zonelock_start_time_seconds", "") > 1.7e9);
	assert_true(value_of("zonelock_collector_receive_buffer_bytes", "") > 0);
	assert_true(value_of("zonelock_ring_slots", "") > 0);
}

/* One violation, its lease; one datagram of rubbish; a record of an unknown interface. */
static void test_busy(void **state)
{
	json_t *doc = NULL;

	(void)state;
	read_metrics(&before);
	zl_rig_flow(11, ZL_RIG_WEB1, ZL_RIG_DB1, 41000, 22, ZL_RIG_SYN, 0);
	zl_rig_flow(99, ZL_RIG_WEB1, 0x0a0000c8, 41001, 22, ZL_RIG_SYN, 0);
	assert_true(zl_rig_await("ListMitigations", "mitigations", "domain", "web1",
		"state", "applied"));
	await("zonelock_exporter_records_total", EXPORTER, 2);
	await("zonelock_flows_total", "", 2);
	assert_monotonic();
	assert_labels(&now);
	assert_value(1, "zonelock_violations_total", "lock=\"db-lock\"");
	assert_value(1, "zonelock_incidents_open", "lock=\"db-lock\"");
	assert_value(1, "zonelock_leases", "action=\"quarantine\",state=\"applied\"");
	assert_value(1, "zonelock_time_to_enforce_seconds_count", "");
	assert_true(value_of("zonelock_time_to_enforce_seconds_sum", "") > 0);
	assert_value(1, "zonelock_time_to_enforce_seconds_bucket", "le=\"10\"");
	assert_value(1, "zonelock_exporter_info",
		EXPORTER ",protocol=\"NetFlow 5\",interfaces=\"ifindex\"");
	assert_value(2, "zonelock_exporter_datagrams_total", EXPORTER);
	assert_value(1, "zonelock_exporter_tap_records_total", EXPORTER);
	assert_value(1, "zonelock_exporter_unknown_interface_records_total", EXPORTER);
	assert_value(0, "zonelock_exporter_loss_ratio", EXPORTER);
	assert_value(0, "zonelock_exporter_silent", EXPORTER);
	assert_true(value_of("zonelock_exporter_last_seen_timestamp_seconds",
			    EXPORTER) > 1.7e9);

	zl_rig_must("VerifyAudit", NULL, &doc);
	read_metrics(&now);
	assert_value(1, "zonelock_audit_chain_ok", "");
	assert_value((double)json_integer_value(json_object_get(doc, "records")),
		"zonelock_audit_records_total", "");
	json_decref(doc);
}

/* A sender that is nobody's has no series of its own, however many there are. */
static void test_refused(void **state)
{
	(void)state;
	zl_rig_define_host("hv1", "node.xml", "agent.sock",
		"<exporter address='192.0.2.1' interfaces='ifindex'/>");
	zl_rig_flow(11, ZL_RIG_WEB1, ZL_RIG_DB1, 41002, 22, ZL_RIG_SYN, 0);
	await("zonelock_collector_dropped_total",
		"reason=\"exporter_unknown\",unit=\"datagram\"", 1);
	assert_labels(&now);
	assert_value(-1, "zonelock_exporter_datagrams_total", EXPORTER);
	for (size_t i = 0; i < now.n_series; i++)
		for (size_t k = 0; k < now.series[i].n_labels; k++)
			assert_string_not_equal(
				"127.0.0.1", now.series[i].labels[k].value);
}

/* The collector counts anew, the sum over all exporters does not. */
static void test_restarted(void **state)
{
	(void)state;
	read_metrics(&before);
	zl_rig_kill_role("collector");
	await("zonelock_role_restarts_total", "role=\"collector\"", 1);
	await("zonelock_role_up", "role=\"collector\"", 1);
	zl_rig_flow(11, ZL_RIG_WEB1, ZL_RIG_DB1, 41003, 22, ZL_RIG_SYN, 0);
	await("zonelock_collector_dropped_total",
		"reason=\"exporter_unknown\",unit=\"datagram\"", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_restarted),
	};

	return cmocka_run_group_tests_name(
		"metrics", tests, zl_rig_setup_with_policy, zl_rig_teardown);
}
