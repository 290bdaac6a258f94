#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SIGKILL of any process loses no lease and no audit record, and opens nothing.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 -- web1 web2 db1
undo 'is_alive controller || controller_up; is_alive agent1 || agent_up 1'

restarted() {
	local pid

	pid=$(role_pid "$1") && [ -n "$pid" ] && [ "$pid" != "$2" ] && kill -0 "$pid"
}

still_held() {
	check "$1: the lease is the same" test "$(lease_of web1)" = "$lease"
	check "$1: no audit record is lost" test "$(audit_count)" -ge "$records"
	check "$1: the audit chain is whole" audit_is_whole
	check "$1: web1 is cut off" vm_cannot_reach web1 "$(vm_v4 db1)" 5432
}

check 'quarantine' zl quarantine web1 --strict --reason 'kill test'
lease=$(lease_of web1)
records=$(audit_count)

for role in collector engine inventory actuator; do
	pid=$(role_pid "$role")
	check "$role runs" test -n "$pid"
	[ -n "$pid" ] || continue
	kill -KILL "$pid"
	soon "$role is restarted" 20 restarted "$role" "$pid"
	soon "$role: hosts are there" 20 host_is hv1 up
	still_held "$role"
done

# The agent
stop agent1 KILL
check 'agent: web1 is cut off while it is dead' vm_cannot_reach web1 "$(vm_v4 db1)" 5432
agent_up 1
soon 'agent: connected again' 20 host_agent_is hv1 up
soon 'agent: the lease is applied' 10 has_lease web1 '^applied$'
still_held agent

# The parent, and with it all roles
pids=$(zl daemon-status --json | jq -r '.roles[].pid')
stop controller KILL
for pid in $pids; do
	soon "parent: role $pid ends with it" 5 sh -c "! kill -0 $pid"
done
check 'parent: web1 is cut off meanwhile' vm_cannot_reach web1 "$(vm_v4 db1)" 5432
controller_up
soon 'parent: hosts are there' 20 host_agent_is hv1 up
still_held parent

check 'release' zl release web1
soon 'web1 is back' 8 vm_reaches web1 "$(vm_v4 db1)" 5432
check 'web2 never noticed' vm_reaches web2 "$(vm_v4 db1)" 5432
