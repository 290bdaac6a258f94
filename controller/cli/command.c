/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of contents of all commands, and finding one. */
#include "controller/cli/command.h"

#include <string.h>

#include "controller/cli/suggest.h"
#include "controller/control/methods.h"

#define GROUP(noun, heading)                                                           \
	{                                                                              \
		.name = #noun, .title = (heading), .commands = zl_commands_##noun,     \
		.n = &zl_commands_##noun##_n                                           \
	}

const struct zl_command_group zl_command_groups[] = {
	GROUP(host, "Hosts"),
	GROUP(domain, "Domains"),
	GROUP(address, "Addresses"),
	GROUP(zone, "Zones"),
	GROUP(lock, "Locks"),
	GROUP(flow, "Flows"),
	GROUP(incident, "Incidents"),
	GROUP(mitigation, "Mitigations"),
	GROUP(audit, "Audit log"),
	GROUP(exporter, "Exporters"),
	GROUP(daemon, "Daemon and help"),
};
const size_t zl_command_groups_n = N_ITEMS(zl_command_groups);

const struct zl_command *zl_command_find(const char *name)
{
	for (size_t g = 0; g < zl_command_groups_n; g++) {
		const struct zl_command_group *group = &zl_command_groups[g];

		for (size_t i = 0; i < *group->n; i++) {
			if (strcmp(group->commands[i].name, name) == 0)
				return &group->commands[i];
		}
	}
	return NULL;
}

const char *zl_command_nearest(const char *typed)
{
	struct zl_suggest s = { .typed = typed };

	for (size_t g = 0; g < zl_command_groups_n; g++) {
		const struct zl_command_group *group = &zl_command_groups[g];

		for (size_t i = 0; i < *group->n; i++)
			zl_suggest_offer(&s, group->commands[i].name);
	}
	return s.best;
}

const char *zl_command_choices(const struct zl_command *cmd, const struct zl_arg *arg)
{
	const struct zl_method *m = NULL;
	const struct zl_param *p = NULL;

	if (cmd->method != NULL)
		m = zl_methods_find(cmd->method);
	if (m != NULL)
		p = zl_method_param(m, zl_arg_param(arg));
	return p == NULL ? NULL : p->choices;
}
