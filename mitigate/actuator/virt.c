/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls to libvirt that the actuator needs, with deadlines and sentences. */
#include "mitigate/actuator/virt.h"

#include <errno.h>
#include <stdlib.h>

#include <libvirt/virterror.h>

#include "base/cleanup.h"

/* One call, seen by who watches over the deadline. */
#define CALL(v, function, ...)                                                         \
	__extension__({                                                                \
		zl_worker_begin((v)->self, #function);                                 \
		__typeof__(function(__VA_ARGS__)) result_ = function(__VA_ARGS__);     \
		zl_worker_end((v)->self);                                              \
		result_;                                                               \
	})

struct meaning {
	int libvirt;
	int code;
	const char *hint;
};

/* clang-format off */
static const struct meaning meanings[] = {
	{ VIR_ERR_NO_DOMAIN,          -ENOENT, "" },
	{ VIR_ERR_NO_NWFILTER,        -ENOENT, "" },
	{ VIR_ERR_OPERATION_TIMEOUT,  -EAGAIN, "it is tried again; a migration has to end first" },
	{ VIR_ERR_AUTH_FAILED,        -EACCES, "let the actuator's user write to libvirt's socket" },
	{ VIR_ERR_AUTH_CANCELLED,     -EACCES, "let the actuator's user write to libvirt's socket" },
	{ VIR_ERR_AUTH_UNAVAILABLE,   -EACCES, "let the actuator's user write to libvirt's socket" },
	{ VIR_ERR_ACCESS_DENIED,      -EACCES, "let the actuator's user write to libvirt's socket" },
	{ VIR_ERR_OPERATION_DENIED,   -EACCES, "give the host an actuator-uri that may write" },
	{ VIR_ERR_NO_SUPPORT,         -EOPNOTSUPP, "use the nftables backend" },
	{ VIR_ERR_OPERATION_UNSUPPORTED, -EOPNOTSUPP, "use the nftables backend" },
	{ VIR_ERR_CONFIG_UNSUPPORTED, -EOPNOTSUPP, "use the nftables backend" },
};
/* clang-format on */

/* libvirt's last error as ours. */
static int fail(struct zl_virt *v, const char *what, struct zl_error *reterr)
{
	virErrorPtr last = virGetLastError();
	int libvirt = last == NULL ? VIR_ERR_INTERNAL_ERROR : last->code, code = -EIO;
	const char *text =
		last == NULL || last->message == NULL ? "unknown error" : last->message;
	const char *hint = "";

	for (size_t i = 0; i < N_ITEMS(meanings); i++)
		if (meanings[i].libvirt == libvirt) {
			code = meanings[i].code;
			hint = meanings[i].hint;
		}
	(void)zl_fail_id(
		reterr, code, "actuator.libvirt", hint, "cannot %s: %s", what, text);
	if (code == -EIO && (v->conn == NULL || virConnectIsAlive(v->conn) != 1)) {
		code = -EHOSTUNREACH;
		if (reterr != NULL)
			reterr->code = code;
		zl_error_hint(
			reterr, "see to libvirtd on that host; it is tried again");
	}
	return code;
}

/* libvirt prints errors unless somebody takes them. */
static void be_silent(void *user, virErrorPtr error)
{
	(void)user;
	(void)error;
}

int zl_virt_open(struct zl_virt *v, struct zl_error *reterr)
{
	if (v->conn != NULL && CALL(v, virConnectIsAlive, v->conn) == 1)
		return 0;
	zl_virt_close(v);
	virSetErrorFunc(NULL, be_silent);
	v->conn = CALL(v, virConnectOpen, v->uri);
	if (v->conn == NULL) {
		char what[160];

		(void)snprintf(what, sizeof(what), "connect to %s", v->uri);
		return fail(v, what, reterr);
	}
	return 0;
}

void zl_virt_close(struct zl_virt *v)
{
	if (v->conn != NULL)
		(void)CALL(v, virConnectClose, v->conn);
	v->conn = NULL;
}

int zl_virt_find_domain(struct zl_virt *v, const struct zl_uuid *uuid,
	virDomainPtr *ret, struct zl_error *reterr)
{
	virDomainPtr dom = CALL(v, virDomainLookupByUUID, v->conn, uuid->b);

	if (dom == NULL)
		return fail(v, "find the domain", reterr);
	*ret = dom;
	return 0;
}

int zl_virt_domain_xml(struct zl_virt *v, virDomainPtr dom,
	enum zl_filterref_scope scope, char **ret, struct zl_error *reterr)
{
	bool live = scope == ZL_FILTERREF_LIVE;
	int has = live ? CALL(v, virDomainIsActive, dom)
		       : CALL(v, virDomainIsPersistent, dom);
	char *xml = NULL;

	if (has < 0)
		return fail(v, "ask for the domain's state", reterr);
	if (has == 1) {
		xml = CALL(v, virDomainGetXMLDesc, dom,
			live ? 0 : VIR_DOMAIN_XML_INACTIVE);
		if (xml == NULL)
			return fail(v, "read the domain's definition", reterr);
	}
	*ret = xml;
	return 0;
}

int zl_virt_update_device(struct zl_virt *v, virDomainPtr dom,
	enum zl_filterref_scope scope, const char *xml, struct zl_error *reterr)
{
	unsigned flags = scope == ZL_FILTERREF_LIVE ? VIR_DOMAIN_AFFECT_LIVE
						    : VIR_DOMAIN_AFFECT_CONFIG;

	if (CALL(v, virDomainUpdateDeviceFlags, dom, xml, flags) < 0)
		return fail(v, "change the interface's filter", reterr);
	return 0;
}

static int find_filter(struct zl_virt *v, const char *name, virNWFilterPtr *ret,
	struct zl_error *reterr)
{
	virNWFilterPtr filter = CALL(v, virNWFilterLookupByName, v->conn, name);

	if (filter == NULL)
		return fail(v, "find our filter", reterr);
	*ret = filter;
	return 0;
}

int zl_virt_filter_xml(
	struct zl_virt *v, const char *name, char **ret, struct zl_error *reterr)
{
	virNWFilterPtr filter = NULL;
	char *xml;
	int r = find_filter(v, name, &filter, reterr);

	if (r < 0)
		return r;
	xml = CALL(v, virNWFilterGetXMLDesc, filter, 0);
	r = xml == NULL ? fail(v, "read our filter", reterr) : 0;
	(void)virNWFilterFree(filter);
	if (r >= 0)
		*ret = xml;
	return r;
}

int zl_virt_define_filter(struct zl_virt *v, const char *xml, struct zl_error *reterr)
{
	virNWFilterPtr filter = CALL(v, virNWFilterDefineXML, v->conn, xml);

	if (filter == NULL)
		return fail(v, "define our filter", reterr);
	(void)virNWFilterFree(filter);
	return 0;
}

int zl_virt_undefine_filter(
	struct zl_virt *v, const char *name, struct zl_error *reterr)
{
	virNWFilterPtr filter = NULL;
	int r = find_filter(v, name, &filter, reterr);

	if (r < 0)
		return r;
	if (CALL(v, virNWFilterUndefine, filter) < 0)
		r = fail(v, "undefine our filter", reterr);
	(void)virNWFilterFree(filter);
	return r;
}
