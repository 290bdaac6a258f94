#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a command in a lab guest over its virtio port "ctl".

vmctl.py HVDIR NAME COMMAND [SECONDS]

libvirt makes the port's socket below HVDIR/lib; one client at a time speaks with the
guest, the others wait in the socket's queue.  Request "ID base64\\n", reply "ID status
base64\\n"; a reply with another ID is left over from a caller that gave up.
"""
import base64
import glob
import os
import socket
import sys
import time


def find_socket(hvdir, name):
    paths = glob.glob(f"{hvdir}/lib/qemu/channel/target/domain-*-{name}/ctl")
    return max(paths, key=os.path.getmtime) if paths else None


def run(hvdir, name, command, seconds):
    end = time.monotonic() + seconds
    path = find_socket(hvdir, name)
    if path is None:
        return 254, f"vmctl: {name} has no control channel\n"
    ident = f"r{time.time_ns():x}"
    text = base64.b64encode(command.encode()).decode()
    reply = b""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(seconds)
        sock.connect(path)
        sock.sendall(f"{ident} {text}\n".encode())
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            sock.settimeout(left)
            data = sock.recv(65536)
            if not data:
                return 254, f"vmctl: {name} closed its control channel\n"
            reply += data
            *lines, reply = reply.split(b"\n")
            for line in lines:
                word = line.decode(errors="replace").split(" ")
                if word[0] == ident and len(word) >= 2:
                    output = base64.b64decode(word[2]) if len(word) > 2 else b""
                    return int(word[1]), output.decode(errors="replace")


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 15.0
    try:
        status, output = run(sys.argv[1], sys.argv[2], sys.argv[3], seconds)
    except (OSError, TimeoutError) as e:
        status, output = 255, f"vmctl: {sys.argv[2]}: {e or 'no answer'}\n"
    sys.stdout.write(output)
    sys.exit(status)


if __name__ == "__main__":
    main()
