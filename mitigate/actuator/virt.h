/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls to libvirt that the actuator needs, over a read-write connection, each
 * between zl_worker_begin() and zl_worker_end(), each with one sentence when it fails.
 *
 * -EHOSTUNREACH	the connection cannot be made or was lost
 * -EAGAIN		another job (a migration) has the domain
 * -EACCES		we may not
 * -EOPNOTSUPP		this driver or this interface cannot do it
 * -ENOENT		no such domain or filter
 * -EIO			anything else, in libvirt's words
 */
#ifndef ZL_ACTUATOR_VIRT_H
#define ZL_ACTUATOR_VIRT_H
#include <libvirt/libvirt.h>

#include "base/worker.h"
#include "mitigate/actuator/filterref.h"

struct zl_virt {
	struct zl_worker_self *self;
	const char *uri; /* borrowed */
	virConnectPtr conn;
};

/* Connect, or check that the connection is alive and make a new one when it is not. */
int zl_virt_open(struct zl_virt *v, struct zl_error *reterr) ZL_CHECKED;
void zl_virt_close(struct zl_virt *v);

/* The domain, to be released by virDomainFree(). */
int zl_virt_find_domain(struct zl_virt *v, const struct zl_uuid *uuid,
	virDomainPtr *ret, struct zl_error *reterr) ZL_CHECKED;

/* One of its definitions, to be freed; *ret is NULL when the domain does not have it. */
int zl_virt_domain_xml(struct zl_virt *v, virDomainPtr dom,
	enum zl_filterref_scope scope, char **ret, struct zl_error *reterr) ZL_CHECKED;

int zl_virt_update_device(struct zl_virt *v, virDomainPtr dom,
	enum zl_filterref_scope scope, const char *xml,
	struct zl_error *reterr) ZL_CHECKED;

/* A filter's XML, to be freed. */
int zl_virt_filter_xml(struct zl_virt *v, const char *name, char **ret,
	struct zl_error *reterr) ZL_CHECKED;
int zl_virt_define_filter(
	struct zl_virt *v, const char *xml, struct zl_error *reterr) ZL_CHECKED;
int zl_virt_undefine_filter(
	struct zl_virt *v, const char *name, struct zl_error *reterr) ZL_CHECKED;

#endif
