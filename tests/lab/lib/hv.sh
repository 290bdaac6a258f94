# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hypervisors: a network, mount and UTS namespace each, with a libvirtd and a bridge.
#
# hvN has br0 (no address) with the uplink "ul" into the fabric's ul0, and "mg" with
# 172.31.0.N into mg0.  An anchor process keeps the namespaces while libvirtd is away.

# A libvirtd's first start asks every emulator what it can do, for seconds: keep that.
HV_CAPABILITIES=${ZL_LAB_CACHE:-$ZL_TOP/build/lab/cache}/capabilities

# hv_exec N COMMAND...: in its namespaces.
hv_exec() {
	local n=$1

	shift
	nsenter -t "$(pid_of "hv$n")" -m -n -u -- "$@"
}

# v N ARGUMENT...: virsh on hypervisor N.
v() {
	local n=$1

	shift
	timeout 60 virsh -q -c "qemu+unix:///system?socket=/run/lab/hv$n/libvirt-sock" "$@"
}

hv_config() {
	local n=$1 dir=$LAB/hv$1

	cat >"$dir/etc/libvirtd.conf" <<-CONF
		host_uuid = "aaaaaaaa-0000-4000-8000-00000000000$n"
		unix_sock_group = "zonelock-actuator"
		unix_sock_ro_perms = "0777"
		unix_sock_rw_perms = "0770"
		auth_unix_ro = "none"
		auth_unix_rw = "none"
		listen_tls = 0
		listen_tcp = 1
		tcp_port = "16509"
		auth_tcp = "none"
		listen_addr = "172.31.0.$n"
		mdns_adv = 0
		log_outputs = "2:file:/var/log/libvirt/libvirtd.log"
	CONF
	cat >"$dir/etc/qemu.conf" <<-CONF
		user = "root"
		group = "root"
		dynamic_ownership = 0
		remember_owner = 0
		security_driver = "none"
		namespaces = [ ]
		cgroup_controllers = [ ]
		stdio_handler = "file"
		max_core = 0
		migration_address = "172.31.0.$n"
		migration_host = "172.31.0.$n"
	CONF
	printf '127.0.0.1 localhost\n172.31.0.1 hv1\n172.31.0.2 hv2\n172.31.0.250 controller\n' \
		>"$dir/hosts"
	cp /usr/share/libvirt/nwfilter/*.xml "$dir/etc/nwfilter/" 2>/dev/null ||
		cp /etc/libvirt/nwfilter/*.xml "$dir/etc/nwfilter/"
}

hv_network() {
	local n=$1 kind

	ip netns add "hv$n"
	ip netns exec "hv$n" sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
	ip -n "hv$n" link set lo up
	for kind in ul mg; do
		ip link add "f-$kind$n" type veth peer name "$kind" netns "hv$n"
		ip link set "f-$kind$n" master "${kind}0" up
	done
	ip -n "hv$n" link add br0 type bridge forward_delay 0 stp_state 0
	ip -n "hv$n" link set br0 address "02:aa:00:00:00:0$n" up
	ip -n "hv$n" link set ul master br0 up
	ip -n "hv$n" link set mg up
	ip -n "hv$n" addr add "172.31.0.$n/24" dev mg
}

# hv_up N: namespaces, bridge and libvirtd; does not wait for libvirtd.
hv_up() {
	local n=$1 dir=$LAB/hv$1 part

	mkdir -p "$dir"/{run,lib,log,cache/qemu} "$dir"/etc/{nwfilter,qemu,hooks}
	chmod 0755 "$dir" "$dir"/{run,lib}
	hv_config "$n"
	hv_network "$n" || die "hv$n: no network"
	if [ -d "$HV_CAPABILITIES" ]; then
		cp -a "$HV_CAPABILITIES" "$dir/cache/qemu/capabilities"
	fi
	cat >"$dir/anchor" <<-SCRIPT
		set -e
		mount --make-rprivate /
		mkdir -p /run/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt
		mount --bind $dir/etc /etc/libvirt
		mount --bind $dir/run /run/libvirt
		mount --bind $dir/lib /var/lib/libvirt
		mount --bind $dir/log /var/log/libvirt
		mount --bind $dir/cache /var/cache/libvirt
		mount --bind $dir/hosts /etc/hosts
		hostname hv$n
		touch $dir/anchored
		exec sleep infinity
	SCRIPT
	spawn "hv$n" ip netns exec "hv$n" unshare --mount --uts bash "$dir/anchor"
	until_ok 10 test -e "$dir/anchored" || die "hv$n: $(cat "$LAB/log/hv$n.log")"
	for part in libvirt-sock libvirt-sock-ro; do
		ln -sf "run/$part" "$dir/$part"
	done
	hv_libvirtd "$n"
}

# hv_libvirtd N: start its libvirtd (again).
hv_libvirtd() {
	spawn "libvirtd$1" nsenter -t "$(pid_of "hv$1")" -m -n -u -- \
		libvirtd --listen -p "/run/libvirt/libvirtd.pid"
}

hv_answers() {
	timeout 5 virsh -q -c "qemu+unix:///system?socket=/run/lab/hv$1/libvirt-sock" \
		version
}

# hv_wait N...: until each libvirtd answers; keeps what the first one learned.
hv_wait() {
	local n dir

	for n in "$@"; do
		until_ok 60 hv_answers "$n" ||
			die "libvirtd of hv$n: $(tail -3 "$LAB/log/libvirtd$n.log")"
		dir=$LAB/hv$n/cache/qemu/capabilities
		if [ ! -d "$HV_CAPABILITIES" ] && [ -d "$dir" ]; then
			cp -a "$dir" "$HV_CAPABILITIES.$$" &&
				mv -T "$HV_CAPABILITIES.$$" "$HV_CAPABILITIES"
		fi
	done
}

# hv_tap N MAC: the tap of a NIC; libvirt gives it the NIC's address with first byte fe.
hv_tap() {
	ip -n "hv$1" -o link show 2>/dev/null |
		awk -v mac="fe:${2#*:}" '$0 ~ "link/ether " mac { sub(/[:@].*/, "", $2); print $2; exit }'
}

hv_ifindex() {
	ip -n "hv$1" -o link show dev "$2" | cut -d: -f1
}
