#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest that lies about who it is gets itself cut off, never the one it names.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 2 -- web1 web2 db1 web3
undo 'vm_exec db1 "ip neigh flush all"; vm_exec web2 "ip neigh flush all"'
exporters 1 2

# forge VM SRC-MAC SRC TARGET-VM DST SPORT DPORT FLAGS|udp: VM sends that, twice
forge() {
	local vm=$1 mac=$2 from=$3 to=$4

	shift 4
	vm_exec "$vm" "guest raw eth0 2 5 $(python3 "$ZL_LAB_DIR/forge.py" "$mac" \
		"$(vm_mac "$to")" "$from" "$@")" >/dev/null
}

has_spoofing() {
	zl incident-list --json | jq -e --arg d "$1" \
		'[.incidents[] | select(.domain == $d and .lock == "(spoofing)")] | length > 0' >/dev/null
}

flow_to() {
	zl flow-list --json --limit 200 | jq -e --arg d "$1" --argjson p "$2" \
		'[.flows[] | select(.dst == $d and .dport == $p)] | length > 0' >/dev/null
}

# Both know each other's MAC, so that answers go out at once
know_each_other() {
	vm_exec web2 "ping -c 1 -w 2 $(vm_v4 db1); ping -6 -c 1 -w 2 $(vm_v6 db1)" >/dev/null
	sleep 0.2
}

# liar DESCRIPTION MAC v4|v6 SPORT: web1 says that it is web2 and wants db1's ssh
liar() {
	know_each_other
	forge web1 "$2" "$("vm_$3" web2)" db1 "$("vm_$3" db1)" "$4" 22 S
	soon "$1: the liar is cut off" 5 has_lease web1 '^applied$'
	never "$1: the one it named is not" 2 has_lease web2
	check "$1: the record says whom it named" jq -e --argjson p "$4" \
		'[.flows[] | select(.sport == $p and .src_domain == "web1" and .spoofed == "web2")]
		| length > 0' <(zl flow-list --json --limit 200)
	check "$1: release" zl release web1
	sleep 3 # what comes sooner may be from before the release
}

# When no exporter says at which tap a frame entered
interfaces() {
	local n

	for n in 1 2; do
		sed "s/interfaces='ifindex'/interfaces='$1'/" "$EXAMPLES/host-hv$n.xml" \
			>"$LAB/host-hv$n.xml"
		zl host-define "$LAB/host-hv$n.xml" >/dev/null || return 1
	done
	define_hosts 1 2
}

# says DOMAIN TEXT: why nothing is done in its incident about the lock
says() {
	zl incident-list --json | jq -e --arg d "$1" --arg t "$2" \
		'[.incidents[] | select(.state == "open" and .domain == $d and .lock == "db-lock" and
		.decision == "alert" and (.decision_reason | contains($t)))] | length > 0' >/dev/null
}

nobody_has_lease() {
	zl mitigation-list --json | jq -e '.mitigations | length == 0' >/dev/null
}

undo 'interfaces ifindex'
check 'the exporters name no taps' interfaces none
know_each_other
forge web1 "$(vm_mac web2)" "$(vm_v4 web2)" db1 "$(vm_v4 db1)" 41011 22 S
forge web1 "$(vm_mac web2)" "$(vm_v6 web2)" db1 "$(vm_v6 db1)" 41012 22 S
soon 'without taps: who is named has an incident that says why it is left alone' 8 \
	says web2 'and nothing was seen at its tap'
forge web1 "$(vm_mac web1)" "$(vm_v4 web2)" db1 "$(vm_v4 db1)" 41013 22 S
soon 'so has the one whose own MAC it was' 8 \
	says web1 'and nothing was seen at its tap'
check 'and nobody is cut off' nobody_has_lease
check 'the taps are named again' interfaces ifindex

# When web1 uses web2's addresses, with its own MAC and with web2's
liar 'IPv4' "$(vm_mac web1)" v4 41001
liar 'IPv6' "$(vm_mac web1)" v6 41002
liar 'IPv4 and MAC' "$(vm_mac web2)" v4 41003
liar 'IPv6 and MAC' "$(vm_mac web2)" v6 41004

# When it makes web2 answer to db1's ssh: refusals, openings, by both protocols
know_each_other
vm_exec web2 'guest udp-listen 9999 </dev/null >/dev/null 2>&1 &' 5
vm_exec web2 'guest udp-listen 50051 </dev/null >/dev/null 2>&1 &' 5
for family in v4 v6; do
	for flags in A S SA RA FA; do
		forge web1 "$(vm_mac web1)" "$("vm_$family" db1)" web2 "$("vm_$family" web2)" \
			22 40000 "$flags"
		forge web3 "$(vm_mac web3)" "$("vm_$family" db1)" web2 "$("vm_$family" web2)" \
			22 40001 "$flags"
	done
	forge web1 "$(vm_mac web1)" "$("vm_$family" db1)" web2 "$("vm_$family" web2)" 22 8080 S
	forge web1 "$(vm_mac web1)" "$("vm_$family" db1)" web2 "$("vm_$family" web2)" 22 53 udp
	forge web3 "$(vm_mac web3)" "$("vm_$family" db1)" web2 "$("vm_$family" web2)" 123 9999 udp
	forge web3 "$(vm_mac web3)" "$("vm_$family" db1)" web2 "$("vm_$family" web2)" 123 50051 udp
done
soon 'web2 refused' 3 flow_seen "$(vm_v4 web2)" 40000
soon 'and answered' 3 flow_seen "$(vm_v4 web2)" 9999
soon 'also from a high port to a low one' 3 flow_seen "$(vm_v4 web2)" 50051
never 'what web2 answers is not held against it' 2 has_lease web2
check 'nor against db1' has_no_lease db1
check 'who forged has an incident for that' has_spoofing web1

# When db1 uses the address of the fabric and says by ARP that it has its MAC
forge db1 "$(vm_mac db1)" "$FABRIC_V4" web3 "$(vm_v4 web3)" 5000 7 udp
vm_exec db1 "guest raw eth0 2 5 $(python3 "$ZL_LAB_DIR/forge.py" "$(vm_mac db1)" \
	"$(vm_mac web2)" "$FABRIC_V4" "$(vm_v4 web2)" arp)" >/dev/null
vm_exec web2 "guest connect $FABRIC_V4 80" >/dev/null
soon 'web2 speaks to the fabric' 3 flow_to "$FABRIC_V4" 80
never 'who speaks to the fabric does not speak to db1' 2 has_lease web2
check 'the audit chain is whole' audit_is_whole
