#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every NIC of a quarantined domain is contained, as many as fit into the machine.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 -- web1 db1
undo 'vm_destroy web1; vm_start web1; vm_wait web1'

strict_has() {
	grep -q "\"$1\"" <(ip netns exec hv1 nft list set bridge zonelock strict)
}

all_contained() {
	local i tap

	for i in $(seq 20); do
		tap=$(hv_tap 1 "$(printf 52:54:00:00:04:%02x "$i")")
		[ -n "$tap" ] && strict_has "$tap" || return 1
	done
}

check 'quarantine' zl quarantine web1 --strict
# When twenty more come, one after the other
for i in $(seq 20); do
	v 1 attach-interface web1 bridge br0 --mac "$(printf 52:54:00:00:04:%02x "$i")" \
		--model virtio --live >/dev/null || fail "hot-plug $i"
done
soon 'all are in the kernel' 3 all_contained
# Then they stay there longer than a tap of unknown owner is held
sleep 6
check 'and stay' all_contained
check 'nothing is only held' sh -c \
	'! ip netns exec hv1 nft list set bridge zonelock held | grep -q elements'
check 'the lease is applied' has_lease web1 '^applied$'
check 'release' zl release web1
soon 'none is left' 5 sh -c \
	'! ip netns exec hv1 nft list set bridge zonelock strict | grep -q elements'
