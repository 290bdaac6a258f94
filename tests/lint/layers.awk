# SPDX-License-Identifier: GPL-2.0-or-later
# Dependencies between folders point one way only.
#
# A folder may include itself, and what has a lower level.  Folders of one level know
# nothing of each other.  A folder that is not named here belongs to the one above it.
function add(folder, l)
{
	level[folder] = l
}

BEGIN {
	add("base", 0)
	add("inventory", 1)
	add("policy", 1)
	add("controller/flow", 2)
	add("controller/analyze", 3)
	add("mitigate", 3)
	add("controller/store", 4)
	add("controller/control", 4)
	add("controller/roles", 5)
	add("controller/cli", 5)
	add("mitigate/agent", 5)
	add("mitigate/actuator", 5)
	add("exporter", 5)
}

# The longest folder of the table that holds `path`, or "".
function owner(path)
{
	while (sub(/\/[^\/]*$/, "", path))
		if (path in level)
			return path
	return ""
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, part, "\"")
	target = part[2]
	from = owner(FILENAME)
	to = owner(target)
	if (from == "")
		say("its folder has no level in tests/lint/layers.awk")
	else if (index(target, "/") == 0)
		say("\"" target "\" has no folder")
	else if (to == "")
		say("must not include " target)
	else if (from != to && level[to] >= level[from])
		say(from " must not include " target)
}

function say(what)
{
	print FILENAME ":" FNR ": " what
	bad = 1
}

END {
	exit bad
}
