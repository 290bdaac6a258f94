#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Two guests without machines, on taps as libvirt makes them, and what they say.

wire.py known FILE        at USR1 some conversations, once; FILE gets what was sent
wire.py single PER-SECOND flows of one packet until TERM, each from a port of its own, at random

The taps wa and wb are there and up once "ready" is printed.  FILE has a JSON line for
each direction of a conversation: src, dst, proto, sport, dport (0 for ICMP), packets,
and the bytes of their IP packets.
"""
import collections
import fcntl
import ipaddress
import json
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time

import frames

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 2, 0x1000
TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
SYN, ACK, PSH, FIN = 2, 16, 8, 1
ENDS = {
    "a": {"mac": "52:54:00:00:03:01", 4: "10.3.0.1", 6: "fd03::1"},
    "b": {"mac": "52:54:00:00:03:02", 4: "10.3.0.2", 6: "fd03::2"},
}


def segment(src, dst, proto, body, at):
    """The body with its checksum at byte `at`."""
    pseudo = b""
    if proto != ICMP:
        pseudo = src.packed + dst.packed + struct.pack("!II", len(body), proto)
    padded = pseudo + body + bytes(len(body) % 2)
    return body[:at] + struct.pack("!H", frames.checksum(padded)) + body[at + 2:]


def frame(sender, family, proto, sport, dport, size, flags=0):
    """A frame with `size` bytes of payload; for ICMP the ports are type and sequence."""
    other = "b" if sender == "a" else "a"
    src, dst = (ipaddress.ip_address(ENDS[end][family]) for end in (sender, other))
    payload = bytes(size)
    if proto == TCP:
        body = struct.pack("!HHIIBBHHH", sport, dport, 1, 1, 0x50, flags, 8192, 0, 0)
        body = segment(src, dst, proto, body + payload, 16)
    elif proto == UDP:
        body = struct.pack("!HHHH", sport, dport, 8 + size, 0)
        body = segment(src, dst, proto, body + payload, 6)
    else:
        body = struct.pack("!BBHHH", sport, 0, 0, 77, dport)
        body = segment(src, dst, proto, body + payload, 2)
    packet = (frames.ipv4 if family == 4 else frames.ipv6)(str(src), str(dst), body, proto)
    ether = frames.mac(ENDS[other]["mac"]) + frames.mac(ENDS[sender]["mac"])
    return ether + (b"\x08\x00" if family == 4 else b"\x86\xdd") + packet


def conversations(family):
    """Frames in their order, each with sender, protocol and ports."""
    echo, echoed = (8, 0) if family == 4 else (128, 129)
    icmp = ICMP if family == 4 else ICMP6
    for i in range(7):
        yield "a", family, UDP, 40000, 53, 50 + i
        if i % 2:
            yield "b", family, UDP, 53, 40000, 400
    for sender, size, flags in (
            ("a", 0, SYN), ("b", 0, SYN | ACK), ("a", 0, ACK), ("a", 700, PSH | ACK),
            ("b", 1400, ACK), ("b", 1400, ACK), ("b", 333, PSH | ACK), ("a", 0, ACK),
            ("a", 0, FIN | ACK), ("b", 0, FIN | ACK), ("a", 0, ACK)):
        ports = (41000, 5432) if sender == "a" else (5432, 41000)
        yield (sender, family, TCP, *ports, size, flags)
    for i in range(4):
        yield "a", family, icmp, echo, i, 56
        yield "b", family, icmp, echoed, i, 56
    for i in range(30):
        yield "b", family, UDP, 42000, 1000 + i, 10


def tap(end):
    name = "w" + end
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w", encoding="ascii") as off:
        off.write("1")
    subprocess.run(["ip", "link", "set", name, "address", "fe" + ENDS[end]["mac"][2:], "up"],
                   check=True)
    return fd


def known(taps, path):
    sent = collections.Counter()
    for family in (4, 6):
        for sender, _, proto, sport, dport, *rest in conversations(family):
            data = frame(sender, family, proto, sport, dport, *rest)
            os.write(taps[sender], data)
            ports = (0, 0) if proto in (ICMP, ICMP6) else (sport, dport)
            other = "b" if sender == "a" else "a"
            key = (ENDS[sender][family], ENDS[other][family], proto, *ports)
            sent[(key, "packets")] += 1
            sent[(key, "bytes")] += len(data) - 14
            time.sleep(0.002)
    with open(path + ".new", "w", encoding="ascii") as out:
        for key in sorted({key for key, _ in sent}):
            record = dict(zip(("src", "dst", "proto", "sport", "dport"), key))
            record.update(packets=sent[(key, "packets")], bytes=sent[(key, "bytes")])
            print(json.dumps(record), file=out)
    os.rename(path + ".new", path)


def drain(fd):
    while True:
        os.read(fd, 4096)


def main():
    mode, argument = sys.argv[1:]
    taps = {end: tap(end) for end in ENDS}
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    for fd in taps.values():
        threading.Thread(target=drain, args=(fd,), daemon=True).start()
    print("ready", flush=True)
    if mode == "known":
        signal.sigwait({signal.SIGUSR1})
        known(taps, argument)
        signal.pause()
    port = 1024
    while True:
        os.write(taps["a"], frame("a", 4, UDP, port, 9, 10))
        port += 1
        time.sleep(random.uniform(0.2, 1.8) / float(argument))


if __name__ == "__main__":
    main()
