#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Print a forged ethernet frame as hex, for `guest raw`: its checksums are right.

forge.py SRC_MAC DST_MAC SRC DST SPORT DPORT FLAGS|udp   FLAGS: letters of FSRPA
forge.py SRC_MAC DST_MAC SRC DST arp                     an answer nobody asked for
forge.py SRC_MAC DST_MAC SRC DST who-has                 a question: who has DST? tell SRC

Addresses are IPv4 or IPv6.
"""
import ipaddress
import struct
import sys

import frames

TCP_FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16}


def with_checksum(src, dst, proto, body, at):
    """The segment with its checksum at byte `at`."""
    pseudo = (ipaddress.ip_address(src).packed + ipaddress.ip_address(dst).packed +
              struct.pack("!II", len(body), proto))
    padded = pseudo + body + bytes(len(body) % 2)
    return body[:at] + struct.pack("!H", frames.checksum(padded)) + body[at + 2:]


def segment(src, dst, sport, dport, kind):
    if kind == "udp":
        body = struct.pack("!HHHH", sport, dport, 8 + len(frames.MARK), 0) + frames.MARK
        return 17, with_checksum(src, dst, 17, body, 6)
    flags = sum(TCP_FLAGS[letter] for letter in kind)
    body = struct.pack("!HHIIBBHHH", sport, dport, 1000, 0, 0x50, flags, 8192, 0, 0)
    return 6, with_checksum(src, dst, 6, body, 16)


ARP_OPERATIONS = {"who-has": 1, "arp": 2}


def arp(operation, src_mac, dst_mac, src, dst):
    return struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, operation, src_mac,
                       ipaddress.ip_address(src).packed, dst_mac,
                       ipaddress.ip_address(dst).packed)


def main():
    if len(sys.argv) not in (6, 8):
        sys.exit(__doc__)
    src_mac, dst_mac = frames.mac(sys.argv[1]), frames.mac(sys.argv[2])
    src, dst = sys.argv[3:5]
    if sys.argv[5] in ARP_OPERATIONS:
        ethertype = 0x0806
        body = arp(ARP_OPERATIONS[sys.argv[5]], src_mac, dst_mac, src, dst)
    else:
        proto, body = segment(src, dst, int(sys.argv[5]), int(sys.argv[6]), sys.argv[7])
        is_v6 = ":" in src
        ethertype = 0x86DD if is_v6 else 0x0800
        body = (frames.ipv6(src, dst, body, proto) if is_v6 else
                frames.ipv4(src, dst, body, proto))
    frame = dst_mac + src_mac + struct.pack("!H", ethertype) + body
    print(frame.ljust(60, b"\0").hex())


if __name__ == "__main__":
    main()
