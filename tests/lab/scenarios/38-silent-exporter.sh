#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An exporter that falls silent is an incident of its host, until it speaks again.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 2 -- web1 web2 db1 db2
exporters 1

# state_is STATE: of the exporter of hv1.
state_is() {
	[ "$(zl exporter-show 172.31.0.1 --json | jq -r .state)" = "$1" ]
}

# silence OPEN|CLOSED: the incident of it.
silence() {
	zl incident-list --json | jq -e --arg s "$1" '.incidents[] | select(.host == "hv1"
		and (.lock | startswith("(exporter")) and .state == $s)' >/dev/null
}

# A new collector knows no pauses of before, which would be usual here.
kill -9 "$(role_pid collector)"
sleep 2
check 'web1 uses db1' vm_reaches web1 "$(vm_v4 db1)" 5432
# Long enough for what is usual for it to be known.
beat_start web1 "$(vm_v4 db1)" 5432 50 20
beat_result web1 >/dev/null
soon 'it is up' 5 state_is up
check 'its sampling is said or not told' zl exporter-show 172.31.0.1
exporter_down 1
soon 'it is silent, after a minute' 80 state_is silent
soon 'which is an incident' 5 silence open
check 'and in the audit log' grep -q 'exporter 172.31.0.1' <(zl audit-list --json)
exporters 1
check 'web1 uses db1 again' vm_reaches web1 "$(vm_v4 db1)" 5432
soon 'it is up again' 5 state_is up
soon 'and the incident is over' 5 silence closed
check 'the audit chain is whole' audit_is_whole
