#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Wrong configurations, objects and datagrams: a sentence each, and nothing changes.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 -- web1 db1

# One sentence on stderr that starts with "error:" and names what is wrong.
says() {
	local what=$1 word=$2 output status

	shift 2
	output=$(timeout 10 "$@" 2>&1)
	status=$?
	if [ "$status" != 0 ] && [ "$status" != 124 ] && grep -q "$word" <<<"$output" &&
		[ "$(wc -l <<<"$output")" -le 3 ]; then
		ok "$what: $(tail -1 <<<"$output")"
	else
		fail "$what (status $status)"
		head -5 <<<"$output" | sed 's/^/          /'
	fi
}

printf '[zonelockd]\nlistne = 1\n' >"$LAB/bad.conf"
says 'unknown option' listne "$B/bin/zonelockd" --config "$LAB/bad.conf"
printf '[zonelockd]\nlibvirt-deadline = soon\n' >"$LAB/bad.conf"
says 'not a number' libvirt-deadline "$B/bin/zonelockd" --config "$LAB/bad.conf"
says 'no file' none.conf "$B/bin/zonelockd" --config "$LAB/none.conf"
cp "$LAB/hv1/agent.conf" "$LAB/open.conf"
chmod 0666 "$LAB/open.conf"
says 'an agent configuration that others may write' open.conf \
	"$B/bin/zonelock-agent" --config "$LAB/open.conf"

# Objects are refused whole; the previous one stays
zl lock-dumpxml db-lock >"$LAB/before.xml"
sed "s/<zone>db</<zone>nowhere</" "$EXAMPLES/lock-db.xml" >"$LAB/bad.xml"
refused 'a lock of an unknown zone' 1 zl lock-define "$LAB/bad.xml"
sed "s/protocol='tcp'/protocol='carrier-pigeon'/" "$EXAMPLES/lock-db.xml" >"$LAB/bad.xml"
refused 'an unknown protocol' 1 zl lock-define "$LAB/bad.xml"
head -c 300 "$EXAMPLES/lock-db.xml" >"$LAB/bad.xml"
refused 'an XML file cut short' 1 zl lock-define "$LAB/bad.xml"
printf '<!DOCTYPE l [<!ENTITY e SYSTEM "file:///etc/passwd">]>\n<lock><name>&e;</name></lock>' \
	>"$LAB/bad.xml"
refused 'an external entity' 1 zl lock-define "$LAB/bad.xml"
same 'the lock is what it was' "$(cat "$LAB/before.xml")" "$(zl lock-dumpxml db-lock)"

# Datagrams that are no flow records are counted by reason, from an enrolled exporter only
hv_exec 1 python3 - "$MGMT" <<'PY'
import os, socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
to = (sys.argv[1], 2055)
for i in range(50):
    s.sendto(os.urandom(i + 1), to)
s.sendto(struct.pack("!HHIII", 10, 4000, 0, 0, 0), to)
s.sendto(struct.pack("!HHIII", 10, 20, 0, 0, 0) + struct.pack("!HH", 2, 3), to)
PY
dropped() {
	[ "$(zl exporter-list --json |
		jq '[.exporters[] | select(.address == "172.31.0.1") | .drops[]] | add // 0')" -ge 40 ]
}
soon 'malformed datagrams are counted' 5 dropped
check 'the controller is fine' controller_answers
check 'nobody is quarantined' has_no_lease web1
