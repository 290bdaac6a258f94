#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An operator cuts a domain off by hand, and gives it back.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 -- web1 web2 db1

# Given web1 with an established connection to db1
check 'web1 uses db1' vm_reaches web1 "$(vm_v4 db1)" 5432
capture_tap db1 db1 ether src "$(vm_mac web1)"
beat_start web1 "$(vm_v4 db1)" 5432 10 6

# When it is quarantined, forensically
sleep 1
check 'quarantine is applied' zl quarantine web1 --forensic --ttl 600 --reason 'looks odd'
lease=$(lease_of web1 '^applied$')
check 'its lease is applied and read back' test -n "$lease"

# Then the connection dies, and nothing of web1 reaches db1 after the commit
check 'the host has it in the forensic set' \
	grep -q "$(vm_ifindex web1)\|$(vm_tap web1)" <(host_nft 1 | sed -n '/set forensic {/,/}/p')
check 'domain-list says quarantined' domain_is web1 .quarantined
check 'web1 does not reach db1 by IPv4' vm_cannot_reach web1 "$(vm_v4 db1)" 5432
check 'web1 does not reach db1 by IPv6' vm_cannot_reach web1 "$(vm_v6 db1)" 5432
check 'the forensic address reaches web1' busybox ping -c 2 -w 4 "$(vm_v4 web1)"
check 'web2 still uses db1' vm_reaches web2 "$(vm_v4 db1)" 5432
beat=$(beat_result web1)
check "the connection died: $beat" awk '{ split($1, s, "="); split($2, e, "=")
	exit !(s[2] - e[2] > 50 || $4 != "errno=0") }' <<<"$beat"
capture_stop db1
committed=$(lease_field "$lease" .timings.committed_us)
last=$(pcap_last db1)
check 'no frame of web1 at db1 after the commit' awk -v l="$last" -v c="$committed" \
	'BEGIN { exit !(l != "" && l * 1e6 <= c + 500) }'

# And strict leaves nothing at all
check 'release' zl release web1 --reason 'false alarm'
check 'quarantine, strictly' zl quarantine web1 --strict
check 'the forensic address does not reach web1' sh -c \
	"! busybox ping -c 2 -w 3 $(vm_v4 web1)"

# When it is released, then everything is back
check 'release again' zl release web1
check 'web1 uses db1 again' vm_reaches web1 "$(vm_v4 db1)" 5432
check 'by IPv6 too' vm_reaches web1 "$(vm_v6 db1)" 5432
check 'no lease is left' has_no_lease web1
check 'domain-list says so' domain_is web1 '.quarantined | not'
refused 'an unknown domain' 3 zl quarantine nobody
check 'the audit chain is whole' audit_is_whole
