#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Be a guest without a machine: make a tap as libvirt does, and send on it until TERM.

tap.py NAME NUMBER [PER-SECOND]   UDP from 10.2.0.NUMBER; at the end the number of packets

The tap is there and up once "ready" is printed; it goes when this ends.
"""
import fcntl
import os
import signal
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 2, 0x1000


def packet(number, port):
    """One UDP packet of 38 bytes to port 9, in its frame; no UDP checksum."""
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 38, port, 0, 64, 17, 0,
                       bytes([10, 2, 0, number]), bytes([10, 2, 1, 1]))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~total & 0xFFFF) + head[12:]
    return (bytes.fromhex("525400000201") + bytes.fromhex("5254000002") + bytes([number])
            + b"\x08\0" + head + struct.pack("!HHHH", port, 9, 18, 0) + b"0123456789")


def main():
    name, number = sys.argv[1], int(sys.argv[2])
    pause = 1 / float(sys.argv[3] if len(sys.argv) > 3 else 100)
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    subprocess.run(["ip", "link", "set", name, "address", f"fe:54:00:00:02:{number:02x}",
                    "up"], check=True)
    going = [True]
    signal.signal(signal.SIGTERM, lambda *_: going.clear())
    print("ready", flush=True)
    # What a new tap sends before its exporter knows it is nobody's fault.
    time.sleep(1)
    sent = 0
    while going:
        os.write(tap, packet(number, 1024 + sent % 60000))
        sent += 1
        time.sleep(pause)
    print("sent", sent, flush=True)
    time.sleep(0.1)


if __name__ == "__main__":
    main()
