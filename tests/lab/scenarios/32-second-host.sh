#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The offender runs on another host than its victim: it is cut off where it runs.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 2 -- web1 web3 db1
automatic_quarantine web3 web1 v4
check 'hv1 has nobody quarantined' sh -c \
	"! ip netns exec hv1 nft list set bridge zonelock forensic | grep -q elements"
