#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A lease ends by itself, also with the controller away.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 -- web1 db1

# Given a quarantine of four seconds
check 'quarantine' zl quarantine web1 --strict --ttl 4
check 'web1 is cut off' vm_cannot_reach web1 "$(vm_v4 db1)" 5432
# Then it ends
soon 'web1 is back' 10 vm_reaches web1 "$(vm_v4 db1)" 5432
soon 'the lease is expired' 10 lease_was web1 expired

# Given one whose controller dies
undo 'is_alive controller || controller_up'
check 'quarantine again' zl quarantine web1 --strict --ttl 6
controller_down
check 'it stays without the controller' vm_cannot_reach web1 "$(vm_v4 db1)" 5432
soon 'and ends without it' 12 vm_reaches web1 "$(vm_v4 db1)" 5432
controller_up
soon 'the controller learns that' 15 has_no_lease web1
