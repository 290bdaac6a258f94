#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Say from captures alone when a domain was cut off.

timeline.py OFFENDER_PCAP TARGET_PCAP EXPORT_PCAP SRC DST [COMMITTED_US [PORT [BEAT_PORT]]]

OFFENDER_PCAP  at the tap of the domain that misbehaves, TARGET_PCAP at that of the domain
it talks to: a frame that is in the first and never in the second was dropped between them.
EXPORT_PCAP    at the collector's interface.

Prints one JSON object (times in seconds since 1970, by the kernel's clock):
  first_packet   first frame to the forbidden PORT at the offender's tap
  record         arrival of the first datagram with a record of that flow
  last_passed    last message of the established connection that reached the target
  cut            first later message of it at the offender's tap that never did
  last_frame     last frame of any kind of the offender at the target's tap
and from them first_packet_to_record_ms, record_to_drop_ms, established_cut, and with
COMMITTED_US (microseconds since 1970) frames_after_commit and record_to_commit_ms.
"""
import json
import sys

import flows
import pcap


def beats(path, src, dst, port):
    """Messages of the established connection: sequence number -> time first seen."""
    seen = {}
    for frame in pcap.frames(path):
        packet = frame.packet()
        if packet is None or packet.proto != pcap.TCP or not packet.payload:
            continue
        if (packet.src, packet.dst, packet.dport) == (src, dst, port):
            seen.setdefault((packet.sport, packet.seq), frame.at)
    return seen


def first_packet(path, src, dst, port):
    for frame in pcap.frames(path):
        packet = frame.packet()
        if packet and (packet.src, packet.dst, packet.dport) == (src, dst, port):
            return frame.at
    return None


def first_record(path, src, dst, port, since):
    for record in flows.captured(path, 2055):
        if record["at"] < since:
            continue
        if (record.get("src"), record.get("dst"), record.get("dport")) == (src, dst, port):
            return record["at"]
    return None


def main():
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    at_offender, at_target, at_collector, src, dst = sys.argv[1:6]
    committed_us = float(sys.argv[6]) if len(sys.argv) > 6 and sys.argv[6] else None
    port = int(sys.argv[7]) if len(sys.argv) > 7 else 22
    beat_port = int(sys.argv[8]) if len(sys.argv) > 8 else 5432

    started = first_packet(at_offender, src, dst, port)
    record = started and first_record(at_collector, src, dst, port, started)
    sent = beats(at_offender, src, dst, beat_port)
    arrived = beats(at_target, src, dst, beat_port)
    last_passed = max(arrived.values(), default=None)
    lost = [at for key, at in sent.items() if key not in arrived and at > (started or 0)]
    cut = min(lost, default=None)
    mac = None
    for frame in pcap.frames(at_offender):
        mac = frame.src_mac
        break
    theirs = [f.at for f in pcap.frames(at_target) if f.src_mac == mac]
    last_frame = max(theirs, default=None)

    result = {
        "first_packet": started, "record": record, "last_passed": last_passed,
        "cut": cut, "last_frame": last_frame,
        "first_packet_to_record_ms": None, "record_to_drop_ms": None,
        "established_cut": bool(cut and last_passed and last_passed <= cut),
    }
    if started and record:
        result["first_packet_to_record_ms"] = round((record - started) * 1e3, 3)
    if record and cut:
        result["record_to_drop_ms"] = round((cut - record) * 1e3, 3)
    if committed_us:
        result["frames_after_commit"] = sum(at * 1e6 > committed_us for at in theirs)
        if record:
            result["record_to_commit_ms"] = round(committed_us / 1e3 - record * 1e3, 3)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
