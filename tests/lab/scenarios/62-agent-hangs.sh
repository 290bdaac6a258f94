#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An agent that hangs is reported in one sentence; what it enforced stays.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 2 -- web1 web2 db1
undo 'kill -CONT $(pid_of agent1); is_alive agent1 || agent_up 1; sleep 2; release_all'

check 'quarantine web1' zl quarantine web1 --strict
kill -STOP "$(pid_of agent1)"
refused 'quarantine of web2 with the agent hung' 6 zl quarantine web2 --strict
check 'web1 stays cut off' vm_cannot_reach web1 "$(vm_v4 db1)" 5432
soon 'host-list says the agent is down' 20 host_agent_is hv1 down
check 'the lease of web1 is not given up' has_lease web1
kill -CONT "$(pid_of agent1)"
soon 'it is back' 20 host_agent_is hv1 up
soon 'the lease of web1 is applied' 10 has_lease web1 '^applied$'
soon 'web2 can be quarantined' 10 zl quarantine web2 --strict
check 'it is cut off' vm_cannot_reach web2 "$(vm_v4 db1)" 5432
check 'release web1' zl release web1
check 'release web2' zl release web2
soon 'both are back' 5 vm_reaches web2 "$(vm_v4 db1)" 5432
