#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# On the host, with the controller dead: the agent lists and releases; that is honoured.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 -- web1 web2 db1
undo 'is_alive agent1 || agent_up 1; is_alive controller || controller_up'

check 'quarantine web1' zl quarantine web1 --strict
check 'quarantine web2' zl quarantine web2 --strict
controller_down
check 'the agent lists web1' grep -q "$(vm_uuid web1)" <(agent_tool 1 list)
check 'as JSON too' grep -q "$(vm_uuid web2)" <(agent_tool 1 list --json | jq -c .)
check 'it releases web1' agent_tool 1 release "$(vm_uuid web1)"
check 'web1 is back' vm_reaches web1 "$(vm_v4 db1)" 5432
check 'web2 is not' vm_cannot_reach web2 "$(vm_v4 db1)" 5432

# And with the agent dead as well
stop agent1 KILL
check 'it lists without a running agent' grep -q "$(vm_uuid web2)" <(agent_tool 1 list)
check 'it releases all' agent_tool 1 release --all
check 'web2 is back' vm_reaches web2 "$(vm_v4 db1)" 5432

# When both return, then nobody is cut off again
agent_up 1
controller_up
soon 'the agent is connected' 20 host_agent_is hv1 up
soon 'the controller knows of web1' 10 has_no_lease web1
soon 'and of web2' 10 has_no_lease web2
never 'nobody is cut off again' 4 vm_cannot_reach web1 "$(vm_v4 db1)" 5432
check 'the audit chain is whole' audit_is_whole
