#!/usr/bin/env python3
"""Breaks a cluster of real processes under load, and checks that every promise to its clients was kept.

Rounds: faults one after another and beside each other (atlas.py), traders all the while (load.py); after
each fault every node that is whole must take a fresh order within 5 s. At the end of a round the load
stops, the logs of all nodes are read, and the whole history is checked (check.py).

    drills.py --bin plimsoll --nodes 3 --faults 100
    drills.py --bin plimsoll --nodes 3 --kill-leader 100     a table of gaps in service
    drills.py --bin plimsoll --nodes 1 --faults 50           one process without replication
"""

import argparse
import asyncio
import collections
import http.client
import json
import random
import shutil
import subprocess
import sys
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
from atlas import Atlas
from cluster import DOMAIN, Cluster, Solo
from faults import BEYOND, KINDS, Ground
from history import ACKNOWLEDGED, REFUSED, UNKNOWN, History
from load import Prober, Trader, gap_ms

LIVE_WITHIN_S = 5
CAUGHT_UP_WITHIN_S = 30
DISK_MEGABYTES = 512
FAULTS_PER_ROUND = 25
PROGRESS_S = 5
VIOLATIONS_PRINTED_MAX = 10


class Run:
    """One run: the cluster, the load, what was broken and what was found."""

    def __init__(self, chosen, ground, scratch):
        self.chosen, self.ground, self.scratch = chosen, ground, scratch
        self.cluster = ground.cluster
        self.rng = random.Random(chosen.seed)
        self.history = History()
        self.checker, self.replicas = check.Checker(self.history), check.Replicas()
        self.read_to = {node: 0 for node in self.cluster.nodes}
        self.written = []  # When a trader's order was answered for.
        self.rows = []  # (kind, gap in ms, seconds until every node took a fresh order)
        self.found, self.notes, self.kills = [], [], []
        self.atlas = None  # Its deck goes on from round to round.
        self.started = time.monotonic()

    def prepare(self):
        for node in self.cluster.nodes.values():
            node.start()
        self.cluster.wait_for_leader()
        n_traders = max(4, 2 * len(self.cluster.nodes))
        self.desk = desk.opened(self.cluster, n_traders + 2)
        nodes = list(self.cluster.nodes.values())
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

    def is_over(self):
        faults_done = self.chosen.faults is not None and self.chosen.faults <= len(self.rows)
        time_over = self.chosen.faults is None and self.chosen.seconds < time.monotonic() - self.started
        return faults_done or time_over or bool(self.found)

    async def faults(self, kinds):
        """Rounds of faults, each with a check at its end."""
        while not self.is_over():
            n_before = len(self.rows)
            await self.under_load(self.round_of(kinds))
            await asyncio.to_thread(self.check)
            if n_before == len(self.rows):
                self.violation("drills", "a round without a fault: nothing in it may begin")

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

    async def round_of(self, kinds):
        atlas = self.atlas = self.atlas or Atlas(self.ground, kinds, self.chosen.seed)
        goal = len(self.rows) + FAULTS_PER_ROUND
        running = set()
        await asyncio.sleep(0.3)
        while (not self.is_over() and len(self.rows) + len(running) < goal) or running:
            may_more = not self.is_over() and len(self.rows) + len(running) < goal
            wanted = self.chosen.faults is None or len(self.rows) + len(running) < self.chosen.faults
            if may_more and wanted and (fault := await asyncio.to_thread(atlas.next)) is not None:
                running.add(asyncio.ensure_future(self.one(atlas, fault)))
            await asyncio.sleep(0.02)
            for task in [task for task in running if task.done()]:
                running.remove(task)
                task.result()

    async def one(self, atlas, fault):
        """One fault from its beginning until the service is whole again."""
        began = time.monotonic()
        try:
            await asyncio.to_thread(fault.start)
            await asyncio.sleep(fault.lasts)
            self.look_for_dead(atlas)
            await asyncio.to_thread(fault.stop)
            fault.is_healed = True
            healed_s = await self.all_live(atlas, fault)
        finally:
            atlas.end(fault)
        if fault.violation:
            self.violation("term", fault.violation)
        if fault.note:
            self.notes.append(fault.note)
        gap = gap_ms(self.written, began, time.monotonic())
        self.rows.append((fault.kind, gap, healed_s))
        if self.chosen.verbose:
            print(f"drills: {fault}: {gap:.0f} ms without a write, whole after {healed_s:.2f} s", flush=True)

    def look_for_dead(self, atlas):
        """A process that ended by itself, and had no reason to."""
        excused = {node for fault in atlas.running for node in fault.victims()}
        for number, node in self.cluster.nodes.items():
            if number not in excused and not node.is_alive():
                self.violation("stopped", f"node {number} ended by itself:\n{node.words()}")
                node.start()

    async def all_live(self, atlas, fault):
        """Seconds until each whole node has taken a fresh order."""
        nodes = [self.cluster.nodes[number] for number in atlas.whole()]
        supervisor = asyncio.ensure_future(self.supervise(fault))
        took = await asyncio.gather(*(self.fresh.fresh(node, LIVE_WITHIN_S) for node in nodes))
        supervisor.cancel()
        for node, seconds in zip(nodes, took):
            if seconds is None and node.number in atlas.whole():
                what = f"node {node.number} took no fresh order within {LIVE_WITHIN_S} s of the end of {fault}"
                self.violation("liveness", f"{what}\n{node.words()}")
        return max((seconds for seconds in took if seconds is not None), default=0.0)

    async def supervise(self, fault):
        """Starts a victim again that ends after its fault, as systemd would: a failed disk may be met late."""
        while fault.may_stop:
            for number in fault.victims():
                self.cluster.nodes[number].revive()
            await asyncio.sleep(0.02)

    async def kill_leader(self):
        """Kills the leader again and again, and measures how long nobody could write."""
        probing = asyncio.ensure_future(self.prober.probe())
        await asyncio.sleep(1)
        for _ in range(self.chosen.kill_leader):
            await asyncio.sleep(self.rng.uniform(0.3, 0.8))
            leader = await asyncio.to_thread(self.cluster.wait_for_leader)
            node = self.cluster.nodes[leader]
            killed = time.monotonic()
            await asyncio.to_thread(node.kill)
            if isinstance(self.cluster, Solo):
                node.start()
            gap = await self.gap_after(killed)
            if gap is None:
                self.violation("liveness", f"no write within 30 s of the death of node {leader}")
                break
            self.kills.append(gap)
            if not node.is_alive():
                node.start()
            await asyncio.to_thread(self.wait_until_caught_up)
        self.prober.is_over = True
        await probing

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
        """Until every node has applied what one had when we began to wait."""
        deadline, goal = time.monotonic() + CAUGHT_UP_WITHIN_S, None
        while True:
            spread = self.cluster.spread()
            if spread is not None:
                goal = spread[1] if goal is None else goal
                if goal <= spread[0]:
                    return
            if deadline < time.monotonic():
                self.violation("liveness", f"the nodes are not together within {CAUGHT_UP_WITHIN_S} s: {spread}")
                return
            time.sleep(0.05)

    def check(self):
        """Everything, at a quiet point."""
        self.wait_until_caught_up()
        for number, node in self.cluster.nodes.items():
            copy = self.scratch / f"copy-{number}"
            shutil.rmtree(copy, ignore_errors=True)
            subprocess.run(["cp", "-a", "--sparse=always", str(node.data), str(copy)], check=True)
            self.read(number, copy)
            root = words.verified(self.chosen.bin, copy)[DOMAIN]
            self.replicas.take(number, "log verify", {"seq": root["seq"], "root": root["root"]})
        for found in self.checker.judge() + self.replicas.found:
            self.violation(found.kind, str(found).partition(": ")[2])
        for number, node in self.cluster.nodes.items():
            for account in self.desk.accounts:
                listed = node.call("private/get_open_orders_by_currency", key=account, currency=DOMAIN)
                for found in check.against_orders(self.checker.model, number, account["account"], listed):
                    self.violation(found.kind, found.what)
        self.history.write(self.scratch / "history.jsonl")

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
            n_done = len(self.rows) or len(self.kills)
            print(f"drills: {n_done} faults, {n_acknowledged} operations acknowledged, "
                  f"{time.monotonic() - self.started:.0f} s", flush=True)

    def report(self, skipped):
        """What is told at the end."""
        by_kind = collections.defaultdict(list)
        for kind, gap, healed_s in self.rows:
            by_kind[kind].append((gap, healed_s))
        faults = {
            kind: {"count": len(rows), **spread_of([gap for gap, _ in rows]),
                   "whole_after_s_max": round(max(healed for _, healed in rows), 2)}
            for kind, rows in sorted(by_kind.items())
        }
        return {
            "seed": self.chosen.seed, "nodes": len(self.cluster.nodes), "faults": faults,
            "n_faults": len(self.rows) + len(self.kills),
            "leader_kills": {"count": len(self.kills), **spread_of(self.kills)} if self.kills else None,
            "operations": {outcome: self.history.count(outcome) for outcome in (ACKNOWLEDGED, REFUSED, UNKNOWN)},
            "refusals": self.refusals(),
            "entries_checked": self.checker.seq, "skipped": skipped,
            "notes": dict(collections.Counter(self.notes)),
            "violations": [str(found) for found in self.found],
            "seconds": round(time.monotonic() - self.started, 1),
        }

    def refusals(self):
        said = (a.said for o in self.history.operations for a in o.attempts if a.outcome == REFUSED)
        return dict(collections.Counter(f"{one['code']} {one['message']}" for one in said).most_common(8))


