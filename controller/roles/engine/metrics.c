/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All metrics as text: the table of contents, and the method that asks for it. */
#include "controller/roles/engine/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "controller/control/varlink.h"
#include "controller/roles/engine/methods.h"

#define GROUP(subject, heading)                                                        \
	{                                                                              \
		.title = (heading), .metrics = zl_metrics_##subject,                   \
		.n = &zl_metrics_##subject##_n                                         \
	}

const struct zl_metric_group zl_metric_groups[] = {
	GROUP(daemon, "The daemon"),
	GROUP(collector, "The collector"),
	GROUP(exporter, "Exporters of enrolled hosts"),
	GROUP(inventory, "Hosts, domains, policy"),
	GROUP(response, "Violations and what is done about them"),
};
const size_t zl_metric_groups_n = N_ITEMS(zl_metric_groups);

static void put_exporters(
	struct zl_engine *e, const struct zl_metric *m, struct zl_exposition *x)
{
	const struct zl_exporter_info *at;
	char text[ZL_ADDR_STR];

	for (size_t i = 0; (at = zl_map_next(&e->exporters, &i)) != NULL;) {
		double value = at->host[0] == '\0' ? (double)NAN : m->exporter(at);

		if (!isnan(value))
			zl_exposition_put(x, value, "exporter",
				zl_addr_format(&at->addr, text), "host", at->host);
	}
}

static void put_metric(
	struct zl_engine *e, const struct zl_metric *m, struct zl_exposition *x)
{
	zl_exposition_family(x, m->name, m->type, m->help);
	if (m->each != NULL) {
		m->each(e, x);
	} else if (m->exporter != NULL) {
		put_exporters(e, m, x);
	} else {
		double value = m->one(e);

		if (!isnan(value))
			zl_exposition_put(x, value);
	}
}

int zl_method_get_metrics(
	void *user, struct zl_call *call, json_t **ret, struct zl_error *reterr)
{
	ZL_AUTO(zl_mem) char *text = NULL;
	struct zl_exposition x = { 0 };
	size_t n = 0;
	int r;

	(void)call;
	x.to = open_memstream(&text, &n);
	if (x.to == NULL)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	for (size_t g = 0; g < zl_metric_groups_n; g++)
		for (size_t i = 0; i < *zl_metric_groups[g].n; i++)
			put_metric(user, &zl_metric_groups[g].metrics[i], &x);
	r = ferror(x.to);
	if (fclose(x.to) != 0 || r != 0)
		return zl_fail(reterr, -ENOMEM, "out of memory");
	*ret = json_pack("{s:o}", "text", zl_varlink_text(text));
	return 0;
}
