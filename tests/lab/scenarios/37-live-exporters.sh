#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What real exporters send about known traffic adds up in zonelock to what was sent, to the
# packet and to the byte.
. "$(dirname "$0")/../lib.sh"
for tool in softflowd ovs-vswitchd ovsdb-server; do
	PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null || skip "$tool is not installed"
done
scenario_begin
undo 'zl host-undefine wire; wire_down'

# got EXPORTER-ADDRESS: what zonelock has of it, in the form of wire.py
got() {
	zl flow-list --json --limit 8192 | jq -c --arg e "$1" '
		[.flows[] | select(.exporter == $e and (.src | test("^10[.]3[.]0[.]|^fd03::")))
			| if .proto == 1 or .proto == 58 then .sport = 0 | .dport = 0 else . end]
		| group_by([.src, .dst, .proto, .sport, .dport])[]
		| (.[0] | {src, dst, proto, sport, dport})
			+ {packets: (map(.packets) | add), bytes: (map(.bytes) | add)}' | LC_ALL=C sort
}

# wanted FAMILY EXTRA
wanted() {
	jq -c --arg family "$1" --argjson extra "$2" '
		select($family == "46" or (.src | test(":") | not))
		| .bytes += .packets * $extra' "$LAB/wire.sent" | LC_ALL=C sort
}

agrees() {
	[ -s "$LAB/wire.sent" ] && [ "$(got "172.31.2.$(wire_field "$1" 2)")" = \
		"$(wanted "$(wire_field "$1" 3)" "$(wire_field "$1" 4)")" ]
}

# Given a host with all of them, and zonelock that hears them
cat >"$LAB/wire.xml" <<-'XML'
	<host>
	  <name>wire</name>
	  <libvirt uri='test:///default'/>
	  <exporter address='172.31.2.0/24' interfaces='none'/>
	</host>
XML
check 'the host is enrolled' zl host-define "$LAB/wire.xml"
wire_up known "$LAB/wire.sent"
for name in $(wire_names); do
	wire_exporter "$name"
done
sleep 2
# When they have seen 82 conversations' directions by both protocols
kill -USR1 "$(pid_of wire)"
until_ok 10 test -s "$LAB/wire.sent" || die "nothing was sent: $(cat "$LAB/log/wire.log")"
# Then each has told of all of it, once
for name in $(wire_names); do
	soon "$name" 10 agrees "$name"
done
sleep 2
for name in $(wire_names); do
	address=172.31.2.$(wire_field "$name" 2)
	same "$name: no packet and no byte more or less" \
		"$(wanted "$(wire_field "$name" 3)" "$(wire_field "$name" 4)")" "$(got "$address")"
done
