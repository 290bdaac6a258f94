#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Somebody opens ssh to db1 and only db1's answers are seen: db1 is not the offender.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 2 -- web3 db1
# From before the exporter's first datagram, which may be the one with the templates.
capture_start mg fabric mg0 udp port 2055
exporters 1

# When the fabric, and a domain of a host without exporter, talk to db1's ssh
check 'the fabric opens ssh' fabric_reaches "$(vm_v4 db1)" 22
check 'the fabric opens ssh by IPv6' fabric_reaches "$(vm_v6 db1)" 22
check 'web3 opens ssh' vm_reaches web3 "$(vm_v4 db1)" 22
soon 'the answers are exported' 8 flow_seen "$(vm_v4 db1)" 22
# Then db1 is left alone
never 'db1 is not quarantined' 5 has_lease db1
check 'no incident blames db1' has_no_incident db1
capture_stop mg
check 'answers were on the wire' test "$(flow_records mg |
	jq -r --arg s "$(vm_v4 db1)" 'select(.src == $s and .sport == 22) | .src' | wc -l)" -gt 0
