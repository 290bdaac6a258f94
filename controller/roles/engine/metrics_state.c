/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics of the daemon, of what it knows, and of what it does. */
#include <string.h>

#include "base/cleanup.h"
#include "controller/roles/engine/metrics.h"
#include "controller/roles/engine/tally.h"

/* clang-format off */
#define COUNTER	  .type = ZL_EXPOSITION_COUNTER
#define GAUGE	  .type = ZL_EXPOSITION_GAUGE
#define HISTOGRAM .type = ZL_EXPOSITION_HISTOGRAM
/* clang-format on */

/* --- the daemon --- */

static void build_info(struct zl_engine *e, struct zl_exposition *x)
{
	(void)e;
	zl_exposition_put(x, 1, "version", ZL_VERSION);
}

static double start_time(const struct zl_engine *e)
{
	return (double)e->started.us / 1e6;
}

static double database_ok(const struct zl_engine *e)
{
	return e->db_error[0] == '\0';
}

static void role_up(struct zl_engine *e, struct zl_exposition *x)
{
	for (unsigned i = 0; i < e->n_roles; i++)
		zl_exposition_put(x, e->roles[i].pid != 0, "role", e->roles[i].name);
}

static void role_restarts(struct zl_engine *e, struct zl_exposition *x)
{
	for (unsigned i = 0; i < e->n_roles; i++)
		zl_exposition_put(x, e->roles[i].restarts, "role", e->roles[i].name);
}

/* clang-format off */
const struct zl_metric zl_metrics_daemon[] = {
	{ "zonelock_build_info", GAUGE, "", "version",
	  "1; the version that runs.", .each = build_info },
	{ "zonelock_start_time_seconds", GAUGE, "seconds", "",
	  "When the engine started, seconds since 1970.", .one = start_time },
	{ "zonelock_database_ok", GAUGE, "", "",
	  "1 when the last write to the database succeeded.", .one = database_ok },
	{ "zonelock_role_up", GAUGE, "", "role",
	  "1 when the process runs.", .each = role_up },
	{ "zonelock_role_restarts_total", COUNTER, "restarts", "role",
	  "How often the process ended and was started again since zonelockd started.", .each = role_restarts },
};
const size_t zl_metrics_daemon_n = N_ITEMS(zl_metrics_daemon);
/* clang-format on */

/* --- inventory and policy --- */

static enum zl_host_state host_state(
	const struct zl_engine *e, const struct zl_engine_host *h)
{
	const struct zl_index_host *at = zl_index_host(e->index, h->def->name);

	return at == NULL ? ZL_HOST_CONNECTING : at->state;
}

static void hosts(struct zl_engine *e, struct zl_exposition *x)
{
	unsigned n[ZL_HOST_STATE_N] = { 0 };
	const struct zl_engine_host *h;

	for (size_t i = 0; (h = zl_map_next(&e->hosts, &i)) != NULL;)
		n[host_state(e, h)]++;
	for (unsigned i = 0; i < ZL_HOST_STATE_N; i++)
		zl_exposition_put(
			x, n[i], "state", zl_host_state_name((enum zl_host_state)i));
}

static void host_up(struct zl_engine *e, struct zl_exposition *x)
{
	const struct zl_engine_host *h;

	for (size_t i = 0; (h = zl_map_next(&e->hosts, &i)) != NULL;)
		zl_exposition_put(
			x, host_state(e, h) == ZL_HOST_UP, "host", h->def->name);
}

static void agents(struct zl_engine *e, struct zl_exposition *x)
{
	unsigned up = 0, down = 0, none = 0;
	const struct zl_engine_host *h;

	for (size_t i = 0; (h = zl_map_next(&e->hosts, &i)) != NULL;) {
		up += h->agent == ZL_AGENT_UP;
		none += h->agent == ZL_AGENT_NONE;
		down += h->agent == ZL_AGENT_DOWN || h->agent == ZL_AGENT_GREETING;
	}
	zl_exposition_put(x, up, "state", "up");
	zl_exposition_put(x, down, "state", "down");
	zl_exposition_put(x, none, "state", "none");
}

