# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Flow exporters: zonelock-exporter on each hypervisor, which runs one pmacctd with tap
# evidence and follows the taps as they come and go.
#
#	immediate	one record per packet, at once (cache = no)
#	cached		flows with the shortest timeouts, a record after 1 to 2.5 s

# exporter_up N [immediate|cached]: start it, again if it runs.
exporter_up() {
	local n=$1 mode=${2:-immediate} dir=$LAB/hv$1

	stop "exporter$n"
	cat >"$dir/exporter.conf" <<-CONF
		[exporter]
		collector = $MGMT:2055
		source-address = 172.31.0.$n
		version = ${EXPORTER_VERSION:-10}
		cache = $([ "$mode" = immediate ] && echo no || echo yes)
		run-directory = $dir/exporter
	CONF
	spawn "exporter$n" service ip netns exec "hv$n" \
		"$B/bin/zonelock-exporter" --config "$dir/exporter.conf"
	until_ok 10 exporter_listens "$n" ||
		die "exporter of hv$n: $(tail -3 "$LAB/log/exporter$n.log")"
}

# exporter_pids N: the processes of its pmacctd: core and plugin.
exporter_pids() {
	local core

	core=$(pgrep -P "$(pid_of "exporter$1")") && pgrep -P "$core" | sed "s/^/$core /"
}

# exporter_listens N: every guest's tap has its packet socket (they show with their index).
exporter_listens() {
	local n=$1 index sockets

	is_alive "exporter$n" && [ -s "$LAB/hv$n/exporter/taps.map" ] || return 1
	sockets=$(ip netns exec "hv$n" cat /proc/net/packet)
	while read -r index; do
		awk -v i="$index" '$5 == i { found = 1 } END { exit !found }' \
			<<<"$sockets" || return 1
	done < <(ip -n "hv$n" -o link show up | sed -n 's/^\([0-9]*\):.* link\/ether fe:.*/\1/p')
}

exporter_down() {
	stop "exporter$1"
}
