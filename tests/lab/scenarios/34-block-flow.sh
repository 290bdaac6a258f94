#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The response block-flow takes away the forbidden service and nothing else.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 -- web1 web2 db1
undo 'zl lock-define $EXAMPLES/lock-db.xml'
sed "s/action='quarantine'/action='block-flow'/" "$EXAMPLES/lock-db.xml" >"$LAB/block.xml"
check 'lock-define' zl lock-define "$LAB/block.xml"
exporters 1

vm_reaches web1 "$(vm_v4 db1)" 22
soon 'a lease' 10 has_lease web1 '^applied$'
check 'ssh to db1 is blocked' vm_cannot_reach web1 "$(vm_v4 db1)" 22
check 'the database is not' vm_reaches web1 "$(vm_v4 db1)" 5432
check 'web2 is not concerned' vm_reaches web2 "$(vm_v4 db1)" 5432
check 'release' zl release web1
soon 'ssh passes again' 5 vm_reaches web1 "$(vm_v4 db1)" 22
