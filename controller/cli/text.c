/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escaping what a terminal would act on. */
#include "controller/cli/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { ESCAPE_MAX = sizeof("\\u{10ffff}") - 1 };

/* Code points that move, hide or reorder what is around them. */
/* clang-format off */
static const struct {
	uint32_t first, last;
} unsafe[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, /* C0, DEL, C1 */
	{ 0x00ad, 0x00ad },			/* soft hyphen */
	{ 0x061c, 0x061c },			/* Arabic letter mark */
	{ 0x200b, 0x200f },			/* zero width, direction marks */
	{ 0x2028, 0x202e },			/* line ends, embeddings, overrides */
	{ 0x2060, 0x206f },			/* invisible operators, isolates */
	{ 0xfeff, 0xfeff },			/* byte order mark */
	{ 0xfff9, 0xfffb },			/* interlinear annotation */
	{ 0xe0000, 0xe007f },			/* tags */
};
/* clang-format on */

static bool is_unsafe(uint32_t c)
{
	for (size_t i = 0; i < N_ITEMS(unsafe); i++) {
		if (c >= unsafe[i].first && c <= unsafe[i].last)
			return true;
	}
	return false;
}

/* Decode one sequence (RFC 3629): its length, or 0 when it is none. */
static size_t decode(const unsigned char *s, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t c = s[0];

	if (n == 1) {
		*ret = c;
		return 1;
	}
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	c &= 0x7fu >> n;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

char *zl_text_escape(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	char *safe = malloc(strlen(text) * ESCAPE_MAX + 1), *to = safe;

	if (safe == NULL)
		return NULL;
	while (*s != '\0') {
		uint32_t c = 0;
		size_t n = decode(s, &c);

		if (n == 0 || c < 0x20 || c == 0x7f) {
			to += snprintf(to, sizeof("\\xff"), "\\x%02x", *s);
			n = 1;
		} else if (is_unsafe(c)) {
			to += snprintf(to, ESCAPE_MAX + 1, "\\u{%x}", (unsigned)c);
		} else {
			memcpy(to, s, n);
			to += n;
		}
		s += n;
	}
	*to = '\0';
	return safe;
}

size_t zl_text_width(const char *safe)
{
	size_t n = 0;

	for (; *safe != '\0'; safe++)
		n += ((unsigned char)*safe & 0xc0) != 0x80;
	return n;
}

void zl_text_print(FILE *to, const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n\t");
		ZL_AUTO(zl_mem) char *part = strndup(text, n);
		ZL_AUTO(zl_mem) char *safe = part == NULL ? NULL : zl_text_escape(part);

		if (safe != NULL)
			(void)fputs(safe, to);
		text += n;
		if (*text != '\0')
			(void)fputc(*text++, to);
	}
}
