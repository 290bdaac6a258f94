#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The nwfilter backend wraps the user's own filter and restores it exactly.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 -- web1 web2 db1

nic_xml() {
	cat <<-XML
	<interface type='bridge'>
	  <mac address='$(vm_mac web2)'/>
	  <source bridge='br0'/>
	  <model type='virtio'/>
	  $1
	</interface>
	XML
}
undo 'v 1 define $LAB/vm/web2.xml; v 1 update-device web2 $LAB/plain.xml --live'

# Given web2 with a filter of the user's, another one in its persistent definition
nic_xml '' >"$LAB/plain.xml"
nic_xml "<filterref filter='no-mac-spoofing'/>" >"$LAB/live.xml"
nic_xml "<filterref filter='clean-traffic'><parameter name='IP' value='$(vm_v4 web2)'/></filterref>" \
	>"$LAB/config.xml"
check 'live filter' v 1 update-device web2 "$LAB/live.xml" --live
check 'persistent filter' v 1 update-device web2 "$LAB/config.xml" --config
live=$(v 1 dumpxml web2) config=$(v 1 dumpxml web2 --inactive)
check 'web2 uses db1' vm_reaches web2 "$(vm_v4 db1)" 5432

# When it is quarantined with nwfilter
check 'quarantine' zl quarantine web2 --strict --backend nwfilter
check 'the lease is applied' has_lease web2 '^applied$'
check 'web2 does not reach db1' vm_cannot_reach web2 "$(vm_v4 db1)" 5432
check 'nor by IPv6' vm_cannot_reach web2 "$(vm_v6 db1)" 5432
check 'web1 does' vm_reaches web1 "$(vm_v4 db1)" 5432
check 'libvirt has a filter of ours' grep -q zonelock <(v 1 nwfilter-list)

# When it is released, then both definitions are what they were
check 'release' zl release web2
same 'the live definition is restored' "$live" "$(v 1 dumpxml web2)"
same 'the persistent definition is restored' "$config" "$(v 1 dumpxml web2 --inactive)"
check 'no filter of ours is left' sh -c '! grep -q zonelock' < <(v 1 nwfilter-list)
check 'web2 uses db1 again' vm_reaches web2 "$(vm_v4 db1)" 5432