def spread_of(values):
    ordered = sorted(values)
    place = lambda share: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))])
    return {"gap_ms_p50": place(0.5), "gap_ms_p90": place(0.9), "gap_ms_p99": place(0.99), "gap_ms_max": place(1)}


def print_table(report):
    if report["faults"]:
        print(f"\n{'fault':<20}{'count':>6}{'p50':>8}{'p90':>8}{'p99':>8}{'max':>8}   ms without a write; whole after")
        for kind, row in report["faults"].items():
            gaps = "".join(f"{row[f'gap_ms_{which}']:>8}" for which in ("p50", "p90", "p99", "max"))
            print(f"{kind:<20}{row['count']:>6}{gaps}   {row['whole_after_s_max']} s")
    if row := report["leader_kills"]:
        print("\n| leader killed | p50 ms | p90 ms | p99 ms | max ms |\n|---|---|---|---|---|")
        print(f"| {row['count']} times | " + " | ".join(
            str(row[f"gap_ms_{which}"]) for which in ("p50", "p90", "p99", "max")) + " |")
    for kind, why in report["skipped"].items():
        print(f"drills: SKIPPED {kind}: {why}")
    for note, count in report["notes"].items():
        print(f"drills: note: {note} ({count}×)")
    operations = ", ".join(f"{count} {outcome}" for outcome, count in report["operations"].items())
    print(f"drills: {report['n_faults']} faults on {report['nodes']} nodes; {operations}; "
          f"{report['entries_checked']} entries checked; {len(report['violations'])} violations; "
          f"{report['seconds']} s")
    print(f"drills: refusals: {report['refusals']}")


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="the plimsoll binary")
    parser.add_argument("--nodes", type=int, choices=(1, 3, 5), default=3, help="1: no replication (3)")
    parser.add_argument("--faults", type=int, help="how many; without it as many as fit into --seconds")
    parser.add_argument("--seconds", type=float, default=120, help="(120)")
    parser.add_argument("--kill-leader", type=int, metavar="N", help="kill the leader N times, nothing else")
    parser.add_argument("--only", help=f"kinds, with commas between: {', '.join([*KINDS, *BEYOND])}")
    parser.add_argument("--rate", type=float, default=200, help="orders a second of all traders (200)")
    parser.add_argument("--seed", type=int, help="without it a new one, which is printed")
    parser.add_argument("--plain-disk", action="store_true", help="data in a directory: no disk faults, faster syncs")
    parser.add_argument("--json", action="store_true", help="print the report as one line of JSON")
    parser.add_argument("--verbose", action="store_true", help="a line for each fault")
    parser.add_argument("--keep", type=Path, help="where history, logs and words go after a violation")
    chosen = parser.parse_args()
    chosen.seed = random.randrange(2**31) if chosen.seed is None else chosen.seed
    unknown = set((chosen.only or "").split(",")) - {*KINDS, *BEYOND, ""}
    if unknown:
        parser.error(f"there is no fault {', '.join(unknown)}: {', '.join(KINDS)}")
    chosen.bin = chosen.bin.resolve()
    return chosen


