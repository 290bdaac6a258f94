/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The methods of org.zonelock.Controller: ids, and the table of rows. */
#ifndef ZL_CONTROL_METHODS_H
#define ZL_CONTROL_METHODS_H
#include "controller/control/method.h"

#define ZL_METHODS_INTERFACE "org.zonelock.Controller"

/* In the order of their names. */
enum zl_method_id {
	ZL_METHOD_DAEMON_STATUS,
	ZL_METHOD_DEFINE_HOST,
	ZL_METHOD_DEFINE_LOCK,
	ZL_METHOD_DEFINE_ZONE,
	ZL_METHOD_DIAGNOSE_HOST,
	ZL_METHOD_DUMP_HOST,
	ZL_METHOD_DUMP_LOCK,
	ZL_METHOD_DUMP_ZONE,
	ZL_METHOD_GET_METRICS,
	ZL_METHOD_LIST_AUDIT,
	ZL_METHOD_LIST_DOMAINS,
	ZL_METHOD_LIST_EXPORTERS,
	ZL_METHOD_LIST_FLOWS,
	ZL_METHOD_LIST_HOSTS,
	ZL_METHOD_LIST_INCIDENTS,
	ZL_METHOD_LIST_LOCKS,
	ZL_METHOD_LIST_MITIGATIONS,
	ZL_METHOD_LIST_ZONES,
	ZL_METHOD_QUARANTINE,
	ZL_METHOD_RELEASE,
	ZL_METHOD_SET_FORWARDING,
	ZL_METHOD_SET_LOCK_MODE,
	ZL_METHOD_SHOW_ADDRESS,
	ZL_METHOD_SHOW_AUDIT,
	ZL_METHOD_SHOW_DOMAIN,
	ZL_METHOD_SHOW_EXPORTER,
	ZL_METHOD_SHOW_INCIDENT,
	ZL_METHOD_SHOW_MITIGATION,
	ZL_METHOD_UNDEFINE_HOST,
	ZL_METHOD_UNDEFINE_LOCK,
	ZL_METHOD_UNDEFINE_ZONE,
	ZL_METHOD_VERIFY_AUDIT,
	ZL_METHOD_N
};

extern const struct zl_method zl_methods[ZL_METHOD_N];

/* By name without the interface; NULL when there is none. */
const struct zl_method *zl_methods_find(const char *name);

static inline enum zl_method_id zl_methods_id(const struct zl_method *m)
{
	return (enum zl_method_id)(m - zl_methods);
}

/* The text of docs/org.zonelock.Controller.varlink, as it was built in. */
const char *zl_methods_description(void);

#endif
