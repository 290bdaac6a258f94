# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zonelock itself in the lab: the controller in the fabric, an agent on each hypervisor.
#
# Roles run under their own users (lab_users).  Host objects are the examples as shipped:
# their paths are below /run/lab.

ZL_SOCKET=/run/lab/ctl/control.sock
EXAMPLES=$ZL_TOP/examples

# zl COMMAND...: the command line.
zl() {
	timeout 30 "$B/bin/zonelock" -c "$ZL_SOCKET" "$@"
}

zonelock_is_built() {
	local program

	for program in zonelock zonelockd zonelock-agent zonelock-exporter; do
		[ -x "$B/bin/$program" ] || return 1
	done
}

# agent_config N [LINE...]: write hvN's agent.conf, with more options below [agent].
agent_config() {
	local n=$1 dir=$LAB/hv$1

	shift
	install -d -m 0755 -o _zonelock-agent "$dir/agent"
	install -d -m 0700 -o _zonelock-agent "$dir/agent-state"
	cat >"$dir/agent.conf" <<-CONF
		[agent]
		socket = /run/lab/${dir##*/}/agent/agent.sock
		state-directory = $dir/agent-state
		user = _zonelock-agent
		socket-group = zonelock
		forensic-address = $FABRIC_V4@$FABRIC_MAC, $FABRIC_V6@$FABRIC_MAC
	CONF
	printf '%s\n' "$@" >>"$dir/agent.conf"
	chown root:root "$dir/agent.conf"
	chmod 0644 "$dir/agent.conf"
}

# service COMMAND...: run it with the priority that its systemd unit gives it (Nice=-10).
# Here each session is a scheduling group of its own, as each QEMU is one.
service() {
	exec setsid sh -c 'echo -10 2>/dev/null >/proc/self/autogroup
		exec nice -n -10 "$@"' sh "$@"
}

# agent_up N: in the hypervisor's namespaces; with the configuration that is there.
agent_up() {
	local n=$1

	[ -r "$LAB/hv$n/agent.conf" ] || agent_config "$n"
	rm -f "$LAB/hv$n/agent/agent.sock"
	spawn "agent$n" service nsenter -t "$(pid_of "hv$n")" -m -n -u -- \
		"$B/bin/zonelock-agent" --config "$LAB/hv$n/agent.conf"
	until_ok 10 test -S "$LAB/hv$n/agent/agent.sock" ||
		die "agent of hv$n: $(tail -3 "$LAB/log/agent$n.log")"
}

# agent_tool N COMMAND...: break-glass on the host.
agent_tool() {
	local n=$1

	shift
	hv_exec "$n" timeout 20 "$B/bin/zonelock-agent" --config "$LAB/hv$n/agent.conf" "$@"
}

# host_nft N: zonelock's table as nft prints it.
host_nft() {
	ip netns exec "hv$1" nft list table bridge zonelock
}

# controller_config [LINE...]: write zonelockd.conf.
controller_config() {
	install -d -m 0755 -o zonelock -g zonelock "$LAB/ctl"
	install -d -m 0750 -o zonelock -g zonelock "${ZL_STATE:-$LAB/state}"
	cat >"$LAB/zonelockd.conf" <<-CONF
		[zonelockd]
		state-directory = ${ZL_STATE:-$LAB/state}
		control-socket = $ZL_SOCKET
		listen = 0.0.0.0:2055, 0.0.0.0:4739, 0.0.0.0:6343
		actuator = yes
	CONF
	printf '%s\n' "$@" >>"$LAB/zonelockd.conf"
	chmod 0644 "$LAB/zonelockd.conf"
}

controller_answers() {
	timeout 5 "$B/bin/zonelock" -c "$ZL_SOCKET" daemon-status
}

# controller_start: without waiting for it.
controller_start() {
	[ -r "$LAB/zonelockd.conf" ] || controller_config
	spawn controller service "$B/bin/zonelockd" --config "$LAB/zonelockd.conf"
}

controller_up() {
	controller_start
	until_ok 15 controller_answers ||
		die "controller: $(tail -3 "$LAB/log/controller.log")"
}

controller_down() {
	stop controller
}

# role_pid ROLE: collector, engine, inventory, actuator; from the daemon itself.
role_pid() {
	zl daemon-status --json | jq -r --arg r "$1" '.roles[] | select(.name == $r) | .pid'
}

# ------------------------------------------------------------------- questions

host_state() {
	zl host-list --json | jq -r --arg h "$1" '.hosts[] | select(.name == $h) | .state'
}

host_is() {
	[ "$(host_state "$1")" = "$2" ]
}

# host_agent_is HOST STATE
host_agent_is() {
	[ "$(zl host-list --json |
		jq -r --arg h "$1" '.hosts[] | select(.name == $h) | .agent')" = "$2" ]
}

# domain_is NAME JQ-CONDITION, as in: domain_is web1 '.quarantined'
domain_is() {
	zl domain-list --json | jq -e --arg d "$1" \
		"[.domains[] | select(.name == \$d) | $2] | any" >/dev/null
}

# A domain is ready when its tap's index and its address are known.
domain_is_ready() {
	domain_is "$1" "(.stale | not) and ([.nics[].ifindex] | any(. > 0))"
}

# lease_of DOMAIN [STATE-REGEX]: id of its newest lease in force.
lease_of() {
	zl mitigation-list --json | jq -r --arg d "$1" --arg s "${2:-^(applied|degraded|pending)$}" \
		'[.mitigations[] | select(.domain == $d and (.state | test($s)))] | last.id // empty'
}

has_lease() {
	[ -n "$(lease_of "$@")" ]
}

has_no_lease() {
	! has_lease "$@"
}

# incident_of DOMAIN: id of its newest incident, if it changed since the scenario began.
incident_of() {
	zl incident-list --json |
		jq -r --arg d "$1" --argjson since "${SCENARIO_SINCE:-0}" '
			[.incidents[] | select(.domain == $d and .updated_ms >= $since)]
			| max_by(.updated_ms).id // empty'
}

has_incident() {
	[ -n "$(incident_of "$1")" ]
}

has_no_incident() {
	! has_incident "$1"
}

# lease_field ID JQ-PATH
lease_field() {
	zl mitigation-show "$1" --json | jq -r "$2 // empty"
}

audit_count() {
	zl audit-verify --json | jq -r .records
}

audit_is_whole() {
	zl audit-verify >/dev/null
}

# ---------------------------------------------------------------------- set-up

# define_hosts N...: enrol them, if they are not, and wait until libvirt and the agent are there.
define_hosts() {
	local n

	for n in "$@"; do
		[ -n "$(host_state "hv$n")" ] ||
			zl host-define "$EXAMPLES/host-hv$n.xml" >/dev/null ||
			die "host-define hv$n"
	done
	for n in "$@"; do
		until_ok 20 host_is "hv$n" up || die "hv$n is not up: $(zl host-list)"
		until_ok 20 host_agent_is "hv$n" up ||
			die "the agent of hv$n is not there: $(zl host-list)"
	done
}

# define_policy [LOCK-FILE]: the example zones and a lock.
define_policy() {
	local file

	for file in zone-web zone-db; do
		zl zone-define "$EXAMPLES/$file.xml" >/dev/null || die "$file is refused"
	done
	zl lock-define "$EXAMPLES/${1:-lock-db.xml}" >/dev/null || die "the lock is refused"
}

# From the fabric, which is no virtual machine.
fabric_reaches() {
	"$(cat "$LAB/image")/guest" connect "$1" "$2"
}
