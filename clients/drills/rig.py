"""A cluster under load and what is checked of it: what the drills of faults and those of procedures share.

    with opened(chosen, n_nodes) as (ground, scratch):
        rig = Rig(chosen, ground, scratch)
        rig.prepare()
        asyncio.run(rig.under_load(something()))
        rig.check(is_last=True)
        rig.found        every promise that was broken
"""

import asyncio
import collections
import contextlib
import json
import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import check
import desk
import disk
import relay
import shim
import words
import world
from cluster import DOMAIN, Cluster, Solo
from faults import Ground
from history import ACKNOWLEDGED, History
from load import Prober, Trader, gap_ms

CAUGHT_UP_WITHIN_S = 30
DISK_MEGABYTES = 512
PROGRESS_S = 5
VIOLATIONS_PRINTED_MAX = 10


class Rig:
    """The cluster, the load, and what was found."""

    def __init__(self, chosen, ground, scratch):
        self.chosen, self.ground, self.scratch = chosen, ground, scratch
        self.cluster = ground.cluster
        self.rng = random.Random(chosen.seed)
        self.history = History()
        self.checker, self.replicas = check.Checker(self.history), check.Replicas()
        self.read_to = collections.defaultdict(int)  # By node: the last entry of its log that was read.
        self.written = []  # When a trader's order was answered for.
        self.nodes = []  # Those that traders go to.
        self.found = []
        self.started = time.monotonic()

    def prepare(self):
        for node in self.cluster.nodes.values():
            node.start()
        self.cluster.wait_for_leader()
        n_traders = max(4, 2 * len(self.cluster.nodes))
        self.desk = desk.opened(self.cluster, n_traders + 2)
        nodes = self.nodes = list(self.cluster.nodes.values())
        *accounts, probing, checking = self.desk.accounts
        self.traders = [
            Trader(n, account, nodes, self.desk, self.history, random.Random(f"{self.chosen.seed}/{n}"))
            for n, account in enumerate(accounts)
        ]
        for trader in self.traders:
            trader.written = self.written
        instrument = sorted(self.desk.instruments)[0]
        self.prober = Prober("p", probing, nodes, instrument, self.history)
        self.fresh = Prober("f", checking, nodes, instrument, self.history)

    def violation(self, kind, what):
        found = check.Violation(kind, what)
        self.found.append(found)
        if len(self.found) <= VIOLATIONS_PRINTED_MAX:
            print(f"drills: VIOLATION {found}", flush=True)

    async def under_load(self, drill):
        """Does something while the traders trade; they have ended when it returns."""
        for trader in self.traders:
            trader.is_over = False
        pace = self.chosen.rate / len(self.traders)
        trading = [asyncio.ensure_future(trader.trade(pace)) for trader in self.traders]
        progress = asyncio.ensure_future(self.progress())
        try:
            await drill
        finally:
            for trader in self.traders:
                trader.is_over = True
            await asyncio.gather(*trading)
            progress.cancel()

    async def gap_after(self, killed):
        """The gap around a moment, when writes have flowed again for half a second."""
        deadline = killed + 30
        while time.monotonic() < deadline:
            after = [at for at in self.prober.written[-400:] if killed + 0.005 < at]
            if after and 0.5 < time.monotonic() - after[0] and time.monotonic() - after[-1] < 0.1:
                return gap_ms(self.prober.written, killed - 0.2, after[-1])
            await asyncio.sleep(0.02)
        return None

    def wait_until_caught_up(self):
        """Until every node has applied what one had when we began to wait: that entry."""
        deadline, goal = time.monotonic() + CAUGHT_UP_WITHIN_S, None
        while True:
            spread = self.cluster.spread()
            if spread is not None:
                goal = spread[1] if goal is None else goal
                if goal <= spread[0]:
                    return goal
            if deadline < time.monotonic():
                self.violation("liveness", f"the nodes are not together within {CAUGHT_UP_WITHIN_S} s: {spread}")
                return 0
            time.sleep(0.05)

    def check(self, is_last):
        """Everything, at a quiet point. The last time the logs are also replayed from their first entry."""
        self.compare_logs(self.wait_until_caught_up(), is_last)
        for found in self.checker.judge() + self.replicas.found:
            if not self.is_excused(found):
                self.violation(found.kind, str(found).partition(": ")[2])
        self.expect_orders()
        self.history.write(self.scratch / "history.jsonl")

    def compare_logs(self, goal, is_replayed):
        """Every log, with the entry `goal` in it. A node may apply what a quorum has before it is on its own disk."""
        for number, node in self.cluster.nodes.items():
            deadline = time.monotonic() + CAUGHT_UP_WITHIN_S
            self.read(number, copy := self.copied(node))
            while self.read_to[number] < goal and time.monotonic() < deadline:
                time.sleep(0.1)
                self.read(number, copy := self.copied(node))
            if self.read_to[number] < goal:
                self.violation("log", f"node {number} has applied {goal}, and its log ends with {self.read_to[number]}")
            if is_replayed:
                root = words.verified(self.chosen.bin, copy)[DOMAIN]
                self.replicas.take(number, "log verify", {"seq": root["seq"], "root": root["root"]})

    def expect_orders(self):
        """Every node lists the open orders that the model has. What nobody was answered for may be ordered after
        the logs were read: what it changed is no violation once it is read too."""
        found, deadline = self.other_orders(), time.monotonic() + CAUGHT_UP_WITHIN_S
        while found and time.monotonic() < deadline:
            read_to = dict(self.read_to)
            self.compare_logs(self.wait_until_caught_up(), is_replayed=False)
            if read_to == self.read_to:
                break
            found = self.other_orders()
        for one in found:
            self.violation(one.kind, one.what)

    def other_orders(self):
        """Where a node lists other open orders than the model has."""
        return [
            found
            for number, node in self.cluster.nodes.items()
            for account in self.desk.accounts
            for found in check.against_orders(
                self.checker.model, number, account["account"],
                node.call("private/get_open_orders_by_currency", key=account, currency=DOMAIN))
        ]

    def copied(self, node):
        """What a node has on its disk, of one moment or nearly so: it runs."""
        copy = self.scratch / f"copy-{node.number}"
        shutil.rmtree(copy, ignore_errors=True)
        subprocess.run(["cp", "-a", "--sparse=always", str(node.data), str(copy)], check=True)
        return copy

    def read(self, number, copy):
        """What is new in the log of a node; the first of the nodes is also run through the model."""
        is_first = number == min(self.cluster.nodes)
        for line in words.lines(self.chosen.bin, copy, DOMAIN, self.read_to[number] + 1):
            told = json.loads(line)
            self.replicas.take(number, line, told)
            if "command" in told:
                self.read_to[number] = told["seq"]
                if is_first:
                    self.checker.take_line(line)

    async def progress(self):
        while True:
            await asyncio.sleep(PROGRESS_S)
            n_acknowledged = self.history.count(ACKNOWLEDGED)
            print(f"drills: {self.done()}{n_acknowledged} operations acknowledged, "
                  f"{time.monotonic() - self.started:.0f} s", flush=True)

    def is_excused(self, _found):
        """Whether what was found is what the drill is about, and is counted elsewhere."""
        return False

    def latency_ms(self, since, until):
        """Of what was acknowledged: (half within, 99 of 100 within)."""
        took = sorted(
            (attempt.answered - attempt.invoked) * 1000
            for operation in self.history.operations for attempt in operation.attempts
            if attempt.outcome == ACKNOWLEDGED and since <= attempt.invoked <= until
        )
        return [round(took[min(len(took) - 1, int(share * len(took)))], 1) for share in (0.5, 0.99)] if took else None

    def done(self):
        """The beginning of a line of progress."""
        return ""


