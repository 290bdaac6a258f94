#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# No kind of frame escapes a quarantine: ARP, VLANs, fragments, other addresses, LLC.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 -- web1 db1
mark=zonelock-lab-mark
mapfile -t frames < <(python3 "$ZL_LAB_DIR/frames.py" "$(vm_mac web1)" "$(vm_mac db1)" \
	"$(vm_v4 web1)" "$(vm_v4 db1)" "$(vm_v6 web1)" "$(vm_v6 db1)")

# send NAME: three copies of every frame; how many of each arrive goes to $LAB/NAME.txt
send() {
	local line kind

	for line in "${frames[@]}"; do
		kind=${line%% *}
		capture_tap "$kind" db1 not ether src "$(vm_mac db1)"
		vm_exec web1 "guest raw eth0 3 2 ${line#* }" >/dev/null
		sleep 0.1
		capture_stop "$kind"
		echo "$kind $(grep -ao "$mark" "$(pcap_file "$kind")" | wc -l)"
	done >"$LAB/$1.txt"
}

# Given that all of them arrive without quarantine
send before
check "all ${#frames[@]} kinds arrive without quarantine" \
	awk '$2 < 3 { print; bad = 1 } END { exit bad }' "$LAB/before.txt"
# Then none does, in either grade
check 'quarantine, strictly' zl quarantine web1 --strict
send strict
check 'strict: none arrives' awk '$2 > 0 { print; bad = 1 } END { exit bad }' "$LAB/strict.txt"
check 'release' zl release web1
check 'quarantine, forensically' zl quarantine web1 --forensic
send forensic
check 'forensic: none arrives' awk '$2 > 0 { print; bad = 1 } END { exit bad }' \
	"$LAB/forensic.txt"
# And what names the forensic address, but is sent to somebody else or in another's
# name, reaches nobody but the machine that has it
forge() {
	vm_exec web1 "guest raw eth0 3 2 $(python3 "$ZL_LAB_DIR/forge.py" "$@")" >/dev/null
}
check 'web1 reaches the forensic address' vm_exec web1 "ping -c 1 -w 3 $FABRIC_V4"
check 'by IPv6 too' vm_exec web1 "ping -6 -c 1 -w 3 $FABRIC_V6"
capture_tap aside db1 ether src "$(vm_mac web1)"
capture_start steered fabric ul0 ether dst "$FABRIC_MAC"
forge "$(vm_mac web1)" "$(vm_mac db1)" "$(vm_v4 web1)" "$FABRIC_V4" 4000 7 udp
forge "$(vm_mac web1)" "$(vm_mac db1)" "$(vm_v6 web1)" "$FABRIC_V6" 4000 7 udp
forge "$(vm_mac web1)" ff:ff:ff:ff:ff:ff "$(vm_v4 web1)" "$FABRIC_V4" 4000 7 udp
forge "$(vm_mac web1)" ff:ff:ff:ff:ff:ff "$(vm_v4 db1)" "$FABRIC_V4" who-has
forge "$(vm_mac db1)" "$FABRIC_MAC" "$(vm_v4 web1)" "$FABRIC_V4" 4000 7 udp
sleep 0.3
capture_stop aside steered
same 'none of it reaches db1' 0 "$(pcap_count aside)"
same 'all goes to the forensic machine' 9 \
	"$(pcap_count steered udp port 7 and ether src "$(vm_mac web1)")"
same 'questions too' 3 "$(pcap_count steered arp src host "$(vm_v4 db1)")"
same 'nothing is sent from the MAC of db1' 0 \
	"$(pcap_count steered udp port 7 and ether src "$(vm_mac db1)")"
# The question in the name of db1 was for the forensic machine to believe: it asks anew
ip neigh flush to "$(vm_v4 db1)"
check 'db1 is still heard where it is' vm_exec db1 "ping -c 1 -w 3 $FABRIC_V4"
# And none towards it
capture_tap inward web1 ether src "$(vm_mac db1)"
vm_cannot_reach db1 "$(vm_v4 web1)" 8080
vm_cannot_reach db1 "$(vm_v6 web1)" 8080
capture_stop inward
same 'nothing of db1 reaches web1' 0 "$(pcap_count inward)"
check 'release again' zl release web1