static void agent_up(struct zl_engine *e, struct zl_exposition *x)
{
	const struct zl_engine_host *h;

	for (size_t i = 0; (h = zl_map_next(&e->hosts, &i)) != NULL;)
		if (h->agent != ZL_AGENT_NONE)
			zl_exposition_put(
				x, h->agent == ZL_AGENT_UP, "host", h->def->name);
}

static void domains(struct zl_engine *e, struct zl_exposition *x)
{
	unsigned n[ZL_DOMAIN_STATE_N] = { 0 };
	const struct zl_index_domain *d;

	for (size_t i = 0; (d = zl_index_next(e->index, &i)) != NULL;)
		n[d->state]++;
	for (unsigned i = 0; i < ZL_DOMAIN_STATE_N; i++)
		zl_exposition_put(x, n[i], "state",
			zl_domain_state_name((enum zl_domain_state)i));
}

static double zones(const struct zl_engine *e)
{
	return (double)e->n_zones;
}

static void locks(struct zl_engine *e, struct zl_exposition *x)
{
	unsigned enforcing = 0;

	for (size_t i = 0; i < e->n_locks; i++)
		enforcing += e->locks[i]->mode == ZL_LOCK_ENFORCE;
	zl_exposition_put(x, (double)(e->n_locks - enforcing), "mode",
		zl_lock_mode_name(ZL_LOCK_MONITOR));
	zl_exposition_put(x, enforcing, "mode", zl_lock_mode_name(ZL_LOCK_ENFORCE));
}

/* clang-format off */
const struct zl_metric zl_metrics_inventory[] = {
	{ "zonelock_hosts", GAUGE, "hosts", "state",
	  "Enrolled hosts by the state of their libvirt; stale: it does not answer.", .each = hosts },
	{ "zonelock_host_up", GAUGE, "", "host",
	  "1 when the host's libvirt answers.", .each = host_up },
	{ "zonelock_agents", GAUGE, "hosts", "state",
	  "Enrolled hosts by the state of their agent; none: they have none.", .each = agents },
	{ "zonelock_agent_up", GAUGE, "", "host",
	  "1 when the host's agent is connected; hosts without an agent are left out.", .each = agent_up },
	{ "zonelock_domains", GAUGE, "domains", "state",
	  "Domains of all hosts by state.", .each = domains },
	{ "zonelock_zones", GAUGE, "zones", "",
	  "Zones defined.", .one = zones },
	{ "zonelock_locks", GAUGE, "locks", "mode",
	  "Locks defined, by mode.", .each = locks },
};
const size_t zl_metrics_inventory_n = N_ITEMS(zl_metrics_inventory);
/* clang-format on */

/* --- violations and what is done about them --- */

static void violations(struct zl_engine *e, struct zl_exposition *x)
{
	for (size_t i = 0; i < e->n_locks; i++)
		zl_exposition_put(x,
			(double)zl_tally_of(&e->violations, e->locks[i]->name), "lock",
			e->locks[i]->name);
}

/* "(exporter 192.0.2.1)" counts as "(exporter)". */
static void format_about(const char *lock, char *buf, size_t size)
{
	if (lock[0] == '(')
		(void)snprintf(buf, size, "%.*s)", (int)strcspn(lock, " )"), lock);
	else
		(void)snprintf(buf, size, "%s", lock);
}

static void incidents(struct zl_engine *e, struct zl_exposition *x)
{
	const struct zl_engine_incident *inc;
	const struct zl_tally *t;
	struct zl_map open;
	char about[ZL_TALLY_NAME];

	zl_tally_init(&open, 0);
	for (size_t i = 0; i < e->n_locks; i++)
		zl_tally_add(&open, e->locks[i]->name, 0);
	for (size_t i = 0; (inc = zl_map_next(&e->incidents, &i)) != NULL;) {
		format_about(inc->row.lock, about, sizeof(about));
		zl_tally_add(&open, about, 1);
	}
	for (size_t i = 0; (t = zl_map_next(&open, &i)) != NULL;)
		zl_exposition_put(x, (double)t->n, "lock", t->name);
	zl_tally_done(&open);
}

