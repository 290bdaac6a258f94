# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the checks share: which files there are.  They run from the top folder.

# find_files PATTERN...: files of the tree with these names, without what is built.
find_files() {
	local args=() pattern

	for pattern in "$@"; do
		args+=(-o -name "$pattern")
	done
	find . -name .git -prune -o -path ./build -prune -o \
		-type f \( "${args[@]:1}" \) -print | sed 's|^\./||' | LC_ALL=C sort
}

sources() {
	find_files '*.c' '*.h'
}

# What is built into the product; tests stand apart.
product_sources() {
	sources | grep -v '^tests/'
}

# scripts: shell scripts, by name or first line.
scripts() {
	{
		find_files '*.sh'
		find .ci tests -type f -exec grep -lIE '^#!.*/(ba)?sh( |$)' {} +
	} | LC_ALL=C sort -u
}

# Problems are lines on standard output; a check has failed when it printed one.
jobs_n() {
	nproc
}
