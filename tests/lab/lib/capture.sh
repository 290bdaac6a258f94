# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Captures, and what they say: times come from the kernel, never from zonelock.
#
# A float of seconds since 1970 holds a microsecond exactly; the reader is pcap.py.

# capture_start NAME NETNS INTERFACE [FILTER]: to $LAB/pcap/NAME.pcap.  NETNS: fabric, hvN.
capture_start() {
	local name=$1 ns=$2 interface=$3 run=()

	shift 3
	[ "$ns" = fabric ] || run=(ip netns exec "$ns")
	spawn "capture-$name" "${run[@]}" tcpdump -n -p -U -B 8192 --immediate-mode \
		-s 2048 --time-stamp-precision=nano -Z root -i "$interface" \
		-w "$LAB/pcap/$name.pcap" "$@"
	until_ok 5 grep -q 'listening on' "$LAB/log/capture-$name.log" ||
		die "capture $name: $(cat "$LAB/log/capture-$name.log")"
}

# capture_tap NAME VM [FILTER]
capture_tap() {
	local name=$1 vm=$2

	shift 2
	capture_start "$name" "hv$(vm_hv "$vm")" "$(vm_tap "$vm")" "$@"
}

capture_stop() {
	local name

	for name in "$@"; do
		stop "capture-$name" INT
		rm -f "$LAB/log/capture-$name.log"
	done
}

pcap_file() {
	echo "$LAB/pcap/$1.pcap"
}

# pcap_count NAME [FILTER]: how many frames match.
pcap_count() {
	local name=$1

	shift
	tcpdump -n -r "$(pcap_file "$name")" "$@" 2>/dev/null | wc -l
}

# pcap_first, pcap_last NAME [FILTER]: time of the frame, or nothing.
pcap_first() {
	local name=$1

	shift
	tcpdump -n -tt -r "$(pcap_file "$name")" "$@" 2>/dev/null | awk '{ print $1; exit }'
}

pcap_last() {
	local name=$1

	shift
	tcpdump -n -tt -r "$(pcap_file "$name")" "$@" 2>/dev/null | awk 'END { if (NR) print $1 }'
}

# flow_records NAME: the flow records in a capture, as JSON lines.
flow_records() {
	python3 "$ZL_LAB_DIR/flows.py" pcap "$(pcap_file "$1")"
}
