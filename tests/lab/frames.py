#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Print ethernet frames as hex, for `guest raw`: what could slip past a careless filter.

frames.py SRC_MAC DST_MAC SRC_V4 DST_V4 SRC_V6 DST_V6

One line for each: its name and the frame.  Every frame ends with MARK.
"""
import ipaddress
import struct
import sys

MARK = b"zonelock-lab-mark"


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(src, dst, body, proto=17, fragment=0):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 7, fragment, 64, proto, 0,
                       ipaddress.ip_address(src).packed, ipaddress.ip_address(dst).packed)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def ipv6(src, dst, body, following=17):
    return struct.pack("!IHBB16s16s", 6 << 28, len(body), following, 64,
                       ipaddress.ip_address(src).packed,
                       ipaddress.ip_address(dst).packed) + body


def udp(port):
    return struct.pack("!HHHH", 4000, port, 8 + len(MARK), 0) + MARK


def arp(source, v4_src, v4_dst):
    return struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, source,
                       ipaddress.ip_address(v4_src).packed, bytes(6),
                       ipaddress.ip_address(v4_dst).packed) + MARK


def frames(src, dst, v4_src, v4_dst, v6_src, v6_dst):
    def ethernet(ethertype, body, source=src, target=dst):
        return target + source + struct.pack("!H", ethertype) + body

    plain4, plain6 = ipv4(v4_src, v4_dst, udp(22)), ipv6(v6_src, v6_dst, udp(22))
    stranger = bytes.fromhex("5254000000fe")
    yield "ipv4", ethernet(0x0800, plain4)
    yield "ipv6", ethernet(0x86DD, plain6)
    yield "arp", ethernet(0x0806, arp(src, v4_src, v4_dst), target=b"\xff" * 6)
    yield "vlan", ethernet(0x8100, struct.pack("!HH", 42, 0x0800) + plain4)
    yield "qinq", ethernet(0x88A8, struct.pack("!HHHH", 7, 0x8100, 42, 0x0800) + plain4)
    yield "first-fragment", ethernet(0x0800, ipv4(v4_src, v4_dst, udp(22), fragment=0x2000))
    yield "later-fragment", ethernet(0x0800, ipv4(v4_src, v4_dst, MARK, fragment=2))
    yield "ipv6-fragment", ethernet(
        0x86DD, ipv6(v6_src, v6_dst, struct.pack("!BBHI", 17, 0, 16, 9) + MARK, 44))
    yield "other-mac", ethernet(0x0800, plain4, source=stranger)
    yield "other-address", ethernet(0x0800, ipv4("10.0.0.77", v4_dst, udp(22)))
    yield "ethertype", ethernet(0x88B5, MARK)
    yield "llc", dst + src + struct.pack("!H", 3 + len(MARK)) + b"\xaa\xaa\x03" + MARK
    yield "broadcast", ethernet(0x0800, plain4, target=b"\xff" * 6)


def main():
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    for name, frame in frames(mac(sys.argv[1]), mac(sys.argv[2]), *sys.argv[3:]):
        print(name, frame.ljust(60, b"\0").hex())


if __name__ == "__main__":
    main()