static void leases(struct zl_engine *e, struct zl_exposition *x)
{
	static const enum zl_action actions[] = { ZL_ACTION_QUARANTINE,
		ZL_ACTION_BLOCK_FLOW };
	static const enum zl_lease_state states[] = { ZL_LEASE_PENDING,
		ZL_LEASE_APPLIED, ZL_LEASE_DEGRADED, ZL_LEASE_RELEASING };
	unsigned n[ZL_ACTION_N][ZL_LEASE_STATE_N] = { 0 };
	const struct zl_engine_lease *l;

	for (size_t i = 0; (l = zl_map_next(&e->leases, &i)) != NULL;)
		n[l->row.lease.action][l->row.state]++;
	for (size_t a = 0; a < N_ITEMS(actions); a++)
		for (size_t s = 0; s < N_ITEMS(states); s++)
			zl_exposition_put(x, n[actions[a]][states[s]], "action",
				zl_action_name(actions[a]), "state",
				zl_lease_state_name(states[s]));
}

/* What a guest can do until it is cut off: milliseconds with an agent, seconds without. */
static const uint64_t enforced_us[ZL_ENFORCED_BOUNDS] = { 500, 1000, 2500, 5000, 10000,
	25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000 };

void zl_engine_enforced(struct zl_engine *e, uint64_t us)
{
	size_t i = 0;

	while (i < ZL_ENFORCED_BOUNDS && us > enforced_us[i])
		i++;
	e->enforced.n[i]++;
	e->enforced.sum_us += us;
}

static void time_to_enforce(struct zl_engine *e, struct zl_exposition *x)
{
	double bounds[ZL_ENFORCED_BOUNDS];

	for (size_t i = 0; i < N_ITEMS(bounds); i++)
		bounds[i] = (double)enforced_us[i] / 1e6;
	zl_exposition_histogram(x, bounds, e->enforced.n, N_ITEMS(bounds),
		(double)e->enforced.sum_us / 1e6);
}

static double audit_records(const struct zl_engine *e)
{
	uint64_t n;

	return zl_audit_count(e->db, &n, NULL) < 0 ? (double)NAN : (double)n;
}

static double audit_ok(const struct zl_engine *e)
{
	return e->audit_verified.us == 0 ? (double)NAN : e->audit_is_ok;
}

static double audit_when(const struct zl_engine *e)
{
	return e->audit_verified.us == 0 ? (double)NAN
					 : (double)e->audit_verified.us / 1e6;
}

/* clang-format off */
const struct zl_metric zl_metrics_response[] = {
	{ "zonelock_violations_total", COUNTER, "records", "lock",
	  "Flow records that violated the lock, since the engine started.", .each = violations },
	{ "zonelock_incidents_open", GAUGE, "incidents", "lock",
	  "Open incidents by lock; in parentheses what no lock asked for: (spoofing), (exporter).", .each = incidents },
	{ "zonelock_leases", GAUGE, "leases", "action, state",
	  "Mitigations that have not ended, by state.", .each = leases },
	{ "zonelock_time_to_enforce_seconds", HISTOGRAM, "seconds", "",
	  "From the arrival of the record that caused a mitigation to its commit on the host.", .each = time_to_enforce },
	{ "zonelock_audit_records_total", COUNTER, "records", "",
	  "Records in the audit log.", .one = audit_records },
	{ "zonelock_audit_chain_ok", GAUGE, "", "",
	  "1 when the chain was whole at the last audit-verify; absent before the first.", .one = audit_ok },
	{ "zonelock_audit_verified_timestamp_seconds", GAUGE, "seconds", "",
	  "When audit-verify last ran, seconds since 1970; absent before the first.", .one = audit_when },
};
const size_t zl_metrics_response_n = N_ITEMS(zl_metrics_response);
/* clang-format on */
