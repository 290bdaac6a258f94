#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Somebody else changes the nft table of a host: it is repaired, and said who did it.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 -- web1 web2 db1

nft1() {
	ip netns exec hv1 nft "$@"
}

handle_of() {
	nft1 -a list chain bridge zonelock "$1" | sed -n "s/.*$2.* # handle \([0-9]*\)\$/\1/p" |
		head -1
}

# The table as it should be, without counters and in one order
picture() {
	nft1 list table bridge zonelock | sed 's/packets [0-9]* bytes [0-9]*//' | sort
}

repaired() {
	[ "$(picture)" = "$whole" ]
}

# foreign DESCRIPTION NFT-COMMAND...: change, then as it was
foreign() {
	local what=$1

	shift
	check "$what" nft1 "$@"
	soon "$what: repaired" 3 repaired
}

# Given a quarantine, and a guest that sends without pause
check 'quarantine' zl quarantine web1 --strict
lease=$(lease_of web1)
whole=$(picture)
frame=$(python3 "$ZL_LAB_DIR/forge.py" "$(vm_mac web1)" "$(vm_mac db1)" "$(vm_v4 web1)" \
	"$(vm_v4 db1)" 4000 9999 udp)
vm_exec web1 "guest raw eth0 80000 0 $frame </dev/null >/dev/null 2>&1 &" 5
tap=$(vm_tap web1)
capture_tap foreign db1 ether src "$(vm_mac web1)"
sent() {
	ip -n hv1 -j -s link show dev "$tap" | jq '.[0].stats64.rx.packets'
}
before=$(sent)

# When it is changed in every way
foreign 'an element is gone' delete element bridge zonelock strict "{ $tap }"
foreign 'a rule is gone' delete rule bridge zonelock prerouting handle "$(handle_of prerouting '@strict')"
foreign 'an accept comes first' insert rule bridge zonelock prerouting accept
foreign 'a chain is empty' flush chain bridge zonelock prerouting
foreign 'a set is empty' flush set bridge zonelock strict
foreign 'a strange chain' add chain bridge zonelock mine
foreign 'a strange set' add set bridge zonelock mine '{ type ipv4_addr; }'
foreign 'another domain is named' add element bridge zonelock strict "{ $(vm_tap web2) }"
foreign 'the table is gone' delete table bridge zonelock
foreign 'everything is gone' flush ruleset
foreign 'the table is dormant' add table bridge zonelock '{ flags dormant; }'
for _ in 1 2 3 4 5 6 7 8 9 10; do
	nft1 flush ruleset
done
soon 'ten times in a row' 3 repaired

# Then little slipped through, and the record says who
capture_stop foreign
escaped=$(pcap_count foreign)
flood=$(($(sent) - before))
check 'the guest sent without pause' test "$flood" -gt 2000
check "what escaped meanwhile: $escaped frames of $flood" test "$escaped" -lt $((flood / 4))
check 'the lease is the same' test "$(lease_of web1 '^applied$')" = "$lease"
check 'the log names the program' grep -q 'changed by .*nft' "$LAB/log/agent1.log"
check 'web2 is not cut off' vm_reaches web2 "$(vm_v4 db1)" 5432
check 'web1 is' vm_cannot_reach web1 "$(vm_v4 db1)" 5432
check 'release' zl release web1
check 'the audit chain is whole' audit_is_whole
