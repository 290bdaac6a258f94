#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the host's own list protects is not touched, whoever asks.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 -- web1 web2 db1
undo 'agent_config 1; stop agent1; agent_up 1'

agent_config 1 "never-touch = $(vm_uuid web2), $(vm_mac db1)"
stop agent1
agent_up 1
soon 'the agent is back' 20 host_agent_is hv1 up
refused 'web2 by its uuid' 4 zl quarantine web2 --strict
refused 'db1 by its address' 4 zl quarantine db1 --strict
check 'web2 still uses db1' vm_reaches web2 "$(vm_v4 db1)" 5432
check 'web1 can be quarantined' zl quarantine web1 --strict
check 'release' zl release web1

# The lock's automatic response is refused in the same way
exporters 1
vm_reaches web2 "$(vm_v4 db1)" 22
soon 'an incident' 10 has_incident web2
never 'web2 is not cut off' 4 vm_cannot_reach web2 "$(vm_v4 db1)" 5432
