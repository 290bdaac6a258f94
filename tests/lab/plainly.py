#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What this machine needs, just now, to contain an interface durably by plain means.

plainly.py FOLDER

The yardstick for zonelock's own time on machines that are shared and noisy.  One round is
what a careful script does: a line to a journal and its sync, a state file replaced
(write, sync, rename, sync of the folder), and one `nft` that adds an element to a set.
Runs in the caller's network namespace, with a table of its own that it takes away again.
Prints the median of ROUNDS, in milliseconds.
"""
import os
import statistics
import subprocess
import sys
import time

ROUNDS = 9
TABLE = "bridge lab_yardstick"


def nft(command):
    subprocess.run(["nft", command], check=True)


def append(path, text):
    with open(path, "a", encoding="ascii") as journal:
        journal.write(text)
        journal.flush()
        os.fsync(journal.fileno())


def replace(path, text):
    with open(path + ".new", "w", encoding="ascii") as state:
        state.write(text)
        state.flush()
        os.fsync(state.fileno())
    os.rename(path + ".new", path)
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    journal, state = (os.path.join(sys.argv[1], name) for name in ("journal", "state"))
    times = []
    nft(f"add table {TABLE}; add set {TABLE} taps {{ type iface_index; }}")
    try:
        for i in range(ROUNDS):
            began = time.monotonic()
            append(journal, f"contain {i}\n")
            replace(state, f"contained {i}\n" * 20)
            nft(f"add element {TABLE} taps {{ {i + 1000} }}")
            times.append((time.monotonic() - began) * 1000)
    finally:
        nft(f"delete table {TABLE}")
    print(f"{statistics.median(times):.3f}")


main()
