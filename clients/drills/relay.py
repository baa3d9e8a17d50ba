#!/usr/bin/env python3
"""A relay of frames in user space: delay, jitter, loss, duplicates, reordering and rate, by directed link.

The kernel here may have no netem. While the relay runs, the wire of each node leads through it:

```
   pN ── eth0 ═ drvN ── bridge drbN ── TAP drtN ── relay ── TAP drt0 ── bridge `drills` ── host
```

Going in and out of the path (`Relay.enter`, `Relay.leave`) moves ports from bridge to bridge: addresses
stay, and connections survive it. A frame goes to the port that the last byte of its address names.

What happens to a frame is drawn from a generator of its link, seeded by the run's seed and the link, so
that the n-th frame of a link meets the same fate in every run with that seed. When it arrives is up to
the kernel: runs are alike, not equal.

Run as a program it is the relay itself: orders come as lines of JSON on its standard input, and each is
answered by a line.
"""

import argparse
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import threading
import time

from world import BRIDGE, HOST, Unable, batch, run, veth

FRAME_MAX = 65_550
FRAMES_PER_TURN = 64
QUEUE_S = 0.5  # A link with a rate drops what would wait longer.
BEHIND_S = 0.005  # How far a frame that is out of order falls behind where nothing is delayed.
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000


class Link:
    """One direction between two ports. All zero: frames pass."""

    KNOBS = ("delay_ms", "jitter_ms", "loss", "duplicate", "reorder", "rate_kbit")

    def __init__(self, seed, source, target):
        self.draw = random.Random(f"{seed}/{source}/{target}")
        self.is_cut = False
        self.set()

    def set(self, **knobs):
        unknown = set(knobs) - set(self.KNOBS)
        assert not unknown, f"{unknown}: there are {self.KNOBS}"
        for name in self.KNOBS:
            setattr(self, name, knobs.get(name, 0))
        self.free_at = self.last_due = 0.0

    def fates(self, now, n_bytes):
        """When a frame that came at `now` leaves: never, once or twice."""
        if self.is_cut or (self.loss and self.draw.random() < self.loss):
            return []
        due = now
        if self.rate_kbit:
            start = max(now, self.free_at)
            if QUEUE_S < start - now:
                return []
            self.free_at = due = start + n_bytes * 8 / (self.rate_kbit * 1000)
        due += (self.delay_ms + self.draw.uniform(-self.jitter_ms, self.jitter_ms)) / 1000
        if self.reorder and self.draw.random() < self.reorder:
            dues = [now if self.delay_ms else now + BEHIND_S]
        else:  # Jitter alone does not reorder.
            self.last_due = due = max(due, self.last_due)
            dues = [due]
        if self.duplicate and self.draw.random() < self.duplicate:
            dues.append(dues[0] + 0.0002)
        return dues


class Switch:
    """The ports, the links between them, and the frames under way."""

    def __init__(self, ports, seed):
        self.ports = {port: tap(port) for port in ports}
        self.links = {(a, b): Link(seed, a, b) for a in ports for b in ports if a != b}
        self.under_way, self.n_frames = [], 0

    def order(self, order):
        """One line from the standard input."""
        if "cuts" in order:
            cuts = {tuple(link) for link in order["cuts"]}
            for ends, link in self.links.items():
                link.is_cut = ends in cuts
            return
        for ends in order.get("links", list(self.links)):
            self.links[tuple(ends)].set(**order["set"])

    def turn(self, source):
        """Takes in what has come to a port."""
        for _ in range(FRAMES_PER_TURN):
            try:
                frame = os.read(self.ports[source], FRAME_MAX)
            except BlockingIOError:
                return
            now, target = time.monotonic(), frame[5]
            to = [target] if target in self.ports and frame[0] == 2 else list(self.ports)
            for port in to:
                if port != source:
                    self.take(source, port, frame, now)

    def take(self, source, target, frame, now):
        for due in self.links[source, target].fates(now, len(frame)):
            if due <= now:
                self.send(target, frame)
            else:
                self.n_frames += 1
                heapq.heappush(self.under_way, (due, self.n_frames, target, frame))

    def send_due(self):
        """Sends what is due; returns how long nothing will be, None: nothing is under way."""
        now = time.monotonic()
        while self.under_way and self.under_way[0][0] <= now:
            _, _, target, frame = heapq.heappop(self.under_way)
            self.send(target, frame)
        return max(0.0, self.under_way[0][0] - now) if self.under_way else None

    def send(self, target, frame):
        try:
            os.write(self.ports[target], frame)
        except (BlockingIOError, OSError):
            pass  # The port is full or down, as a wire may be.

    def serve(self):
        """Until the standard input ends."""
        sources = {fd: port for port, fd in self.ports.items()}
        text = b""
        while True:
            ready, _, _ = select.select([0, *sources], [], [], self.send_due())
            for fd in ready:
                if fd != 0:
                    self.turn(sources[fd])
                    continue
                if not (more := os.read(0, 65_536)):
                    return
                *lines, text = (text + more).split(b"\n")
                for line in lines:
                    self.order(json.loads(line))
                    print("done", flush=True)


def tap(port):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", f"drt{port}".encode(), IFF_TAP | IFF_NO_PI))
    return fd


def why_not():
    """Why no relay can run here; None: it can."""
    try:
        os.close(tap(9))
    except OSError as error:
        return f"no TAP device: {error.strerror}"
    return None


class Relay:
    """The relay of a world, as the drills hold it."""

    def __init__(self, world, seed):
        if (why := why_not()) is not None:
            raise Unable(why)
        self.world, self.telling = world, threading.Lock()
        ports = ",".join(map(str, [HOST, *world.nodes]))
        command = [sys.executable, __file__, "--ports", ports, "--seed", str(seed)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        assert self.process.stdout.readline() == "ready\n", "the relay did not start"
        # The bridges learn nothing from here: a late frame would lead them back to where a node no longer is.
        untaught = "type bridge_slave learning off"
        lines = [f"link set drt{HOST} master {BRIDGE} up", f"link set drt{HOST} {untaught}"]
        for node in world.nodes:
            lines += [
                f"link add drb{node} type bridge stp_state 0",
                f"link set drb{node} up",
                f"link set drt{node} master drb{node} up",
                f"link set drt{node} {untaught}",
            ]
        batch(lines)

    def enter(self):
        """From now on every frame of a node passes here."""
        self.world.relay = self
        self.cut(self.world.cuts)
        batch([f"link set {veth(node)} master drb{node}" for node in self.world.nodes])

    def leave(self):
        """Frames pass from port to port of the bridge again, and nothing is shaped."""
        batch([f"link set {veth(node)} master {BRIDGE}" for node in self.world.nodes])
        self.world.relay = None
        self.tell(set={})

    def shape(self, links, **knobs):
        """Sets the knobs of directed links; those that are not named are zero."""
        self.tell(links=list(links), set=knobs)

    def cut(self, links):
        self.tell(cuts=list(links))

    def tell(self, **order):
        with self.telling:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            assert self.process.stdout.readline() == "done\n", "the relay has stopped"

    def close(self):
        if self.world.relay is not None:
            self.leave()
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        for node in self.world.nodes:
            run("ip", "link", "del", f"drb{node}", check=False)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--ports", required=True, help="their numbers, with commas between")
    options.add_argument("--seed", required=True)
    chosen = options.parse_args()
    switch = Switch([int(port) for port in chosen.ports.split(",")], chosen.seed)
    print("ready", flush=True)
    switch.serve()


if __name__ == "__main__":
    main()
