# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab: hypervisors, virtual machines, exporters and zonelock, on one machine.
#
# A script sources this file and is then inside namespaces of its own (isolate), whose
# network is the fabric: ul0 joins the hypervisors' VM networks, mg0 their management.
#
#	. "$(dirname "$0")/../lib.sh"
#	lab_up; hv_up 1; vm_up web1; vm_wait web1; vm_exec web1 'ip addr'
#
# State is kept in files below $LAB, so functions may be called from subshells and from
# scripts that share one lab.  Below /run/lab (a link to $LAB) everything has the same
# name in every lab: /run/lab/hv1/libvirt-sock-ro, /run/lab/hv1/agent.sock.
#
#	lib/base.sh	the lab's directory, processes, users, progress
#	lib/hv.sh	hypervisors: namespaces, bridge, libvirtd
#	lib/vm.sh	virtual machines and commands in them
#	lib/flow.sh	flow exporters with tap evidence
#	lib/wire.sh	exporters of several makes, without machines
#	lib/zonelock.sh	controller, agents, command line, examples
#	lib/capture.sh	captures and what they say about time
#	lib/check.sh	assertions
set -uo pipefail

ZL_LAB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ZL_TOP=$(cd "$ZL_LAB_DIR/../.." && pwd)
export ZL_LAB_DIR ZL_TOP
# Where the programs are: $B/bin.  The Makefile gives it.
B=${B:-$ZL_TOP/build/debug}
case $B in /*) ;; *) B=$ZL_TOP/$B ;; esac
export B

if [ -z "${ZL_LAB_ISOLATED:-}" ]; then
	# INT is ignored in what a script starts with "&": not here.
	exec env --default-signal=INT,TERM "$ZL_LAB_DIR/isolate" bash "$0" "$@"
fi

for part in base hv vm flow wire zonelock capture check; do
	# shellcheck source=/dev/null
	. "$ZL_LAB_DIR/lib/$part.sh"
done