def again(chosen):
    """The one command that does this again."""
    words = ["clients/run drills -- --nodes", str(chosen.nodes), "--seed", str(chosen.seed), "--rate", f"{chosen.rate:g}"]
    if chosen.kill_leader:
        words += ["--kill-leader", str(chosen.kill_leader)]
    elif chosen.faults:
        words += ["--faults", str(chosen.faults)]
    else:
        words += ["--seconds", f"{chosen.seconds:g}"]
    words += ["--only", chosen.only] if chosen.only else []
    words += ["--plain-disk"] if chosen.plain_disk else []
    return " ".join(words)


def ground_of(chosen, there, scratch):
    """The cluster with its disks and shims, the relay, and what is missing for them."""
    cluster = (Solo if chosen.nodes == 1 else Cluster)(chosen.bin, scratch / "cluster", there)
    missing = {
        "shim": shim.why_not(chosen.bin),
        "disk": "--plain-disk" if chosen.plain_disk else disk.why_not(scratch),
        "relay": relay.why_not(),
    }
    library = shim.compiled(scratch) if missing["shim"] is None else None
    for node in cluster.nodes.values():
        if missing["disk"] is None:
            node.disk = disk.Disk(node.data, scratch / f"disk-{node.number}", DISK_MEGABYTES)
            node.disk.__enter__()
        if library:
            node.shim = shim.Shim(library, scratch / f"shim-{node.number}", node.data)
    shaper = relay.Relay(there, chosen.seed) if missing["relay"] is None else None
    return Ground(cluster, there, shaper, missing)


