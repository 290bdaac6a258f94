#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian 12's own kernel takes the agent's table, and does with frames what it says.
#
# The unit tests that talk to a kernel run once more in a guest with that kernel.  Its
# initramfs holds busybox, a few of the kernel's modules, nft, the agent, the test
# programs and their libraries.
. "$(dirname "$0")/../lib.sh"
zonelock_is_built || skip "zonelock is not built in $B/bin"
lab_up
trap scenario_end EXIT
trap 'exit 143' INT TERM HUP

kernel=${ZL_KERNEL_DIR:-$ZL_TOP/build/deps/kernel}
release=$(basename "$(echo "$kernel"/lib/modules/*)")
root=$LAB/debian-kernel
console=$LAB/con/debian-kernel.log
# Those that send frames through taps of their own, or have an agent do something
mapfile -t tests < <(cd "$ZL_TOP/tests/unit" &&
	grep -lE 'tests/support/(tapnet|agentkit)\.h' test_*.c | sed 's/\.c$//')
# What the kernel loads when it is asked for a tap, a bridge, a table
modules="drivers/net/tun net/llc/llc net/802/stp net/bridge/bridge lib/libcrc32c
	net/netfilter/nfnetlink net/netfilter/nf_tables net/bridge/netfilter/nft_meta_bridge"

# put PROGRAM FOLDER: into the image, without what is for debuggers, with its libraries.
put() {
	local library

	if [ ! -x "$1" ]; then
		echo "$1 is not there: run make tests"
		return 1
	fi
	mkdir -p "$root$2"
	strip -o "$root$2/${1##*/}" "$1" || return 1
	for library in $(ldd "$1" | grep -o '/[^ ]*\.so[^ ]*'); do
		[ -e "$root$library" ] || install -D "$library" "$root$library" || return 1
	done
}

image() {
	local applet name module to=$root/lib/modules/$release

	mkdir -p "$root"/{bin,sbin,dev,proc,sys,tmp,run,etc}
	cp /bin/busybox "$root/bin/"
	for applet in $(/bin/busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
	done
	ln -s ../bin/busybox "$root/sbin/modprobe"
	cp /etc/protocols "$root/etc/"
	for module in $modules; do
		install -D -t "$to/kernel" \
			"$kernel/lib/modules/$release/kernel/$module.ko" || return 1
	done
	cp "$kernel/lib/modules/$release"/modules.{builtin,order} "$to/"
	depmod -b "$root" "$release" || return 1
	put "$(command -v nft)" /usr/sbin && put "$B/bin/zonelock-agent" /build/bin || return 1
	for name in "${tests[@]}"; do
		put "$B/tests/$name" /build/tests || return 1
	done
	install -m 0755 "$ZL_LAB_DIR/kernel-init" "$root/init"
	(cd "$root" && find . | cpio -o -H newc --quiet) >"$root.cpio"
}

# A test program's line, and all it printed if it did not pass whole.
judge() {
	local name=$1 status passed failed skipped took

	read -r status passed failed skipped took \
		< <(sed -n "s/^result $name //p" "$root.txt")
	if [ "${status:-none} $failed $skipped" = '0 0 0' ] && [ "$passed" -gt 0 ]; then
		ok "$name: $passed passed ($took s)"
	else
		fail "$name: status ${status:-none}, ${passed:-?} passed, ${failed:-?} failed," \
			"${skipped:-?} skipped"
		sed -n "/^begin $name/,/^result $name/p" "$root.txt" | sed 's/^/          /'
	fi
}

# Given a machine with Debian's kernel, and the programs as they are built
undo "rm -rf $root $root.cpio $root.txt"
check 'an initramfs is made' image
[ "$CHECK_BAD" = 0 ] || exit 1
spawn debian-kernel timeout -k 5 130 qemu-system-x86_64 \
	-machine pc-i440fx-7.2,accel=tcg -smp 2 -m 256 -nodefaults -display none -no-reboot \
	-kernel "$kernel/boot/vmlinuz-$release" -initrd "$root.cpio" \
	-append 'console=ttyS0 quiet no_timer_check mitigations=off nokaslr panic=-1' \
	-serial "file:$console"
undo 'stop debian-kernel'
# When it runs the tests
soon 'the guest does its work' 138 is_gone debian-kernel
tr -d '\r' <"$console" >"$root.txt"
check 'to the end' grep -qx end "$root.txt"
if [ "$CHECK_BAD" -gt 0 ]; then
	tail -n 30 "$LAB/log/debian-kernel.log" "$root.txt" | sed 's/^/          /'
	exit 1
fi
# Then all of them pass on that kernel
same "by Debian's kernel" "kernel $release" "$(grep '^kernel ' "$root.txt")"
check 'which is a 6.1' test "${release#6.1.}" != "$release"
check 'there are tests' test "${#tests[@]}" -ge 5
for name in none part; do
	check "without its modules ($name) the agent says what is missing" \
		grep "^$name .*the kernel lacks nftables for bridges" "$root.txt"
done
for name in "${tests[@]}"; do
	judge "$name"
done
same 'the kernel complains of nothing' '' "$(grep '^complaint ' "$root.txt")"
