/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions behind the methods of controller/control/methods.c, one for each row.
 */
#ifndef ZL_ENGINE_METHODS_H
#define ZL_ENGINE_METHODS_H
#include "controller/roles/engine/engine.h"

#define ZL_METHOD(name)                                                                \
	int zl_method_##name(void *user, struct zl_call *call, json_t **ret,           \
		struct zl_error *reterr)

ZL_METHOD(daemon_status);
ZL_METHOD(define_host);
ZL_METHOD(define_lock);
ZL_METHOD(define_zone);
ZL_METHOD(diagnose_host);
ZL_METHOD(dump_host);
ZL_METHOD(dump_lock);
ZL_METHOD(dump_zone);
ZL_METHOD(get_metrics);
ZL_METHOD(list_audit);
ZL_METHOD(list_domains);
ZL_METHOD(list_exporters);
ZL_METHOD(show_address);
ZL_METHOD(show_exporter);
ZL_METHOD(list_flows);
ZL_METHOD(list_hosts);
ZL_METHOD(list_incidents);
ZL_METHOD(list_locks);
ZL_METHOD(list_mitigations);
ZL_METHOD(list_zones);
ZL_METHOD(quarantine);
ZL_METHOD(release);
ZL_METHOD(set_forwarding);
ZL_METHOD(set_lock_mode);
ZL_METHOD(show_audit);
ZL_METHOD(show_domain);
ZL_METHOD(show_incident);
ZL_METHOD(show_mitigation);
ZL_METHOD(undefine_host);
ZL_METHOD(undefine_lock);
ZL_METHOD(undefine_zone);
ZL_METHOD(verify_audit);

#endif
