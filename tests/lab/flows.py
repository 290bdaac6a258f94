#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Say what flow exporters send, independently of zonelock's own decoder.

flows.py listen ADDRESS PORT [SECONDS]   datagrams as they come
flows.py pcap FILE [PORT]                datagrams of a capture

One JSON object a line for each record: time of arrival (seconds since 1970), exporter,
and the fields below by name.  NetFlow v9 and IPFIX; templates are learned from the data.
"""
import json
import socket
import struct
import sys
import time

import pcap

NAMES = {
    1: "bytes", 2: "packets", 4: "proto", 6: "flags", 7: "sport", 8: "src", 10: "in_if",
    11: "dport", 12: "dst", 14: "out_if", 27: "src", 28: "dst", 56: "src_mac",
    58: "vlan", 61: "direction", 80: "dst_mac", 136: "end_reason", 152: "start_ms",
    153: "end_ms", 21: "end_up", 22: "start_up",
}


def value(element, data):
    if element in (8, 12):
        return socket.inet_ntop(socket.AF_INET, data)
    if element in (27, 28):
        return socket.inet_ntop(socket.AF_INET6, data)
    if element in (56, 80):
        return data.hex(":")
    return int.from_bytes(data, "big")


class Decoder:
    def __init__(self):
        self.templates = {}

    def sets(self, data):
        if len(data) < 16:
            return
        version = struct.unpack_from("!H", data)[0]
        if version not in (9, 10):
            return
        at = 20 if version == 9 else 16
        domain = data[at - 4:at]
        while at + 4 <= len(data):
            ident, length = struct.unpack_from("!HH", data, at)
            if length < 4:
                return
            yield version, domain, ident, data[at + 4:at + length]
            at += length

    def learn(self, key, body):
        at = 0
        while at + 4 <= len(body):
            ident, count = struct.unpack_from("!HH", body, at)
            at += 4
            if ident < 256:
                return
            fields = []
            for _ in range(count):
                element, length = struct.unpack_from("!HH", body, at)
                at += 4
                if element & 0x8000:
                    at += 4
                    element = 0
                fields.append((element, length))
            self.templates[key + (ident,)] = fields

    def records(self, exporter, port, data):
        for version, domain, ident, body in self.sets(data):
            key = (exporter, port, domain)
            if ident == (0 if version == 9 else 2):
                self.learn(key, body)
            fields = self.templates.get(key + (ident,))
            if ident < 256 or fields is None:
                continue
            size = sum(length for _, length in fields)
            for start in range(0, len(body) - size + 1, size):
                at, record = start, {}
                for element, length in fields:
                    if element in NAMES:
                        name = NAMES[element]
                        record[name] = value(element, body[at:at + length])
                    at += length
                yield record


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


def captured(path, port):
    decoder = Decoder()
    for frame in pcap.frames(path):
        udp = frame.udp()
        if udp is None or udp.dport != port:
            continue
        for record in decoder.records(udp.src, udp.sport, udp.payload):
            yield {"at": round(frame.at, 9), "exporter": udp.src, **record}


def main():
    if len(sys.argv) >= 4 and sys.argv[1] == "listen":
        seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 3600.0
        records = listen(sys.argv[2], int(sys.argv[3]), seconds)
    elif len(sys.argv) >= 3 and sys.argv[1] == "pcap":
        records = captured(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 2055)
    else:
        sys.exit(__doc__)
    for record in records:
        print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main()
