#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An exporter that keeps flows for a second: one record for a whole connection, later.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 2 -- web1 web2 db1
exporter_up 1 cached
exporter_up 2 cached

# Given a connection that the lock allows, whole in one record
check 'web1 uses db1' vm_reaches web1 "$(vm_v4 db1)" 5432
never 'nothing happens' 4 has_lease web1
# When web1 opens ssh to db1 and closes it again
vm_reaches web1 "$(vm_v4 db1)" 22 >/dev/null
# Then the records of both directions blame web1
soon 'web1 is quarantined' 8 has_lease web1 '^applied$'
check 'it does not reach db1' vm_cannot_reach web1 "$(vm_v4 db1)" 5432
never 'db1 is left alone' 3 has_lease db1
check 'web2 uses db1' vm_reaches web2 "$(vm_v4 db1)" 5432
# And what the exporter still kept does nothing after the release
check 'release' zl release web1
never 'it stays free' 4 has_lease web1
check 'web1 uses db1 again' vm_reaches web1 "$(vm_v4 db1)" 5432
