#!/usr/bin/env python3
"""Numbered datagrams to a host and back: what a link does to them, without a package for ping.

    probe.py answer ADDRESS PORT            sends back what comes, until it is killed
    probe.py ask ADDRESS PORT COUNT EVERY   prints one line of JSON
"""

import json
import socket
import struct
import sys
import time

WAIT_S = 1.0  # After the last one.


def answer(address, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind((address, port))
        print("ready", flush=True)
        while True:
            text, sender = wire.recvfrom(2048)
            wire.sendto(text + struct.pack("d", time.monotonic()), sender)


def ask(address, port, count, every_s):
    """Round trips in ms, and how many never came, came twice, or came after a later one."""
    trips, seen, highest, n_twice, n_late = [], set(), -1, 0, 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.connect((address, port))
        started, n_sent = time.monotonic(), 0
        end = started + count * every_s + WAIT_S
        while (now := time.monotonic()) < end:
            if n_sent < count and started + n_sent * every_s <= now:
                wire.send(struct.pack("Id", n_sent, now))
                n_sent += 1
            wire.settimeout(max(0.0002, min(end, started + n_sent * every_s if n_sent < count else end) - now))
            try:
                text = wire.recv(2048)
            except (TimeoutError, ConnectionRefusedError):
                continue
            number, sent = struct.unpack("Id", text[:16])
            n_twice += number in seen
            n_late += number not in seen and number < highest
            if number not in seen:
                trips.append((time.monotonic() - sent) * 1000)
            seen.add(number)
            highest = max(highest, number)
    trips.sort()
    place = lambda share: round(trips[int(share * (len(trips) - 1))], 3) if trips else None
    return {
        "sent": n_sent, "lost": n_sent - len(seen), "twice": n_twice, "late": n_late,
        "p50_ms": place(0.5), "p99_ms": place(0.99), "min_ms": place(0), "max_ms": place(1),
    }


if __name__ == "__main__":
    if sys.argv[1] == "answer":
        answer(sys.argv[2], int(sys.argv[3]))
    else:
        print(json.dumps(ask(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))))
