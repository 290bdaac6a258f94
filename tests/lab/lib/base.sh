# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab's directory, the fabric's network, users, processes and progress lines.

FABRIC_V4=10.0.0.250
FABRIC_V6=fd00::250
MGMT=172.31.0.250
FABRIC_MAC=02:aa:00:00:00:fa
export FABRIC_V4 FABRIC_V6 FABRIC_MAC MGMT

if [ -t 1 ] || [ -n "${ZL_LAB_COLOUR:-}" ]; then
	C_OK=$'\e[32m' C_BAD=$'\e[31m' C_HEAD=$'\e[1;36m' C_DIM=$'\e[2m' C_BOLD=$'\e[1m' C_OFF=$'\e[0m'
else
	C_OK='' C_BAD='' C_HEAD='' C_DIM='' C_BOLD='' C_OFF=''
fi

# note TEXT: a line of progress.
note() {
	printf '%s  %s%s\n' "$C_DIM" "$*" "$C_OFF"
}

# die TEXT: give up; the lab is taken down by the trap.
die() {
	printf '%serror: %s%s\n' "$C_BAD" "$*" "$C_OFF" >&2
	exit 1
}

now_ms() {
	date +%s%3N
}

# until_ok SECONDS COMMAND...: repeat until it succeeds.
until_ok() {
	local end=$((SECONDS + $1))

	shift
	while ! "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# ------------------------------------------------------------------- processes

# spawn NAME COMMAND...: start in the background, output to $LAB/log/NAME.log.
spawn() {
	local name=$1

	shift
	"$@" </dev/null >>"$LAB/log/$name.log" 2>&1 &
	echo $! >"$LAB/pids/$name"
	disown $!
}

pid_of() {
	cat "$LAB/pids/$1" 2>/dev/null
}

# is_alive NAME: started by spawn and still there (a zombie is not).
is_alive() {
	local pid

	pid=$(pid_of "$1") && [ -n "$pid" ] &&
		grep -q '^State:[[:space:]]*[^ZX]' "/proc/$pid/status" 2>/dev/null
}

is_gone() {
	! is_alive "$1"
}

# stop NAME [SIGNAL]: end it and wait, with KILL after ten seconds.
stop() {
	local name=$1 pid

	if is_alive "$name"; then
		pid=$(pid_of "$name")
		kill "-${2:-TERM}" "$pid" 2>/dev/null
		kill -CONT "$pid" 2>/dev/null
		until_ok 10 is_gone "$name" || kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	fi
	rm -f "$LAB/pids/$name"
}

# --------------------------------------------------------------------- the lab

# The users of zonelock exist in the lab only: a passwd made from the machine's.
lab_users() {
	local root=$LAB/users

	mkdir -p "$root/etc"
	cp /etc/passwd /etc/group "$root/etc/"
	(umask 077; : >"$root/etc/shadow"; : >"$root/etc/gshadow")
	systemd-sysusers --root="$root" - <"$ZL_TOP/systemd/zonelock.sysusers" \
		>"$LAB/log/users.log" 2>&1 || die "users: $(cat "$LAB/log/users.log")"
	mount --bind "$root/etc/passwd" /etc/passwd
	mount --bind "$root/etc/group" /etc/group
}

lab_fabric() {
	local bridge

	sysctl -q -w net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
	for bridge in ul0 mg0; do
		ip link add "$bridge" type bridge forward_delay 0 stp_state 0
		ip link set "$bridge" up
	done
	ip link set ul0 address "$FABRIC_MAC"
	ip addr add "$FABRIC_V4/24" dev ul0
	ip addr add "$FABRIC_V6/64" dev ul0 nodad
	ip addr add "$MGMT/24" dev mg0
}

# lab_up: make the lab, or join the one of a suite when LAB is already set.
lab_up() {
	if [ -n "${LAB:-}" ]; then
		return 0
	fi
	[ $$ = 1 ] || die "lab_up: not in namespaces of its own"
	LAB=$(mktemp -d /tmp/zl-lab.XXXXXX)
	export LAB
	trap lab_down EXIT
	trap 'exit 130' INT TERM HUP
	chmod 0755 "$LAB"
	mkdir -p "$LAB"/{log,pids,vm,pcap,con,ctl}
	ln -s "$LAB" /run/lab
	IMAGE=$("$ZL_LAB_DIR/mkimage") || die "cannot build the guests' image"
	echo "$IMAGE" >"$LAB/image"
	lab_users
	lab_fabric
}

# lab_down: from the trap.  Only process 1 of our own pid namespace may do this, so
# "every process" is every process of the lab.
lab_down() {
	local status=$?

	trap - EXIT INT TERM HUP
	if [ $$ != 1 ] || [ -z "${LAB:-}" ]; then
		return
	fi
	kill -KILL -1 2>/dev/null
	if [ -n "${ZL_LAB_KEEP:-}" ]; then
		echo "kept: $LAB"
	else
		rm -rf "$LAB"
	fi
	exit "$status"
}
