# SPDX-License-Identifier: GPL-2.0-or-later
"""The flow samples of an sFlow version 5 datagram, independently of zonelock's decoder.

records(data) gives one dictionary a sample, with the names of flows.py; raw packet
headers of Ethernet and extended switch data are read, the rest is skipped.
"""
import socket
import struct

TAGS = (0x8100, 0x88A8, 0x9100)
EXTENSIONS = (0, 43, 44, 60)


def transport(proto, data):
    if proto in (6, 17) and len(data) >= 4:
        ports = struct.unpack_from("!HH", data)
        found = {"sport": ports[0], "dport": ports[1]}
        if proto == 6 and len(data) >= 14:
            found["tcp_flags"] = data[13]
        return found
    if proto in (1, 58) and len(data) >= 2:
        return {"icmp_type": data[0], "icmp_code": data[1]}
    return {}


def ipv4(data):
    proto, fragment = data[9], struct.unpack_from("!H", data, 6)[0] & 0x1FFF
    found = {
        "ipver": 4, "proto": proto, "tos": data[1],
        "src": socket.inet_ntoa(data[12:16]), "dst": socket.inet_ntoa(data[16:20]),
    }
    if fragment == 0:
        found.update(transport(proto, data[(data[0] & 15) * 4:]))
    return found


def ipv6(data):
    proto, at = data[6], 40
    while proto in EXTENSIONS:
        proto, at = data[at], at + 8 + (0 if proto == 44 else data[at + 1] * 8)
    return {
        "ipver": 6, "proto": proto,
        "tos": struct.unpack_from("!H", data)[0] >> 4 & 255,
        "src": socket.inet_ntop(socket.AF_INET6, data[8:24]),
        "dst": socket.inet_ntop(socket.AF_INET6, data[24:40]),
        **transport(proto, data[at:]),
    }


def ethernet(data):
    found = {"dst_mac": data[:6].hex(":"), "src_mac": data[6:12].hex(":")}
    kind, at = struct.unpack_from("!H", data, 12)[0], 14
    while kind in TAGS:
        tag, kind = struct.unpack_from("!HH", data, at)
        found.setdefault("vlan", tag & 0xFFF)
        at += 4
    if kind == 0x0800:
        found.update(ipv4(data[at:]))
    elif kind == 0x86DD:
        found.update(ipv6(data[at:]))
    return found


def parts(data, count):
    """(format, body) of so many samples or records."""
    at = 0
    for _ in range(count):
        kind, length = struct.unpack_from("!II", data, at)
        yield kind, data[at + 8:at + 8 + length]
        at += 8 + length


def flow_sample(body, expanded):
    if expanded:
        head = struct.unpack_from("!11I", body)
        (rate, in_if, out_format, out_if, count), at = (
            head[3], head[7], head[8], head[9], head[10]), 44
    else:
        head = struct.unpack_from("!8I", body)
        (rate, in_if, out_format, out_if, count), at = (
            head[2], head[5] & 0x3FFFFFFF, head[6] >> 30, head[6] & 0x3FFFFFFF, head[7]), 32
    found = {
        "ver": "sflow5", "sampling": rate, "in_if": in_if, "out_if": out_if,
        "out_if_format": out_format, "packets": 1,
    }
    for kind, record in parts(body[at:], count):
        if kind == 1:
            protocol, length, _, n = struct.unpack_from("!4I", record)
            found["bytes"] = length
            if protocol == 1:
                found.update(ethernet(record[16:16 + n]))
        elif kind == 1001:
            found["in_vlan"] = str(struct.unpack_from("!I", record)[0])
    return found


def records(data):
    at = 8 + (4 if data[7] == 1 else 16)
    count = struct.unpack_from("!I", data, at + 12)[0]
    for kind, body in parts(data[at + 16:], count):
        if kind in (1, 3):
            yield flow_sample(body, kind == 3)
