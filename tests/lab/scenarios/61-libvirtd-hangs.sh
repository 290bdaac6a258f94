#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A libvirtd that hangs, or is gone, makes its host stale, never empty.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 2 -- web1 db1 web3
undo 'kill -CONT $(pid_of libvirtd1); is_alive libvirtd1 || hv_libvirtd 1'

domains() {
	zl domain-list --json | jq -r '.domains[] | select(.host == "hv1") | .name' | sort
}

before=$(domains)
kill -STOP "$(pid_of libvirtd1)"
soon 'hung: the host is stale' 40 host_is hv1 stale
check 'a reason is given' jq -e '[.hosts[] | select(.name == "hv1") | .reason | length > 0] | any' \
	<(zl host-list --json)
same 'its domains are still known' "$before" "$(domains)"
check 'they are marked stale' domain_is web1 .stale
check 'the other host is not concerned' host_is hv2 up
check 'the other host takes actions' zl quarantine web3 --strict
check 'and releases them' zl release web3
kill -CONT "$(pid_of libvirtd1)"
soon 'resumed: the host is up' 40 host_is hv1 up

stop libvirtd1 KILL
soon 'dead: the host is stale' 20 host_is hv1 stale
same 'its domains are still known' "$before" "$(domains)"
hv_libvirtd 1
hv_wait 1
soon 'restarted: the host is up' 40 host_is hv1 up
soon 'and its domains are fresh' 10 domain_is web1 '.stale | not'
same 'all of them' "$before" "$(domains)"