def kinds_of(chosen, ground):
    """The faults of this run, and why others are skipped."""
    every = {**KINDS, **BEYOND}
    wanted = [every[kind] for kind in chosen.only.split(",")] if chosen.only else list(KINDS.values())
    skipped = {kind.kind: why for kind in wanted if (why := kind.why_not(ground)) is not None}
    return [kind for kind in wanted if kind.kind not in skipped], skipped


def drill(chosen, scratch):
    """Everything; the report."""
    with world.World(chosen.nodes) as there:
        ground = ground_of(chosen, there, scratch)
        try:
            run = Run(chosen, ground, scratch)
            run.prepare()
            kinds, skipped = kinds_of(chosen, ground)
            assert chosen.kill_leader or kinds, f"no fault is left: {skipped}"
            try:
                asyncio.run(killing(run) if chosen.kill_leader else run.faults(kinds))
            except (OSError, http.client.HTTPException) as error:
                run.violation("stopped", f"a node that was not broken does not answer any more: {error!r}")
            report = run.report({} if chosen.kill_leader else skipped)
            if run.found:
                keep(chosen, run)
            return report
        finally:
            if ground.relay is not None:
                ground.relay.close()
            ground.cluster.close()


async def killing(run):
    await run.under_load(run.kill_leader())
    await asyncio.to_thread(run.check)


def keep(chosen, run):
    """The evidence."""
    place = chosen.keep or Path(tempfile.gettempdir()) / f"plimsoll-drills-{chosen.seed}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    run.history.write(run.scratch / "history.jsonl")
    for path in [run.scratch / "history.jsonl", *run.scratch.glob("cluster/*.log"), *run.scratch.glob("copy-*")]:
        (shutil.copytree if path.is_dir() else shutil.copy)(path, place / path.name)
    print(f"drills: history, logs and words of the nodes are in {place}")


def main():
    chosen = options()
    print(f"drills: seed {chosen.seed}; again: {again(chosen)}", flush=True)
    scratch = Path(tempfile.mkdtemp(prefix="plimsoll-drills-"))
    (scratch / "cluster").mkdir()
    try:
        report = drill(chosen, scratch)
    except world.Unable as unable:
        print(f"drills: SKIPPED: {unable}")
        return 0
    finally:
        disk.unmount_below(scratch)
        shutil.rmtree(scratch, ignore_errors=True)
    print_table(report)
    if chosen.json:
        print(json.dumps(report))
    if report["violations"]:
        print(f"drills: FAILED: {len(report['violations'])} violations; again: {again(chosen)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