@contextlib.contextmanager
def opened(chosen, n_nodes, n_spare=0):
    """Machines and a cluster on the first of them, the relay, and what is missing for faults; with a directory."""
    scratch = Path(tempfile.mkdtemp(prefix="plimsoll-drills-"))
    (scratch / "cluster").mkdir()
    try:
        with world.World(n_nodes + n_spare) as there:
            ground = ground_of(chosen, there, n_nodes, scratch)
            try:
                yield ground, scratch
            finally:
                if ground.relay is not None:
                    ground.relay.close()
                ground.cluster.close()
    finally:
        disk.unmount_below(scratch)
        shutil.rmtree(scratch, ignore_errors=True)


def ground_of(chosen, there, n_nodes, scratch):
    cluster = (Solo if n_nodes == 1 else Cluster)(chosen.bin, scratch / "cluster", n_nodes)
    missing = {
        "shim": shim.why_not(chosen.bin),
        "disk": "--plain-disk" if chosen.plain_disk else disk.why_not(scratch),
        "relay": relay.why_not(),
    }
    library = shim.compiled(scratch) if missing["shim"] is None else None
    for node in cluster.nodes.values():
        if missing["disk"] is None:
            give_disk(node, scratch)
        if library:
            node.shim = shim.Shim(library, scratch / f"shim-{node.number}", node.data)
    shaper = relay.Relay(there, chosen.seed) if missing["relay"] is None else None
    return Ground(cluster, there, shaper, missing)


def give_disk(node, scratch):
    node.disk = disk.Disk(node.data, scratch / f"disk-{node.number}-{node.config.parent.parent.name}", DISK_MEGABYTES)
    node.disk.__enter__()


def keep(chosen, rig):
    """The evidence."""
    place = chosen.keep or Path(tempfile.gettempdir()) / f"plimsoll-drills-{chosen.seed}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    rig.history.write(rig.scratch / "history.jsonl")
    for path in [rig.scratch / "history.jsonl", *rig.scratch.glob("cluster/*.log"), *rig.scratch.glob("copy-*")]:
        (shutil.copytree if path.is_dir() else shutil.copy)(path, place / path.name)
    print(f"drills: history, logs and words of the nodes are in {place}")
