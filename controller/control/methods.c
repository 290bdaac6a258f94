/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of control methods, and the interface description built into us. */
#include "controller/control/methods.h"

#include <string.h>

/* clang-format off */
static const struct zl_param define_params[] = {
	{ .name = "xml",  .type = ZL_PARAM_STRING, .required = true,
	  .summary = "the object in XML" },
	{ .name = "file", .type = ZL_PARAM_STRING,
	  .summary = "where the text came from, for messages" },
};

static const struct zl_param name_params[] = {
	{ .name = "name", .type = ZL_PARAM_STRING, .required = true,
	  .summary = "name or uuid of the object" },
};

static const struct zl_param mode_params[] = {
	{ .name = "name", .type = ZL_PARAM_STRING, .required = true,
	  .summary = "name or uuid of the lock" },
	{ .name = "mode", .type = ZL_PARAM_STRING, .required = true,
	  .choices = "monitor|enforce",
	  .summary = "whether violations are only recorded, or answered" },
};

static const struct zl_param domain_params[] = {
	{ .name = "domain", .type = ZL_PARAM_STRING, .required = true,
	  .summary = "name, host/name or uuid of the domain" },
};

static const struct zl_param forwarding_params[] = {
	{ .name = "domain", .type = ZL_PARAM_STRING, .required = true,
	  .summary = "name, host/name or uuid of the domain" },
	{ .name = "forwarding", .type = ZL_PARAM_STRING, .required = true,
	  .choices = "on|off",
	  .summary = "whether it carries the traffic of others" },
};

static const struct zl_param flow_params[] = {
	{ .name = "domain", .type = ZL_PARAM_STRING,
	  .summary = "only flows from or to this domain" },
	{ .name = "limit",  .type = ZL_PARAM_INT,
	  .summary = "at most this many, the newest" },
};

static const struct zl_param address_params[] = {
	{ .name = "address", .type = ZL_PARAM_STRING, .required = true,
	  .summary = "an IPv4 or IPv6 address" },
	{ .name = "at_ms", .type = ZL_PARAM_INT,
	  .summary = "only who had it in that second, milliseconds since 1970" },
};

static const struct zl_param exporter_params[] = {
	{ .name = "address", .type = ZL_PARAM_STRING, .required = true,
	  .summary = "the exporter's address" },
};

static const struct zl_param incident_params[] = {
	{ .name = "id", .type = ZL_PARAM_INT, .required = true,
	  .summary = "number of the incident" },
};

static const struct zl_param quarantine_params[] = {
	{ .name = "domain",  .type = ZL_PARAM_STRING, .required = true,
	  .summary = "name, host/name or uuid of the domain" },
	{ .name = "grade",   .type = ZL_PARAM_STRING, .choices = "strict|forensic",
	  .summary = "cut off everything, or leave the forensic addresses" },
	{ .name = "ttl",     .type = ZL_PARAM_INT,
	  .summary = "seconds until it ends by itself" },
	{ .name = "reason",  .type = ZL_PARAM_STRING,
	  .summary = "why, for the audit log" },
	{ .name = "backend", .type = ZL_PARAM_STRING, .choices = "nftables|nwfilter",
	  .summary = "what enforces it" },
};

static const struct zl_param release_params[] = {
	{ .name = "domain", .type = ZL_PARAM_STRING, .required = true,
	  .summary = "name, host/name or uuid of the domain" },
	{ .name = "reason", .type = ZL_PARAM_STRING,
	  .summary = "why, for the audit log" },
};

static const struct zl_param mitigations_params[] = {
	{ .name = "all", .type = ZL_PARAM_BOOL,
	  .summary = "also those that have ended" },
};

static const struct zl_param mitigation_params[] = {
	{ .name = "id", .type = ZL_PARAM_STRING, .required = true,
	  .summary = "uuid of the mitigation's lease" },
};

