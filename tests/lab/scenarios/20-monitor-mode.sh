#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A lock in monitor mode says what it would have done, and does nothing.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 -- web1 db1
undo 'zl lock-mode db-lock enforce'
check 'lock-mode' zl lock-mode db-lock monitor
exporters 1

# When web1 opens what the lock forbids
check 'ssh is open, technically' vm_reaches web1 "$(vm_v4 db1)" 22
# Then there is an incident with its evidence, and no lease
soon 'an incident about web1' 10 has_incident web1
incident=$(incident_of web1)
check 'it names the lock' \
	jq -e '.lock == "db-lock"' <(zl incident-show "$incident" --json)
check 'its evidence is the flow' jq -e --arg d "$(vm_v4 db1)" \
	'[.evidence[] | select(.dst == $d and .dport == 22)] | length > 0' \
	<(zl incident-show "$incident" --json)
never 'no lease' 3 has_lease web1
check 'the flow has the evidence of the tap' jq -e --arg d "$(vm_v4 db1)" \
	'[.flows[] | select(.dst == $d and .dport == 22 and .src_domain == "web1"
		and .evidence == "tap" and .verdict == "deny")] | length > 0' \
	<(zl flow-list --json --limit 500)
check 'nothing is blocked' vm_reaches web1 "$(vm_v4 db1)" 22
