# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A wire: two taps on an Open vSwitch (userspace datapath) in a namespace of its own, and
# real exporters on it, each with an address of its own.  No machines, no libvirt.
#
# The row of an exporter, below, is all that there is to say about it:
#	number	its address is 172.31.2.NUMBER, it sends to 172.31.3.NUMBER
#	family	4, or 46 when it reports IPv6 too
#	extra	bytes of each packet that it counts beside the IP packet
#	run	no: not run
# and how it is started, in wire_exporter, with the shortest delay that it can do.

WIRE_TABLE='
softflowd-v5	1	4	0	yes
softflowd-v9	2	46	0	yes
softflowd-ipfix	3	46	0	yes
pmacctd-v9	4	46	0	yes
pmacctd-ipfix	5	46	0	yes
ovs-v5	6	4	14	yes
ovs-ipfix	7	46	0	yes
ovs-sflow	8	46	18	yes
'

wire_exec() {
	ip netns exec wire "$@"
}

# wire_up known FILE | single PER-SECOND: as wire.py
wire_up() {
	local number end

	ip netns add wire
	ip link add f-wire type veth peer name mg netns wire
	ip link set f-wire master mg0 up
	ip -n wire link set lo up
	ip -n wire link set mg up
	ip -n wire addr add 172.31.2.250/24 dev mg
	ip addr add 172.31.2.254/24 dev mg0
	while read -r _ number _; do
		[ -n "$number" ] || continue
		ip addr add "172.31.3.$number/32" dev mg0
		ip -n wire addr add "172.31.2.$number/24" dev mg
		ip -n wire route add "172.31.3.$number" via 172.31.2.254 src "172.31.2.$number"
	done <<<"$WIRE_TABLE"
	rm -f "$LAB/log/wire.log"
	spawn wire ip netns exec wire python3 "$ZL_LAB_DIR/wire.py" "$@"
	until_ok 10 grep -q ready "$LAB/log/wire.log" || die "$(cat "$LAB/log/wire.log")"
	wire_switch_up
	for end in wa wb; do
		ovs add-port wire0 "$end"
	done
}

ovs() {
	ovs-vsctl --timeout=10 "--db=unix:$LAB/ovs/db.sock" "$@"
}

wire_switch_up() {
	local dir=$LAB/ovs

	mkdir -p "$dir" /run/openvswitch
	export OVS_RUNDIR=$dir OVS_DBDIR=$dir OVS_LOGDIR=$dir
	ovsdb-tool create "$dir/conf.db" /usr/share/openvswitch/vswitch.ovsschema
	spawn ovsdb ovsdb-server "$dir/conf.db" "--remote=punix:$dir/db.sock"
	until_ok 10 test -S "$dir/db.sock" || die "$(tail -2 "$LAB/log/ovsdb.log")"
	spawn ovs ip netns exec wire ovs-vswitchd "unix:$dir/db.sock" --disable-system
	ovs -- add-br wire0 -- set bridge wire0 datapath_type=netdev ||
		die "$(tail -2 "$LAB/log/ovs.log")"
}

wire_down() {
	local name number

	for name in $(wire_names all) wire ovs ovsdb; do
		stop "$name"
	done
	ip netns del wire
	ip addr del 172.31.2.254/24 dev mg0
	while read -r _ number _; do
		[ -z "$number" ] || ip addr del "172.31.3.$number/32" dev mg0
	done <<<"$WIRE_TABLE"
	rm -rf "$LAB/ovs"
}

# wire_names [all]: those that are run.
wire_names() {
	awk -v all="${1:-}" 'NF && ($5 == "yes" || all != "") { print $1 }' <<<"$WIRE_TABLE"
}

wire_field() {
	awk -v name="$1" -v field="$2" '$1 == name { print $field }' <<<"$WIRE_TABLE"
}

# wire_exporter NAME: start it.  Open vSwitch's enable-output-sampling means the opposite of
# what its manual says (docs/exporters.md); without it each packet is told twice.
wire_exporter() {
	local name=$1 number

	number=$(wire_field "$name" 2)
	case $name in
	softflowd-v5) wire_softflowd "$name" "$number" 5 ;;
	softflowd-v9) wire_softflowd "$name" "$number" 9 ;;
	softflowd-ipfix) wire_softflowd "$name" "$number" 10 ;;
	pmacctd-v9) wire_pmacctd "$name" "$number" 9 ;;
	pmacctd-ipfix) wire_pmacctd "$name" "$number" 10 ;;
	ovs-v5) ovs -- --id=@x create NetFlow "targets=\"172.31.3.$number:2055\"" \
		active_timeout=1 -- set bridge wire0 netflow=@x >/dev/null ;;
	ovs-ipfix) ovs -- --id=@x create IPFIX "targets=\"172.31.3.$number:4739\"" sampling=1 \
		cache_active_timeout=0 cache_max_flows=0 \
		other_config:enable-output-sampling=true -- set bridge wire0 ipfix=@x >/dev/null ;;
	ovs-sflow) ovs -- --id=@x create sFlow "targets=\"172.31.3.$number:6343\"" agent=mg \
		sampling=1 polling=10 header=128 -- set bridge wire0 sflow=@x >/dev/null ;;
	esac
}

# Settings of the two below: WIRE_CACHE, WIRE_IMMEDIATE; both yes when not set.

# wire_softflowd NAME NUMBER VERSION: libpcap keeps its packets until a block of the ring is
# full, if it is not told otherwise (docs/exporters.md).
wire_softflowd() {
	local name=$1 preload=$B/bin/zonelock-immediate.so timeout timeouts=()

	[ "${WIRE_IMMEDIATE:-yes}" = yes ] || preload=
	for timeout in tcp tcp.rst tcp.fin udp icmp general maxlife expint; do
		timeouts+=(-t "$timeout=1")
	done
	spawn "$name" ip netns exec wire env "LD_PRELOAD=$preload" softflowd -d -N -6 \
		-v "$3" -T ether -A milli -i "$(wire_exec cat /sys/class/net/wa/ifindex):wa" \
		"${timeouts[@]}" -n "172.31.3.$2:2055" -p "$LAB/$name.pid" -c none
}

# wire_pmacctd NAME NUMBER VERSION: as the admin is told to run it.
wire_pmacctd() {
	local name=$1

	printf '%s\n' '[exporter]' "collector = 172.31.3.$2:2055" "version = $3" \
		"cache = ${WIRE_CACHE:-yes}" \
		"immediate = ${WIRE_IMMEDIATE:-yes}" "run-directory = $LAB/$name.run" >"$LAB/$name.conf"
	spawn "$name" ip netns exec wire "$B/bin/zonelock-exporter" --config "$LAB/$name.conf"
}
