#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How long each packet's record took: latency.py RECORDS TITLE <packets

RECORDS as flows.py prints them, packets as `tcpdump -tt` does; both are joined by the
source port.
"""
import json
import re
import statistics
import sys


def main():
    arrival = {}
    with open(sys.argv[1], encoding="ascii") as records:
        for line in records:
            record = json.loads(line)
            if record.get("dport") == 9:
                arrival.setdefault(record["sport"], record["at"])
    took, n_sent = [], 0
    for line in sys.stdin:
        at, port = re.match(r"(\S+) IP 10\.3\.0\.1\.(\d+) > ", line).groups()
        n_sent += 1
        if int(port) in arrival:
            took.append((arrival[int(port)] - float(at)) * 1000)
    took.sort()
    if not took:
        print(f"{sys.argv[2]:28} no record of {n_sent} packets")
        return
    print(f"{sys.argv[2]:28} {took[0]:8.1f} {statistics.median(took):8.1f}"
          f" {took[len(took) * 9 // 10]:8.1f} {took[-1]:8.1f}  {len(took)} of {n_sent}")


if __name__ == "__main__":
    main()
