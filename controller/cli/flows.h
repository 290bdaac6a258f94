/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of flow records: flow-list, and the evidence of incidents and mitigations. */
#ifndef ZL_CLI_FLOWS_H
#define ZL_CLI_FLOWS_H
#include "controller/cli/view.h"

enum { ZL_FLOWS_COLUMNS = 9 };
extern const struct zl_column zl_flows_columns[ZL_FLOWS_COLUMNS];

#endif
