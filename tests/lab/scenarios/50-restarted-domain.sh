#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A quarantined domain that is destroyed and started sends no frame past its tap.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 -- web1 web2 db1

check 'quarantine' zl quarantine web1 --strict
capture_tap db1 db1 ether src "$(vm_mac web1)"
capture_start ul hv1 ul ether src "$(vm_mac web1)"

# When it starts anew: its system speaks at once (ARP, IPv6 reports)
vm_destroy web1
check 'it starts' vm_start web1
vm_wait web1
tap=$(vm_tap web1)
check 'it spoke' test "$(ip -n hv1 -j -s link show dev "$tap" |
	jq '.[0].stats64.rx.packets')" -gt 0
check 'it does not reach db1' vm_cannot_reach web1 "$(vm_v4 db1)" 5432
capture_stop db1 ul
same 'no frame reached db1' 0 "$(pcap_count db1)"
same 'no frame left the host' 0 "$(pcap_count ul)"
check 'the lease is the same and applied' has_lease web1 '^applied$'

# Then a release works on the new tap
check 'release' zl release web1
soon 'web1 uses db1' 8 vm_reaches web1 "$(vm_v4 db1)" 5432
