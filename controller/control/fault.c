/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors to Varlink and back. */
#include "controller/control/fault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "controller/control/varlink.h"

#define OURS	"org.zonelock.Controller."
#define SERVICE "org.varlink.service."

/*
 * The first row of a code names it on the way out; the first row of a name gives the
 * code on the way in.  Codes without a row are Failed.
 */
/* clang-format off */
static const struct {
	int code;
	const char *name;
} faults[] = {
	{ -ENOENT,       OURS "NotFound" },
	{ -EPERM,        OURS "Refused" },
	{ -EACCES,       OURS "PermissionDenied" },
	{ -EINVAL,       OURS "Invalid" },
	{ -EBADMSG,      OURS "Invalid" },
	{ -EEXIST,       OURS "Invalid" },
	{ -E2BIG,        OURS "Invalid" },
	{ -EHOSTUNREACH, OURS "Unreachable" },
	{ -ETIMEDOUT,    OURS "Unreachable" },
	{ -ESTALE,       OURS "Degraded" },
	{ -EIO,          OURS "Failed" },
	{ -EINVAL,       SERVICE "InvalidParameter" },
	{ -ENOSYS,       SERVICE "MethodNotFound" },
	{ -ENOSYS,       SERVICE "MethodNotImplemented" },
	{ -ENOSYS,       SERVICE "InterfaceNotFound" },
};
/* clang-format on */

static bool is_ours(const char *name)
{
	return strncmp(name, OURS, strlen(OURS)) == 0;
}

const char *zl_fault_name(int code)
{
	for (size_t i = 0; i < N_ITEMS(faults); i++) {
		if (faults[i].code == code && is_ours(faults[i].name))
			return faults[i].name;
	}
	return OURS "Failed";
}

int zl_fault_code(const char *name)
{
	for (size_t i = 0; i < N_ITEMS(faults); i++) {
		if (strcmp(faults[i].name, name) == 0)
			return faults[i].code;
	}
	return -EIO;
}

json_t *zl_fault_message(const struct zl_error *err)
{
	char message[sizeof(err->where) + sizeof(err->msg) + 2];

	/* the place in the input belongs to the sentence, unless it says it already */
	if (err->where[0] != '\0' && strstr(err->msg, err->where) == NULL)
		(void)snprintf(
			message, sizeof(message), "%s: %s", err->where, err->msg);
	else
		(void)snprintf(message, sizeof(message), "%s", err->msg);
	return json_pack("{s:s, s:{s:o, s:o, s:o}}", "error", zl_fault_name(err->code),
		"parameters", "id", zl_varlink_text(err->id), "message",
		zl_varlink_text(message), "hint", zl_varlink_text(err->hint));
}

static const char *text_of(const json_t *params, const char *key)
{
	const char *s = json_string_value(json_object_get(params, key));

	return s == NULL ? "" : s;
}

int zl_fault_read(const json_t *message, struct zl_error *reterr)
{
	const json_t *params = json_object_get(message, "parameters");
	const char *name = text_of(message, "error");
	const char *said = text_of(params, "message");
	const char *parameter = text_of(params, "parameter");
	int code = zl_fault_code(name);

	if (said[0] != '\0')
		return zl_fail_id(reterr, code, text_of(params, "id"),
			text_of(params, "hint"), "%s", said);
	if (parameter[0] != '\0')
		return zl_fail(reterr, code, "parameter '%s' is wrong", parameter);
	if (code == -ENOSYS)
		return zl_fail_id(reterr, code, "control.method",
			"the daemon may be older than this command",
			"the daemon does not know the method '%s%s'",
			text_of(params, "method"), text_of(params, "interface"));
	return zl_fail(reterr, code, "the daemon answered with the error '%s'", name);
}
