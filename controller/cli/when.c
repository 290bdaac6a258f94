/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading moments. */
#include "controller/cli/when.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

/* Past all times that anybody means, and far from overflow in microseconds. */
#define SECONDS_MOST INT64_C(253402300800)

static bool parse_seconds(const char *text, char **ret_end, int64_t *ret)
{
	errno = 0;
	*ret = strtoll(text, ret_end, 10);
	return errno == 0 && text[0] >= '0' && text[0] <= '9' && *ret < SECONDS_MOST;
}

static bool parse_ago(const char *text, struct zl_wall now, struct zl_wall *ret)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	int64_t n;
	char *end;

	text += text[0] == '-';
	if (!parse_seconds(text, &end, &n) || *end == '\0' || end[1] != '\0')
		return false;
	for (size_t i = 0; i < N_ITEMS(units); i++)
		if (units[i].unit == *end && n < SECONDS_MOST / units[i].seconds) {
			ret->us = now.us - n * units[i].seconds * ZL_US_PER_S;
			return ret->us > 0;
		}
	return false;
}

static bool parse_date(const char *text, struct zl_wall *ret)
{
	static const char *const forms[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S",
		"%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d" };

	for (size_t i = 0; i < N_ITEMS(forms); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(text, forms[i], &tm);
		int day = tm.tm_mday;
		time_t t;

		if (end == NULL || (*end != '\0' && strcmp(end, "Z") != 0))
			continue;
		t = *end == 'Z' ? timegm(&tm) : mktime(&tm);
		ret->us = (int64_t)t * ZL_US_PER_S;
		return t > 0 && tm.tm_mday == day; /* else a month is shorter */
	}
	return false;
}

bool zl_when_parse(const char *text, struct zl_wall now, struct zl_wall *ret)
{
	int64_t seconds;
	char *end;

	if (text[0] == '@') {
		if (!parse_seconds(text + 1, &end, &seconds) || *end != '\0')
			return false;
		ret->us = seconds * ZL_US_PER_S;
		return ret->us > 0;
	}
	return parse_ago(text, now, ret) || parse_date(text, ret);
}
