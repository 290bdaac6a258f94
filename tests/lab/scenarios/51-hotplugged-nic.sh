#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A NIC that is hot-plugged to a quarantined domain sends no frame past its tap; and after
# the release its exporter knows it, without anybody starting anything again.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 -- web1 db1
mac=52:54:00:00:01:05
exporters 1
pids=$(exporter_pids 1)
undo "v 1 detach-interface web1 bridge --mac $mac --live"

check 'quarantine' zl quarantine web1 --strict
capture_tap db1 db1 ether src "$mac"
capture_start ul hv1 ul ether src "$mac"

# When a NIC comes: the guest brings it up at once and speaks IPv6
check 'hot-plug' v 1 attach-interface web1 bridge br0 --mac "$mac" --model virtio --live
soon 'the guest has it' 20 vm_exec web1 'ip link show eth1 up | grep -q UP' 2
sleep 6
tap=$(hv_tap 1 "$mac")
check 'it spoke' test "$(ip -n hv1 -j -s link show dev "$tap" |
	jq '.[0].stats64.rx.packets')" -gt 0
capture_stop db1 ul
same 'no frame reached db1' 0 "$(pcap_count db1)"
same 'no frame left the host' 0 "$(pcap_count ul)"
check 'the kernel has it in the set' grep -q "\"$tap\"\| $(hv_ifindex 1 "$tap")" \
	<(ip netns exec hv1 nft list set bridge zonelock strict)

# Then the release covers it too
check 'release' zl release web1
vm_exec web1 'ip addr add 10.0.0.105/24 dev eth1; arping -c 1 -w 2 -I eth1 10.0.0.7' >/dev/null
soon 'the new NIC speaks' 8 vm_exec web1 'arping -c 1 -w 1 -I eth1 10.0.0.7' 3

# And what it sends has tap evidence, by the exporter that ran before it came
send() {
	vm_exec web1 "guest raw eth1 2 5 $(python3 "$ZL_LAB_DIR/forge.py" "$mac" \
		"$(vm_mac db1)" 10.0.5.105 10.0.5.7 40000 53 udp)" >/dev/null
}
tap_evidence() {
	send
	zl flow-list --json --limit 200 | jq -e '[.flows[] | select(.src == "10.0.5.105")]
		| length > 0 and all(.src_domain == "web1" and .evidence == "tap")' >/dev/null
}
soon 'its flows have tap evidence' 8 tap_evidence
same 'the same pmacctd' "$pids" "$(exporter_pids 1)"
