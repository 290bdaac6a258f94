#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A full disk: no enforcement without a record, one clear sentence, and no lease lost.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 -- web1 web2 db1
mkdir -p "$LAB/small"
# The order of the undoing: the last one first
undo 'controller_down; umount $LAB/small; unset ZL_STATE; controller_config; controller_up'
undo 'rm -f $LAB/small/filler; release_all'

# Given a controller whose state lies on a small file system
controller_down
mount -t tmpfs -o size=4m,mode=0755 tmpfs "$LAB/small"
export ZL_STATE=$LAB/small/state
controller_config
controller_up
define_hosts 1
define_policy
until_ok 15 domain_is_ready web1
check 'quarantine with space' zl quarantine web1 --strict
lease=$(lease_of web1)

# When the file system fills up
dd if=/dev/zero of="$LAB/small/filler" bs=4k 2>/dev/null
refused_anyhow() {
	local output

	output=$(zl quarantine web2 --strict 2>&1) && return 1
	echo "$output"
	grep -q '^error: ' <<<"$output"
}
for _ in 1 2 3 4 5 6 7 8; do
	# the journal of SQLite may have room left for a record or two
	refused_anyhow >"$LAB/full.txt" && break
	zl release web2 >/dev/null 2>&1
done
check "a sentence: $(head -1 "$LAB/full.txt")" grep -qi 'full\|space' "$LAB/full.txt"
check 'web2 is not cut off without a record' vm_reaches web2 "$(vm_v4 db1)" 5432
check 'web1 stays cut off' vm_cannot_reach web1 "$(vm_v4 db1)" 5432
check 'the controller answers' controller_answers

# When there is space again, then everything works and nothing is lost
rm -f "$LAB/small/filler"
soon 'quarantine works' 10 zl quarantine web2 --strict
check 'the lease of web1 is the same' test "$(lease_of web1)" = "$lease"
check 'the audit chain is whole' audit_is_whole
check 'release' zl release web1
