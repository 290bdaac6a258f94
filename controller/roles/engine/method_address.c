/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The method about who has, or had, an address. */
#include <errno.h>

#include "controller/control/varlink.h"
#include "controller/roles/engine/engine.h"
#include "controller/roles/engine/methods.h"
#include "controller/store/holdings.h"

/* The year 9999. */
#define AT_MOST_MS INT64_C(253402300800000)
enum { HOLDERS_MAX = 1000 };

static int append(const struct zl_holding *h, void *user)
{
	char uuid[ZL_UUID_STR], mac[ZL_MAC_STR];
	json_t *doc = json_pack("{s:o, s:s, s:s, s:o, s:s, s:o, s:s, s:I, s:o}",
		"domain", zl_varlink_text(h->name), "domain_uuid",
		zl_uuid_format(&h->domain, uuid), "host", h->host, "scope",
		zl_varlink_text(h->scope), "mac", zl_mac_format(&h->mac, mac), "tap",
		zl_varlink_text(h->tap), "source", zl_addr_source_name(h->source),
		"from_ms", (json_int_t)zl_wall_ms(h->from), "until_ms",
		h->until.us == 0 ? json_null()
				 : json_integer((json_int_t)zl_wall_ms(h->until)));

	return json_array_append_new(user, doc) < 0 ? -ENOMEM : 0;
}

int zl_method_show_address(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	const char *text = zl_call_str(call, "address");
	int64_t at_ms = zl_call_int(call, "at_ms", 0);
	struct zl_wall at = {
		.us = at_ms < 0 || at_ms > AT_MOST_MS ? -1 : at_ms * ZL_US_PER_MS
	};
	struct zl_engine *e = user;
	json_t *list = json_array();
	char name[ZL_ADDR_STR];
	struct zl_addr addr;
	bool is_truncated;
	int r;

	if (at.us < 0 || !zl_addr_parse(text, &addr)) {
		json_decref(list);
		return zl_fail_id(reterr, -EINVAL, "address.invalid", "",
			"'%s': neither an IPv4 nor an IPv6 address, or a time that "
			"cannot be",
			text);
	}
	zl_engine_holdings_flush(e);
	/* One more, which says that there are more. */
	r = zl_holdings_each(e->db, &addr, at, HOLDERS_MAX + 1, append, list, reterr);
	if (r < 0) {
		json_decref(list);
		return r;
	}
	is_truncated = json_array_size(list) > HOLDERS_MAX;
	if (is_truncated)
		(void)json_array_remove(list, 0);
	*ret = json_pack("{s:s, s:o, s:b}", "address", zl_addr_format(&addr, name),
		"holders", list, "truncated", is_truncated);
	return 0;
}
