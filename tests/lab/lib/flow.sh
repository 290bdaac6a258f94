# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Flow exporters: one pmacctd with nfprobe on each hypervisor, with tap evidence.
#
# pcap_interfaces_map makes it listen on every tap for what the guest sends, and say the
# tap's kernel index as ingress interface.  The map is read at start only (after a reload
# other taps come out as 0), so restart it when taps come and go.
#
#	immediate	one record per packet, at once (nfprobe_dont_cache)
#	cached		flows with the shortest timeouts, a record after 1 to 2.5 s

# exporter_up N [immediate|cached]
exporter_up() {
	local n=$1 mode=${2:-immediate} dir=$LAB/hv$1 tap index port=2055

	stop "exporter$n"
	: >"$dir/taps"
	while read -r index tap; do
		echo "ifindex=$index ifname=$tap direction=in" >>"$dir/taps"
	done < <(ip -n "hv$n" -o link show master br0 |
		awk -F'[:@ ]+' '$2 != "ul" { print $1, $2 }')
	cat >"$dir/pmacctd.conf" <<-CONF
		daemonize: false
		debug: false
		pcap_interfaces_map: $dir/taps
		pcap_ifindex: map
		aggregate: src_mac, dst_mac, vlan, src_host, dst_host, src_port, dst_port, proto, tos, tcpflags, in_iface
		plugins: nfprobe
		nfprobe_receiver: $MGMT:$port
		nfprobe_source_ip: 172.31.0.$n
		nfprobe_version: ${EXPORTER_VERSION:-10}
		nfprobe_timeouts: tcp=1:tcp.rst=1:tcp.fin=1:udp=1:icmp=1:general=1:maxlife=1:expint=1
		nfprobe_dont_cache: $([ "$mode" = immediate ] && echo true || echo false)
	CONF
	spawn "exporter$n" ip netns exec "hv$n" pmacctd -f "$dir/pmacctd.conf"
	echo "$mode" >"$dir/exporter-mode"
	until_ok 10 exporter_listens "$n" ||
		die "exporter of hv$n: $(tail -3 "$LAB/log/exporter$n.log")"
}

# Every tap of the map has its packet socket (they show with their index).
exporter_listens() {
	local n=$1 index sockets

	is_alive "exporter$n" || return 1
	sockets=$(ip netns exec "hv$n" cat /proc/net/packet)
	while read -r index; do
		awk -v i="$index" '$5 == i { found = 1 } END { exit !found }' \
			<<<"$sockets" || return 1
	done < <(sed -n 's/^ifindex=\([0-9]*\) .*/\1/p' "$LAB/hv$n/taps")
}

# exporter_restart N: after taps came or went.
exporter_restart() {
	exporter_up "$1" "$(cat "$LAB/hv$1/exporter-mode")"
}

exporter_down() {
	stop "exporter$1"
}
