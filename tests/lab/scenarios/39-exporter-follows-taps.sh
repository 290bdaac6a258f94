#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zonelock-exporter tells pmacctd of taps that come, and never runs two of them.
#
# A host of its own, hv9, has nothing but taps, each with a sender for a guest.
. "$(dirname "$0")/../lib.sh"
scenario_begin
undo 'for file in "$LAB"/pids/tap-*; do stop "${file##*/}"; done; ip netns del hv9'

# tap_up NAME NUMBER
tap_up() {
	rm -f "$LAB/log/tap-$1.log"
	spawn "tap-$1" ip netns exec hv9 python3 "$ZL_LAB_DIR/tap.py" "$1" "$2"
	until_ok 5 grep -q ready "$LAB/log/tap-$1.log" || die "$(cat "$LAB/log/tap-$1.log")"
}

# exported NUMBER: packets of that sender, and from which interfaces, by all records so far
exported() {
	flow_records taps | jq -rs --arg s "10.2.0.$1" 'map(select(.src == $s))
		| "\(map(.packets) | add // 0) \(map(.in_if) | unique | join(","))"'
}

# its_own NUMBER INDEX: the last records of the sender name that interface
its_own() {
	flow_records taps | jq -se --arg s "10.2.0.$1" --argjson i "$2" \
		'map(select(.src == $s)) | length > 50 and all(.[-20:][]; .in_if == $i)'
}

# Processes of pmacctd that capture, in all of hv9
cores() {
	ip netns pids hv9 | while read -r pid; do
		grep -qz 'Core Process' "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
	done | wc -l
}

never_two() {
	local end=$((SECONDS + $1))

	while [ "$SECONDS" -lt "$end" ]; do
		[ "$(cores)" -le 1 ] || return 1
		sleep 0.02
	done
	[ "$(cores)" = 1 ]
}

mkdir -p "$LAB/hv9"
ip netns add hv9
ip link add f-mg9 type veth peer name mg netns hv9
ip link set f-mg9 master mg0 up
ip -n hv9 link set mg up
ip -n hv9 addr add 172.31.0.9/24 dev mg
capture_start taps fabric mg0 udp port 2055 and src 172.31.0.9

# Given a host with two taps
tap_up vnet0 1
tap_up vnet1 2
exporter_up 9
pids=$(exporter_pids 9)
check 'pmacctd is nobody in particular' test "$(ps -o user:20= -p "${pids%% *}")" = \
	_zonelock-exporter

# When a tap comes and another one goes
sleep 1.2
tap_up vnet2 3
soon 'the new tap is heard' 5 exporter_listens 9
stop tap-vnet1
tap_up vnet3 4
soon 'and the next' 5 exporter_listens 9
soon 'with its own index' 8 its_own 4 "$(hv_ifindex 9 vnet3)"
# Then nobody had to start again, and nothing of the others was lost
same 'the same pmacctd' "$pids" "$(exporter_pids 9)"
index=$(hv_ifindex 9 vnet0)
stop tap-vnet0
sleep 1.5
same 'all packets of a tap that stayed, from its own index' \
	"$(sed -n 's/^sent //p' "$LAB/log/tap-vnet0.log") $index" "$(exported 1)"

# When a name comes back for another tap
stop tap-vnet3
until_ok 5 test ! -e "/proc/$(pid_of tap-vnet3)"
tap_up vnet3 5
soon 'the tap is heard' 5 exporter_listens 9
soon 'with its own index' 8 its_own 5 "$(hv_ifindex 9 vnet3)"
check 'by another pmacctd' test "$pids" != "$(exporter_pids 9)"
check 'by one' test "$(cores)" = 1

# When pmacctd, or the exporter, is killed
kill -KILL "$(exporter_pids 9 | cut -d' ' -f1)"
check 'never two of them' never_two 3
soon 'the taps are heard again' 3 exporter_listens 9
kill -KILL "$(pid_of exporter9)"
exporter_up 9 &
check 'nor after the exporter was killed' never_two 5
wait $!
check 'the taps are heard' exporter_listens 9
exporter_down 9
same 'and none is left' 0 "$(cores)"
