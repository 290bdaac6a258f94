# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Virtual machines: one table, real QEMU (TCG), a busybox initramfs, a control channel.

# name	hypervisor	number	zone.  Address 10.0.0.N and fd00::N, MAC 52:54:00:00:00:NN.
VM_TABLE='
web1	1	5	web
web2	1	6	web
db1	1	7	db
db2	2	8	db
web3	2	9	web
'

vm_field() {
	awk -v name="$1" -v field="$2" '$1 == name { print $field }' <<<"$VM_TABLE"
}

vm_hv() {
	vm_field "$1" 2
}

vm_v4() {
	echo "10.0.0.$(vm_field "$1" 3)"
}

# In the form inet_ntop gives.
vm_v6() {
	printf 'fd00::%x\n' "$(vm_field "$1" 3)"
}

vm_mac() {
	printf '52:54:00:00:00:%02x\n' "$(vm_field "$1" 3)"
}

vm_uuid() {
	printf 'bbbbbbbb-0000-4000-8000-%012x\n' "$(vm_field "$1" 3)"
}

vm_tap() {
	hv_tap "$(vm_hv "$1")" "$(vm_mac "$1")"
}

vm_ifindex() {
	hv_ifindex "$(vm_hv "$1")" "$(vm_tap "$1")"
}

# vm_xml NAME [filter=NAME] [addresses=no]
vm_xml() {
	local name=$1 image filter='' addresses option

	shift
	image=$(cat "$LAB/image")
	addresses="<zonelock:nic mac='$(vm_mac "$name")'>
	      <zonelock:address>$(vm_v4 "$name")</zonelock:address>
	      <zonelock:address>$(vm_v6 "$name")</zonelock:address>
	    </zonelock:nic>"
	for option in "$@"; do
		case $option in
		filter=*) filter="<filterref filter='${option#*=}'/>" ;;
		addresses=no) addresses='' ;;
		*) die "vm_xml: unknown option $option" ;;
		esac
	done
	cat <<-XML
	<domain type='qemu'>
	  <name>$name</name>
	  <uuid>$(vm_uuid "$name")</uuid>
	  <metadata>
	    <zonelock:domain xmlns:zonelock='http://zonelock.org/xmlns/libvirt/domain/1'>
	    <zonelock:zone name='$(vm_field "$name" 4)'/>
	    $addresses
	    </zonelock:domain>
	  </metadata>
	  <memory unit='MiB'>96</memory>
	  <vcpu>1</vcpu>
	  <os>
	    <type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type>
	    <kernel>$image/vmlinuz</kernel>
	    <initrd>$image/vm.cpio</initrd>
	    <cmdline>console=ttyS0 quiet no_timer_check mitigations=off nokaslr zl.name=$name zl.v4=$(vm_v4 "$name")/24 zl.v6=$(vm_v6 "$name")/64 zl.tcp=22,5432,8080 zl.udp=53</cmdline>
	  </os>
	  <features><acpi/></features>
	  <on_poweroff>destroy</on_poweroff>
	  <on_reboot>restart</on_reboot>
	  <on_crash>destroy</on_crash>
	  <devices>
	    <emulator>/usr/bin/qemu-system-x86_64</emulator>
	    <controller type='usb' model='none'/>
	    <memballoon model='none'/>
	    <video><model type='none'/></video>
	    <interface type='bridge'>
	      <mac address='$(vm_mac "$name")'/>
	      <source bridge='br0'/>
	      <model type='virtio'/>
	      $filter
	    </interface>
	    <serial type='file'><source path='$LAB/con/$name.log' append='on'/></serial>
	    <channel type='unix'><target type='virtio' name='ctl'/></channel>
	  </devices>
	</domain>
	XML
}

# vm_up NAME [OPTION...]: define and start, as vm_xml; returns when libvirt has started it.
vm_up() {
	local name=$1 hv

	hv=$(vm_hv "$name")
	vm_xml "$@" >"$LAB/vm/$name.xml"
	v "$hv" define "$LAB/vm/$name.xml" >/dev/null && v "$hv" start "$name" >/dev/null
}

# vms_up NAME...: several together, until their guests answer.
vms_up() {
	local name jobs=()

	for name in "$@"; do
		vm_up "$name" &
		jobs+=($!)
	done
	wait "${jobs[@]}"
	vm_wait "$@"
}

vm_destroy() {
	v "$(vm_hv "$1")" destroy "$1" >/dev/null
}

vm_start() {
	v "$(vm_hv "$1")" start "$1" >/dev/null
}

vm_is_running() {
	[ "$(v "$(vm_hv "$1")" domstate "$1" 2>/dev/null)" = running ]
}

# vm_exec NAME 'COMMAND' [SECONDS]: in the guest; its output and its exit status.
# Start what runs longer than a moment in the background, with output to a file.
vm_exec() {
	python3 "$ZL_LAB_DIR/vmctl.py" "$LAB/hv$(vm_hv "$1")" "$1" "$2" "${3:-15}"
}

# vm_wait NAME...: until each guest runs commands.
vm_wait() {
	local name

	for name in "$@"; do
		until_ok 60 vm_exec "$name" true 1 ||
			die "$name does not come up: $(tail -2 "$LAB/con/$name.log")"
	done
}

# vm_reaches NAME ADDRESS PORT: a TCP connection with an echo.
vm_reaches() {
	vm_exec "$1" "guest connect $2 $3" 12
}

vm_cannot_reach() {
	! vm_reaches "$@"
}

# beat_start NAME ADDRESS PORT MS SECONDS [TAG]: an established connection that speaks.
beat_start() {
	vm_exec "$1" "rm -f /tmp/beat.${6:-0}
guest beat $2 $3 $4 $5 /tmp/beat.${6:-0} </dev/null >/dev/null 2>&1 &" 5
}

# beat_result NAME [TAG]: "sent=N echoed=M ..." once it has ended.
beat_result() {
	until_ok 30 vm_exec "$1" "test -s /tmp/beat.${2:-0}" 2
	vm_exec "$1" "cat /tmp/beat.${2:-0}" 5
}
