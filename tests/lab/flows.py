#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Say what flow exporters send, independently of zonelock's own decoder.

flows.py listen ADDRESS PORT [SECONDS]   datagrams as they come
flows.py pcap FILE [PORT]                datagrams of a capture (any port when none)
flows.py options FILE                    the options records of a capture, by number

One JSON object a line for each record: "at", time of arrival in seconds since 1970,
"exporter", and the fields of NAMES.  NetFlow v5, v9, IPFIX and sFlow; templates are
learned from the data, so a capture must begin with them.
"""
import json
import socket
import struct
import sys
import time

import pcap
import sflow

NAMES = {
    1: "bytes", 2: "packets", 4: "proto", 5: "tos", 6: "tcp_flags", 7: "sport", 8: "src",
    10: "in_if", 11: "dport", 12: "dst", 14: "out_if", 27: "src", 28: "dst",
    32: "icmp_type_code", 34: "sampling", 56: "src_mac", 58: "vlan", 61: "direction",
    80: "dst_mac", 85: "total_bytes", 86: "total_packets", 139: "icmp_type_code",
}
LAST_UPTIME, FIRST_UPTIME, FIRST_MS, LAST_MS, BOOT_MS = 21, 22, 152, 153, 160
FIRST_DELTA_US, LAST_DELTA_US = 158, 159  # microseconds before the export time
VARIABLE = 65535


def value(element, data):
    if element in (8, 12):
        return socket.inet_ntop(socket.AF_INET, data)
    if element in (27, 28):
        return socket.inet_ntop(socket.AF_INET6, data)
    if element in (56, 80):
        return data.hex(":")
    return int.from_bytes(data, "big")


def since_boot(now_ms, uptime, then):
    """Wall time of `then`, both in 32-bit milliseconds since boot; it may lie ahead."""
    return now_ms + ((then - uptime + 0x80000000) & 0xFFFFFFFF) - 0x80000000


class Decoder:
    def __init__(self):
        self.templates = {}
        self.boot = {}
        self.options = 0

    def records(self, exporter, port, data):
        """The flow records of one datagram, in their order."""
        version = int.from_bytes(data[:2], "big")
        if version == 5 and len(data) >= 24:
            yield from self.netflow5(data)
        elif version == 9 and len(data) >= 20:
            uptime, seconds = struct.unpack_from("!II", data, 4)
            key = (exporter, port, data[16:20])
            yield from self.sets(9, key, data, 20, (seconds * 1000, uptime))
        elif version == 0 and len(data) >= 28 and data[3] == 5:
            yield from sflow.records(data)
        elif version == 10 and len(data) >= 16:
            exported = int.from_bytes(data[4:8], "big") * 1000
            key = (exporter, port, data[12:16])
            yield from self.sets(10, key, data, 16, (exported, None))

    @staticmethod
    def netflow5(data):
        count, uptime, seconds, nanoseconds = struct.unpack_from("!HIII", data, 2)
        now = seconds * 1000 + nanoseconds // 1000000
        for at in range(24, min(24 + 48 * count, len(data) - 47), 48):
            f = struct.unpack_from("!4s4s4sHHIIIIHHBBBB", data, at)
            yield {
                "ver": 5, "ipver": 4, "src": socket.inet_ntoa(f[0]),
                "dst": socket.inet_ntoa(f[1]), "in_if": f[3], "out_if": f[4],
                "packets": f[5], "bytes": f[6], "first_ms": since_boot(now, uptime, f[7]),
                "last_ms": since_boot(now, uptime, f[8]), "sport": f[9], "dport": f[10],
                "tcp_flags": f[12], "proto": f[13], "tos": f[14],
            }

    def sets(self, version, key, data, at, clock):
        template_id, options_id = (0, 1) if version == 9 else (2, 3)
        while at + 4 <= len(data):
            ident, length = struct.unpack_from("!HH", data, at)
            if length < 4:
                return
            body, at = data[at + 4:at + length], at + length
            if ident == template_id:
                self.learn(version, key, body, 0)
            elif ident == options_id:
                self.learn(version, key, body, version)
            elif (key, ident) in self.templates:
                yield from self.data(version, key, ident, body, clock)

    def learn(self, version, key, body, options):
        """Templates; `options` is the version when they are options templates."""
        at = 0
        while at + 4 <= len(body):
            ident, count = struct.unpack_from("!HH", body, at)
            at += 4
            if ident < 256:
                return
            if options == 9:
                count = (count + int.from_bytes(body[at:at + 2], "big")) // 4
            at += 2 if options else 0
            fields = []
            while count > 0 and at + 4 <= len(body):
                element, length = struct.unpack_from("!HH", body, at)
                at += 4
                if element & 0x8000 and version == 10:
                    at += 4
                    element = 0
                fields.append((element, length))
                count -= 1
            self.templates[(key, ident)] = (options != 0, fields)

    def data(self, version, key, ident, body, clock):
        is_options, fields = self.templates[(key, ident)]
        least = sum(1 if length == VARIABLE else length for _, length in fields)
        at = 0
        while least > 0 and at + least <= len(body):
            record, times = {"ver": version}, {}
            for element, length in fields:
                if length == VARIABLE:
                    length, at = body[at], at + 1
                    if length == 255:
                        length, at = int.from_bytes(body[at:at + 2], "big"), at + 2
                piece, at = body[at:at + length], at + length
                if element in NAMES:
                    record[NAMES[element]] = value(element, piece)
                elif element:
                    times[element] = int.from_bytes(piece, "big")
            if is_options:
                self.options += 1
                self.boot[key] = times.get(BOOT_MS, self.boot.get(key))
            else:
                yield self.timed(record, times, clock, self.boot.get(key))

    @staticmethod
    def timed(record, times, clock, boot):
        for name, wall, uptime, delta in (
                ("first_ms", FIRST_MS, FIRST_UPTIME, FIRST_DELTA_US),
                ("last_ms", LAST_MS, LAST_UPTIME, LAST_DELTA_US)):
            if wall in times:
                record[name] = times[wall]
            elif delta in times:
                record[name] = clock[0] - times[delta] // 1000
            elif times.get(uptime, 0) == 0:  # softflowd: not known
                continue
            elif clock[1] is not None:
                record[name] = since_boot(clock[0], clock[1], times[uptime])
            elif boot:
                record[name] = boot + times[uptime]
        if "src" in record:
            record["ipver"] = 6 if ":" in record["src"] else 4
        return record


def listen(address, port, seconds):
    decoder, end = Decoder(), time.monotonic() + seconds
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, port))
        while (left := end - time.monotonic()) > 0:
            sock.settimeout(left)
            try:
                data, peer = sock.recvfrom(65535)
            except TimeoutError:
                return
            now = time.time()
            for record in decoder.records(peer[0], peer[1], data):
                yield {"at": round(now, 6), "exporter": peer[0], **record}


def captured(path, port=None, decoder=None):
    decoder = decoder or Decoder()
    for frame in pcap.frames(path):
        udp = frame.udp()
        if udp is None or port not in (None, udp.dport):
            continue
        for record in decoder.records(udp.src, udp.sport, udp.payload):
            yield {"at": round(frame.at, 9), "exporter": udp.src, **record}


def options(path):
    decoder = Decoder()
    for _ in captured(path, None, decoder):
        pass
    for n in range(decoder.options):
        yield {"n": n}


def main():
    if len(sys.argv) >= 4 and sys.argv[1] == "listen":
        seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 3600.0
        records = listen(sys.argv[2], int(sys.argv[3]), seconds)
    elif len(sys.argv) >= 3 and sys.argv[1] == "pcap":
        records = captured(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None)
    elif len(sys.argv) == 3 and sys.argv[1] == "options":
        records = options(sys.argv[2])
    else:
        sys.exit(__doc__)
    for record in records:
        print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main()
