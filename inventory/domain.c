/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words for what a domain, its NICs and their addresses are. */
#include "inventory/domain.h"

static const char *const state_names[ZL_DOMAIN_STATE_N] = {
	[ZL_DOMAIN_SHUTOFF] = "shutoff",
	[ZL_DOMAIN_RUNNING] = "running",
	[ZL_DOMAIN_PAUSED] = "paused",
};

static const char *const source_names[ZL_ADDR_SOURCE_N] = {
	[ZL_ADDR_METADATA] = "metadata",
	[ZL_ADDR_NWFILTER] = "nwfilter",
	[ZL_ADDR_DHCP] = "dhcp",
	[ZL_ADDR_NEIGHBOUR] = "neighbour",
	[ZL_ADDR_LEARNED] = "learned",
};

static const char *const type_names[ZL_NIC_TYPE_N] = {
	[ZL_NIC_BRIDGE] = "bridge",
	[ZL_NIC_NETWORK] = "network",
	[ZL_NIC_DIRECT] = "direct",
	[ZL_NIC_OTHER] = "other",
};

const char *zl_domain_state_name(enum zl_domain_state s)
{
	return s < ZL_DOMAIN_STATE_N ? state_names[s] : "unknown";
}

const char *zl_addr_source_name(enum zl_addr_source s)
{
	return s < ZL_ADDR_SOURCE_N ? source_names[s] : "unknown";
}

const char *zl_nic_type_name(enum zl_nic_type t)
{
	return t < ZL_NIC_TYPE_N ? type_names[t] : "unknown";
}

/* The length of the UTF-8 sequence that starts at `s`, 0 when it is none. */
static size_t decode(const unsigned char *s, uint32_t *ret)
{
	size_t n = *s < 0x80 ? 1 : *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : *s >= 0xc2 ? 2 : 0;
	uint32_t code = n == 1 ? *s : *s & (0x7fu >> n);

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3fu);
	}
	*ret = code;
	return n;
}

/* Characters that move the cursor, or turn the direction of what stands around them. */
static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200e && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	       c == 0xfeff;
}

bool zl_domain_copy_text(char *to, size_t size, const char *from)
{
	const unsigned char *s = (const unsigned char *)from;
	size_t at = 0;

	while (*s != '\0') {
		uint32_t code = 0;
		size_t n = decode(s, &code);
		bool bad = n == 0 || is_control(code);
		size_t need = bad ? 1 : n;

		if (at + need >= size)
			break;
		if (bad)
			to[at] = '?';
		else
			memcpy(to + at, s, n);
		at += need;
		s += n == 0 ? 1 : n;
	}
	to[at] = '\0';
	return *s == '\0';
}
