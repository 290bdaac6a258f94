/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index: messages of the inventory. */
#include <errno.h>

#include "inventory/index.h"

int zl_index_apply(struct zl_index *ix, const struct zl_frame_in *in,
	struct zl_wall now, struct zl_error *reterr)
{
	const char *host = zl_attr_str(in->tb[ZL_INV_A_HOST]);
	const char *text = zl_attr_str(in->tb[ZL_INV_A_TEXT]);
	uint8_t state = zl_attr_u8(in->tb[ZL_INV_A_STATE]);
	struct zl_domain d;
	struct zl_uuid uuid;
	struct zl_mac mac;
	struct zl_addr addr;
	int r;

	switch ((enum zl_inventory_message)in->type) {
	case ZL_INV_HOST_STATE:
		if (state >= ZL_HOST_STATE_N)
			return zl_fail(
				reterr, -EPROTO, "no such state of a host: %u", state);
		return zl_index_host_state(ix, host, state, text, now, reterr);
	case ZL_INV_LIST_BEGIN: return zl_index_list_begin(ix, host, reterr);
	case ZL_INV_LIST_END: return zl_index_list_end(ix, host, now, reterr);
	case ZL_INV_DOMAIN:
		r = zl_domain_get(in->tb[ZL_INV_A_DOMAIN], &d, reterr);
		return r < 0 ? r : zl_index_domain_put(ix, host, &d, now, reterr);
	case ZL_INV_DOMAIN_GONE:
		zl_attr_copy(in->tb[ZL_INV_A_UUID], uuid.b, sizeof(uuid.b));
		return zl_index_domain_gone(ix, host, &uuid, now, reterr);
	case ZL_INV_DHCP:
		zl_attr_copy(in->tb[ZL_INV_A_MAC], mac.b, sizeof(mac.b));
		zl_attr_copy(in->tb[ZL_INV_A_ADDR], addr.b, sizeof(addr.b));
		return zl_index_dhcp(ix, host, &mac, &addr, text,
			(struct zl_wall){
				(int64_t)zl_attr_u64(in->tb[ZL_INV_A_EXPIRES]) },
			now, reterr);
	case ZL_INV_HOST_PUT:
	case ZL_INV_HOST_GONE:
	case ZL_INV_MESSAGE_N: break;
	}
	return zl_fail(
		reterr, -EPROTO, "message %u is none of the inventory", in->type);
}
