/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of ports: text and membership. */
#include "policy/ports.h"

#include <stddef.h>
#include <stdio.h>

static const char *skip_space(const char *at)
{
	while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
		at++;
	return at;
}

/* One number and the white space around it; NULL when it is none, or no port. */
static const char *parse_port(const char *at, uint16_t *ret)
{
	unsigned v = 0, digits = 0;

	for (at = skip_space(at); *at >= '0' && *at <= '9' && digits < 6; digits++)
		v = v * 10 + (unsigned)(*at++ - '0');
	if (digits == 0 || v < 1 || v > UINT16_MAX)
		return NULL;
	*ret = (uint16_t)v;
	return skip_space(at);
}

const char *zl_ports_parse(const char *text, struct zl_ports *ret)
{
	struct zl_ports p = { .n = 0 };
	const char *at = text;

	for (;;) {
		struct zl_port_range *r = &p.range[p.n];

		if (p.n == ZL_PORTS_MAX)
			return "has more than 32 ranges";
		at = parse_port(at, &r->first);
		if (at == NULL)
			return "wants numbers from 1 to 65535, as in '22,80,8000-8100'";
		r->last = r->first;
		if (*at == '-')
			at = parse_port(at + 1, &r->last);
		if (at == NULL)
			return "wants numbers from 1 to 65535, as in '22,80,8000-8100'";
		if (r->last < r->first)
			return "has a range whose end is below its start";
		p.n++;
		if (*at == '\0')
			break;
		if (*at++ != ',')
			return "wants numbers from 1 to 65535, as in '22,80,8000-8100'";
	}
	*ret = p;
	return NULL;
}

const char *zl_ports_format(const struct zl_ports *p, char buf[static ZL_PORTS_STR])
{
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < p->n && at < ZL_PORTS_STR; i++) {
		const struct zl_port_range *r = &p->range[i];
		const char *comma = i == 0 ? "" : ",";
		int n = r->first == r->last
				? snprintf(buf + at, ZL_PORTS_STR - at, "%s%u", comma,
					  r->first)
				: snprintf(buf + at, ZL_PORTS_STR - at, "%s%u-%u",
					  comma, r->first, r->last);

		at += n < 0 ? 0 : (size_t)n;
	}
	return buf;
}

bool zl_ports_has(const struct zl_ports *p, uint16_t port)
{
	if (p->n == 0)
		return true;
	for (unsigned i = 0; i < p->n; i++)
		if (port >= p->range[i].first && port <= p->range[i].last)
			return true;
	return false;
}
