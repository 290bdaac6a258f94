# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the lab's captures: frames with their time, addresses, ports and payload."""
import socket
import struct
from dataclasses import dataclass

ETH_IPV4, ETH_IPV6, ETH_VLAN, ETH_QINQ = 0x0800, 0x86DD, 0x8100, 0x88A8
TCP, UDP = 6, 17
SYN, RST, ACK = 0x02, 0x04, 0x10


@dataclass
class Packet:
    src: str
    dst: str
    proto: int
    sport: int
    dport: int
    flags: int
    seq: int
    payload: bytes


@dataclass
class Frame:
    at: float
    data: bytes

    @property
    def src_mac(self):
        return self.data[6:12].hex(":")

    @property
    def ethertype(self):
        return int.from_bytes(self.data[12:14], "big")

    def packet(self):
        """The IP packet with TCP or UDP in it, or None.  No extension headers."""
        kind, body = self.ethertype, self.data[14:]
        if kind == ETH_IPV4 and len(body) >= 20:
            proto, size = body[9], (body[0] & 15) * 4
            total = int.from_bytes(body[2:4], "big")
            src, dst = (socket.inet_ntop(socket.AF_INET, body[a:a + 4]) for a in (12, 16))
        elif kind == ETH_IPV6 and len(body) >= 40:
            proto, size = body[6], 40
            total = 40 + int.from_bytes(body[4:6], "big")
            src, dst = (socket.inet_ntop(socket.AF_INET6, body[a:a + 16]) for a in (8, 24))
        else:
            return None
        body = body[size:total]
        if proto == TCP and len(body) >= 20:
            sport, dport, seq = struct.unpack_from("!HHI", body)
            return Packet(src, dst, proto, sport, dport, body[13], seq,
                          body[(body[12] >> 4) * 4:])
        if proto == UDP and len(body) >= 8:
            sport, dport = struct.unpack_from("!HH", body)
            return Packet(src, dst, proto, sport, dport, 0, 0, body[8:])
        return Packet(src, dst, proto, 0, 0, 0, 0, body)

    def udp(self):
        packet = self.packet()
        return packet if packet is not None and packet.proto == UDP else None


def frames(path):
    """Frames of a pcap file, up to where it is complete."""
    with open(path, "rb") as file:
        head = file.read(24)
        if len(head) < 24:
            return
        magic = struct.unpack("<I", head[:4])[0]
        unit = {0xA1B2C3D4: 1e6, 0xA1B23C4D: 1e9}[magic]
        while len(head := file.read(16)) == 16:
            sec, fraction, size, _ = struct.unpack("<IIII", head)
            data = file.read(size)
            if len(data) < size:
                return
            yield Frame(sec + fraction / unit, data)
