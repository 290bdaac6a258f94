# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Assertions of scenarios.  A scenario goes on after a failed one; its exit status says
# whether all held: 0, 1 failed, 77 skipped.

CHECK_OK=0
CHECK_BAD=0
CHECK_UNDO=()

ok() {
	CHECK_OK=$((CHECK_OK + 1))
	printf '    %sok%s    %s\n' "$C_OK" "$C_OFF" "$*"
}

fail() {
	CHECK_BAD=$((CHECK_BAD + 1))
	printf '    %sFAIL%s  %s\n' "$C_BAD" "$C_OFF" "$*"
}

skip() {
	echo "skip: $*"
	exit 77
}

# check DESCRIPTION COMMAND...: holds when the command succeeds; its output explains.
check() {
	local what=$1 output

	shift
	if output=$("$@" 2>&1); then
		ok "$what"
	else
		fail "$what (${*})"
		[ -z "$output" ] || tail -8 <<<"$output" | sed 's/^/          /'
	fi
}

# soon DESCRIPTION SECONDS COMMAND...: becomes true within that time.
soon() {
	local what=$1 seconds=$2

	shift 2
	if until_ok "$seconds" "$@"; then
		ok "$what"
	else
		fail "$what (not within $seconds s: $*)"
	fi
}

# never DESCRIPTION SECONDS COMMAND...: stays false for that time.
never() {
	local what=$1 end=$((SECONDS + $2))

	shift 2
	while [ "$SECONDS" -lt "$end" ]; do
		if "$@" >/dev/null 2>&1; then
			fail "$what ($*)"
			return
		fi
		sleep 0.2
	done
	ok "$what"
}

# same DESCRIPTION EXPECTED ACTUAL
same() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		fail "$1"
		diff <(echo "$2") <(echo "$3") | head -12 | sed 's/^/          /'
	fi
}

# refused DESCRIPTION STATUS COMMAND...: fails with that exit status and a sentence.
refused() {
	local what=$1 want=$2 output status

	shift 2
	output=$("$@" 2>&1)
	status=$?
	if [ "$status" = "$want" ] && grep -q '^error: ' <<<"$output"; then
		ok "$what: $(grep -m1 '^error: ' <<<"$output")"
	else
		fail "$what (status $status, wanted $want)"
		head -5 <<<"$output" | sed 's/^/          /'
	fi
}

# ------------------------------------------------------------------- scenarios

# undo COMMAND: at the end of the scenario, however it ends; the last one first.
undo() {
	CHECK_UNDO+=("$1")
}

