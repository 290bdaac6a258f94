/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cells of tables and blocks. */
#include "controller/cli/format.h"

#include <inttypes.h>
#include <stdbool.h>
#include <time.h>

#include "base/cleanup.h"

static void print_scalar(FILE *to, const json_t *value)
{
	if (json_is_string(value))
		(void)fputs(json_string_value(value), to);
	else if (json_is_integer(value))
		(void)fprintf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		(void)fprintf(to, "%g", json_real_value(value));
	else if (json_is_boolean(value))
		(void)fputs(json_is_true(value) ? "yes" : "no", to);
}

static void print_object(FILE *to, json_t *object)
{
	const char *key, *comma = "";
	json_t *value;

	json_object_foreach(object, key, value)
	{
		(void)fprintf(to, "%s%s ", comma, key);
		print_scalar(to, value);
		comma = ", ";
	}
}

void zl_format_plain(FILE *to, const struct zl_cell *cell)
{
	const char *comma = "";
	const json_t *item;
	size_t i;

	if (json_is_object(cell->value)) {
		print_object(to, cell->value);
		return;
	}
	if (!json_is_array(cell->value)) {
		print_scalar(to, cell->value);
		return;
	}
	json_array_foreach(cell->value, i, item)
	{
		(void)fputs(comma, to);
		print_scalar(to, item);
		comma = ",";
	}
}

void zl_format_yes(FILE *to, const struct zl_cell *cell)
{
	if (json_is_true(cell->value))
		(void)fputs("yes", to);
}

void zl_format_bytes(FILE *to, const struct zl_cell *cell)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	double n = (double)json_integer_value(cell->value);
	size_t unit = 0;

	if (!json_is_integer(cell->value))
		return;
	while (n >= 1024 && unit + 1 < N_ITEMS(units)) {
		n /= 1024;
		unit++;
	}
	(void)fprintf(to, unit == 0 ? "%.0f %s" : "%.1f %s", n, units[unit]);
}

void zl_format_proto(FILE *to, const struct zl_cell *cell)
{
	static const struct {
		int number;
		const char *name;
	} protos[] = { { 1, "icmp" }, { 6, "tcp" }, { 17, "udp" }, { 47, "gre" },
		{ 50, "esp" }, { 58, "icmpv6" }, { 132, "sctp" } };

	for (size_t i = 0; i < N_ITEMS(protos); i++) {
		if (json_is_integer(cell->value) &&
			json_integer_value(cell->value) == protos[i].number) {
			(void)fputs(protos[i].name, to);
			return;
		}
	}
	print_scalar(to, cell->value);
}

/* A unit is large enough from two of it on, or when nothing is cut off. */
void zl_format_seconds(FILE *to, int64_t seconds)
{
	static const struct {
		int64_t size;
		char name;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };

	for (size_t i = 0; i < N_ITEMS(units); i++) {
		int64_t n = seconds / units[i].size;

		if (n < 2 && (n < 1 || seconds % units[i].size != 0) &&
			units[i].size > 1)
			continue;
		(void)fprintf(to, "%" PRId64 "%c", n, units[i].name);
		return;
	}
}

void zl_format_span(FILE *to, const struct zl_cell *cell)
{
	if (json_is_integer(cell->value) && json_integer_value(cell->value) > 0)
		zl_format_seconds(to, json_integer_value(cell->value));
}

/* 0 stands for never. */
static bool has_time(const struct zl_cell *cell, int64_t *ret_ms, struct tm *ret)
{
	time_t whole;

	*ret_ms = json_integer_value(cell->value);
	whole = (time_t)(*ret_ms / 1000);
	return *ret_ms > 0 && localtime_r(&whole, ret) != NULL;
}

void zl_format_time(FILE *to, const struct zl_cell *cell)
{
	char text[32];
	struct tm tm;
	int64_t ms;

	if (has_time(cell, &ms, &tm) &&
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) > 0)
		(void)fputs(text, to);
}

void zl_format_age(FILE *to, const struct zl_cell *cell)
{
	struct tm tm;
	int64_t ms, now_ms = zl_wall_ms(cell->now);

	if (!has_time(cell, &ms, &tm))
		return;
	if (ms - now_ms < 1000 && now_ms - ms < 1000) {
		(void)fputs("now", to);
	} else if (ms > now_ms) {
		(void)fputs("in ", to);
		zl_format_seconds(to, (ms - now_ms) / 1000);
	} else {
		zl_format_seconds(to, (now_ms - ms) / 1000);
		(void)fputs(" ago", to);
	}
}

void zl_format_stamp(FILE *to, const struct zl_cell *cell)
{
	char text[32], zone[8];
	struct tm tm;
	int64_t ms;

	if (!has_time(cell, &ms, &tm) ||
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0 ||
		strftime(zone, sizeof(zone), "%z", &tm) == 0)
		return;
	(void)fprintf(to, "%s.%03d%s (", text, (int)(ms % 1000), zone);
	zl_format_age(to, cell);
	(void)fputc(')', to);
}
