#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A forbidden connection gets its domain cut off, and only that one.  IPv4, same host.
. "$(dirname "$0")/../lib.sh"
scenario_begin 1 2 -- web1 web2 db1 db2
automatic_quarantine web1 web2 v4