# scenario_begin HV... -- VM...: a lab with these, zonelock running, the example policy,
# nothing quarantined.  What a shared lab already has is used again.
scenario_begin() {
	local hosts=() n name missing=()

	zonelock_is_built || skip "zonelock is not built in $B/bin"
	lab_up
	trap scenario_end EXIT
	trap 'exit 143' INT TERM HUP
	resume_all
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		hosts+=("$1")
		shift
	done
	[ $# = 0 ] || shift
	for n in "${hosts[@]}"; do
		is_alive "hv$n" || hv_up "$n"
		is_alive "libvirtd$n" || hv_libvirtd "$n"
	done
	hv_wait "${hosts[@]}"
	for name in "$@"; do
		vm_is_running "$name" || missing+=("$name")
	done
	[ ${#missing[@]} = 0 ] || vms_up "${missing[@]}"
	for n in "${hosts[@]}"; do
		is_alive "agent$n" || agent_up "$n"
	done
	is_alive controller || controller_up
	define_hosts "${hosts[@]}"
	define_policy
	release_all
	for name in "$@"; do
		until_ok 15 domain_is_ready "$name" ||
			die "$name is not known: $(zl domain-list)"
	done
	SCENARIO_SINCE=$(now_ms)
}

# What an earlier scenario stopped goes on.
resume_all() {
	local file

	for file in "$LAB"/pids/*; do
		[ ! -s "$file" ] || kill -CONT "$(cat "$file")" 2>/dev/null
	done
}

release_all() {
	local domain

	zl mitigation-list --json |
		jq -r '.mitigations[] | select(.state | test("pending|applied|degraded")) | .domain' |
		sort -u | while read -r domain; do
		zl release "$domain" --reason 'between scenarios' >/dev/null
	done
}

# exporters N...: a record for each packet, at once.
exporters() {
	local n

	for n in "$@"; do
		exporter_up "$n"
	done
	sleep 0.3
}

# From the trap: leave a shared lab as others expect it, and say how it went.
scenario_end() {
	local status=$? name i

	trap - EXIT
	if [ "$status" != 0 ] && [ "$status" != 77 ] || [ "$CHECK_BAD" -gt 0 ]; then
		scenario_logs
	fi
	for ((i = ${#CHECK_UNDO[@]} - 1; i >= 0; i--)); do
		eval "${CHECK_UNDO[i]}" >>"$LAB/log/undo.log" 2>&1
	done
	if [ $$ != 1 ]; then
		for name in "$LAB"/pids/capture-* "$LAB"/pids/exporter*; do
			[ ! -e "$name" ] || stop "${name##*/}"
		done
	fi
	if [ "$status" = 0 ] && [ "$CHECK_BAD" -gt 0 ]; then
		status=1
	fi
	if [ $$ = 1 ]; then
		(exit "$status")
		lab_down
	fi
	exit "$status"
}

# The last lines of what ran, for a failed scenario.
scenario_logs() {
	local log

	for log in controller agent1 agent2; do
		[ -s "$LAB/log/$log.log" ] || continue
		echo "    --- $log"
		tail -6 "$LAB/log/$log.log" | sed 's/^/    /'
	done
}

# ------------------------------------------------------------- shared courses

# flow_seen SOURCE PORT: zonelock has a flow from there.
flow_seen() {
	zl flow-list --json --limit 1000 | jq -e --arg s "$1" --argjson p "$2" \
		'[.flows[] | select((.src == $s and .sport == $p) or (.dst == $s and .dport == $p))]
		| length > 0' >/dev/null
}

# lease_was DOMAIN STATE: there is a lease of it in that state, ended or not.
lease_was() {
	zl mitigation-list --all --json | jq -e --arg d "$1" --arg s "$2" \
		'[.mitigations[] | select(.domain == $d and .state == $s)] | length > 0' >/dev/null
}

# automatic_quarantine OFFENDER BYSTANDER v4|v6: what the lock in the examples is for.
automatic_quarantine() {
	local who=$1 other=$2 target lease beat

	target=$("vm_$3" db1)
	exporters 1 2
	# Given traffic that the lock allows, with a connection that stays
	check "$who uses db1" vm_reaches "$who" "$target" 5432
	beat_start "$who" "$target" 5432 5 11
	never 'nothing happens' 2 has_lease "$who"
	# When it opens ssh to db1
	vm_reaches "$who" "$target" 22 >/dev/null
	soon 'it is quarantined' 10 has_lease "$who" '^applied$'
	lease=$(lease_of "$who")
	# Then the record says why, and only this domain is cut off
	check 'by the lock' grep -q db-lock <(zl mitigation-show "$lease" --json)
	check 'on its own host' test "$(lease_field "$lease" .host)" = "hv$(vm_hv "$who")"
	check 'with an incident' has_incident "$who"
	check 'one lease only' test "$(zl mitigation-list --json |
		jq --arg d "$who" '[.mitigations[] | select(.domain == $d)] | length')" = 1
	check 'it does not reach db1' vm_cannot_reach "$who" "$target" 5432
	check 'the bystander does' vm_reaches "$other" "$target" 5432
	check 'db1 is left alone' has_no_lease db1
	beat=$(beat_result "$who")
	check "its connection died: $beat" awk '{ split($1, s, "="); split($2, e, "=")
		exit !(s[2] > e[2] + 100 || $4 != "errno=0") }' <<<"$beat"
	# And nothing from before the release acts after it: no record, nor what the guest
	# had not got through and sends again when it closes the connection
	check 'release' zl release "$who"
	soon 'it is back' 5 vm_reaches "$who" "$target" 5432
	never 'it stays free' 6 has_lease "$who"
	check 'the audit chain is whole' audit_is_whole
}