static const struct zl_param audits_params[] = {
	{ .name = "limit", .type = ZL_PARAM_INT,
	  .summary = "at most this many, the newest" },
};

static const struct zl_param audit_params[] = {
	{ .name = "seq", .type = ZL_PARAM_INT, .required = true,
	  .summary = "number of the record" },
};

const struct zl_method zl_methods[ZL_METHOD_N] = {
	[ZL_METHOD_DAEMON_STATUS] = { .name = "DaemonStatus",
		.access = ZL_ACCESS_READ,
		.summary = "state of the daemon and its processes" },
	[ZL_METHOD_DEFINE_HOST] = { .name = "DefineHost",
		.access = ZL_ACCESS_ADMIN, ZL_PARAMS(define_params),
		.summary = "define or replace a host" },
	[ZL_METHOD_DEFINE_LOCK] = { .name = "DefineLock",
		.access = ZL_ACCESS_ADMIN, ZL_PARAMS(define_params),
		.summary = "define or replace a lock" },
	[ZL_METHOD_DEFINE_ZONE] = { .name = "DefineZone",
		.access = ZL_ACCESS_ADMIN, ZL_PARAMS(define_params),
		.summary = "define or replace a zone" },
	[ZL_METHOD_DIAGNOSE_HOST] = { .name = "DiagnoseHost",
		.access = ZL_ACCESS_READ, ZL_PARAMS(name_params),
		.summary = "what a host lacks until its records show taps" },
	[ZL_METHOD_DUMP_HOST] = { .name = "DumpHost",
		.access = ZL_ACCESS_READ, ZL_PARAMS(name_params),
		.summary = "a host in XML" },
	[ZL_METHOD_DUMP_LOCK] = { .name = "DumpLock",
		.access = ZL_ACCESS_READ, ZL_PARAMS(name_params),
		.summary = "a lock in XML" },
	[ZL_METHOD_DUMP_ZONE] = { .name = "DumpZone",
		.access = ZL_ACCESS_READ, ZL_PARAMS(name_params),
		.summary = "a zone in XML" },
	[ZL_METHOD_GET_METRICS] = { .name = "GetMetrics",
		.access = ZL_ACCESS_READ,
		.summary = "metrics as text, for Prometheus" },
	[ZL_METHOD_LIST_AUDIT] = { .name = "ListAudit",
		.access = ZL_ACCESS_READ, ZL_PARAMS(audits_params),
		.summary = "audit records, oldest first" },
	[ZL_METHOD_LIST_DOMAINS] = { .name = "ListDomains",
		.access = ZL_ACCESS_READ,
		.summary = "domains of all hosts" },
	[ZL_METHOD_LIST_EXPORTERS] = { .name = "ListExporters",
		.access = ZL_ACCESS_READ,
		.summary = "flow exporters with their counters" },
	[ZL_METHOD_LIST_FLOWS] = { .name = "ListFlows",
		.access = ZL_ACCESS_READ, ZL_PARAMS(flow_params),
		.summary = "recent flow records, newest last" },
	[ZL_METHOD_LIST_HOSTS] = { .name = "ListHosts",
		.access = ZL_ACCESS_READ,
		.summary = "enrolled hosts" },
	[ZL_METHOD_LIST_INCIDENTS] = { .name = "ListIncidents",
		.access = ZL_ACCESS_READ,
		.summary = "incidents, newest last" },
	[ZL_METHOD_LIST_LOCKS] = { .name = "ListLocks",
		.access = ZL_ACCESS_READ,
		.summary = "locks" },
	[ZL_METHOD_LIST_MITIGATIONS] = { .name = "ListMitigations",
		.access = ZL_ACCESS_READ, ZL_PARAMS(mitigations_params),
		.summary = "mitigations in force" },
	[ZL_METHOD_LIST_ZONES] = { .name = "ListZones",
		.access = ZL_ACCESS_READ,
		.summary = "zones" },
	[ZL_METHOD_QUARANTINE] = { .name = "Quarantine",
		.access = ZL_ACCESS_ADMIN, ZL_PARAMS(quarantine_params),
		.summary = "contain a domain on its host" },
	[ZL_METHOD_RELEASE] = { .name = "Release",
		.access = ZL_ACCESS_ADMIN, ZL_PARAMS(release_params),
		.summary = "end all mitigations of a domain" },
	[ZL_METHOD_SET_FORWARDING] = { .name = "SetForwarding",
		.access = ZL_ACCESS_ADMIN, ZL_PARAMS(forwarding_params),
		.summary = "declare a domain as forwarding, or take that back" },
	[ZL_METHOD_SET_LOCK_MODE] = { .name = "SetLockMode",
		.access = ZL_ACCESS_ADMIN, ZL_PARAMS(mode_params),
		.summary = "switch a lock between monitor and enforce" },
	[ZL_METHOD_SHOW_ADDRESS] = { .name = "ShowAddress",
		.access = ZL_ACCESS_READ, ZL_PARAMS(address_params),
		.summary = "who has an address, and who had it" },
	[ZL_METHOD_SHOW_AUDIT] = { .name = "ShowAudit",
		.access = ZL_ACCESS_READ, ZL_PARAMS(audit_params),
		.summary = "one audit record with its evidence" },
	[ZL_METHOD_SHOW_DOMAIN] = { .name = "ShowDomain",
		.access = ZL_ACCESS_READ, ZL_PARAMS(domain_params),
		.summary = "one domain with its interfaces" },
	[ZL_METHOD_SHOW_EXPORTER] = { .name = "ShowExporter",
		.access = ZL_ACCESS_READ, ZL_PARAMS(exporter_params),
		.summary = "a flow exporter, with what of it was not used, and why" },
	[ZL_METHOD_SHOW_INCIDENT] = { .name = "ShowIncident",
		.access = ZL_ACCESS_READ, ZL_PARAMS(incident_params),
		.summary = "one incident with its evidence" },
	[ZL_METHOD_SHOW_MITIGATION] = { .name = "ShowMitigation",
		.access = ZL_ACCESS_READ, ZL_PARAMS(mitigation_params),
		.summary = "one mitigation with its objects on the host" },
	[ZL_METHOD_UNDEFINE_HOST] = { .name = "UndefineHost",
		.access = ZL_ACCESS_ADMIN, ZL_PARAMS(name_params),
		.summary = "forget a host" },
	[ZL_METHOD_UNDEFINE_LOCK] = { .name = "UndefineLock",
		.access = ZL_ACCESS_ADMIN, ZL_PARAMS(name_params),
		.summary = "remove a lock" },
	[ZL_METHOD_UNDEFINE_ZONE] = { .name = "UndefineZone",
		.access = ZL_ACCESS_ADMIN, ZL_PARAMS(name_params),
		.summary = "remove a zone" },
	[ZL_METHOD_VERIFY_AUDIT] = { .name = "VerifyAudit",
		.access = ZL_ACCESS_READ,
		.summary = "recompute the audit log's hash chain" },
};
/* clang-format on */

/*
 * The description is part of the program: introspection must not depend on a file
 * that may be of another version.  The assembler looks from the top folder.
 */
__asm__(".section .rodata\n"
	".global zl_methods_text\n"
	".hidden zl_methods_text\n"
	"zl_methods_text:\n"
	".incbin \"docs/org.zonelock.Controller.varlink\"\n"
	".byte 0\n"
	".previous\n");
extern const char zl_methods_text[];

const struct zl_method *zl_methods_find(const char *name)
{
	for (size_t i = 0; i < ZL_METHOD_N; i++) {
		if (strcmp(zl_methods[i].name, name) == 0)
			return &zl_methods[i];
	}
	return NULL;
}

const char *zl_methods_description(void)
{
	return zl_methods_text;
}
