#!/usr/bin/env python3
"""Breaks a cluster of real processes under load, and checks that every promise to its clients was kept.

Rounds: faults one after another and beside each other (atlas.py), traders all the while (load.py); after
each fault every node that is whole must take a fresh order within 5 s. At the end of a round the load
stops, the logs of all nodes are read, and the whole history is checked (check.py).

    drills.py --bin plimsoll --faults 1000                   on three nodes, and then on five
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
import sys
import time
from pathlib import Path

import world
from atlas import Atlas
from cluster import Solo
from faults import BEYOND, KINDS
from history import ACKNOWLEDGED, REFUSED, UNKNOWN
from load import gap_ms
from rig import Rig, keep, opened

LIVE_WITHIN_S = 5
FAULTS_PER_ROUND = 100
GAP_LONG_MS = 1_000


class Run(Rig):
    """One run: what was broken in it."""

    def __init__(self, chosen, n_faults, ground, scratch):
        super().__init__(chosen, ground, scratch)
        self.n_faults = n_faults  # None: as many as there is time for.
        self.rows = []  # (kind, gap in ms, seconds until every node took a fresh order)
        self.notes, self.kills = [], []
        self.atlas = None  # Its deck goes on from round to round.

    def done(self):
        return f"{len(self.rows) or len(self.kills)} faults, "

    def is_over(self):
        faults_done = self.n_faults is not None and self.n_faults <= len(self.rows)
        time_over = self.n_faults is None and self.chosen.seconds < time.monotonic() - self.started
        return faults_done or time_over or bool(self.found)

    async def faults(self, kinds):
        """Rounds of faults, each with a check at its end."""
        while not self.is_over():
            n_before = len(self.rows)
            await self.under_load(self.round_of(kinds))
            await asyncio.to_thread(self.check, self.is_over())
            if n_before == len(self.rows):
                self.violation("drills", "a round without a fault: nothing in it may begin")

    async def round_of(self, kinds):
        atlas = self.atlas = self.atlas or Atlas(self.ground, kinds, self.chosen.seed)
        goal = len(self.rows) + FAULTS_PER_ROUND
        running = set()
        await asyncio.sleep(0.3)
        while (not self.is_over() and len(self.rows) + len(running) < goal) or running:
            may_more = not self.is_over() and len(self.rows) + len(running) < goal
            wanted = self.n_faults is None or len(self.rows) + len(running) < self.n_faults
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
            until = time.monotonic() + fault.lasts
            while time.monotonic() < until and not fault.is_done():
                await asyncio.sleep(0.01)
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
            killed, at = time.monotonic(), time.time()
            await asyncio.to_thread(node.kill)
            if isinstance(self.cluster, Solo):
                node.start()
            gap = await self.gap_after(killed)
            if gap is None:
                self.violation("liveness", f"no write within 30 s of the death of node {leader}")
                break
            self.kills.append(gap)
            if self.chosen.verbose or GAP_LONG_MS < gap:
                print(f"drills: node {leader} killed at {at:.3f}: {gap:.0f} ms without a write", flush=True)
            if not node.is_alive():
                node.start()
            await asyncio.to_thread(self.wait_until_caught_up)
        self.prober.is_over = True
        await probing

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
    parser.add_argument("--nodes", type=sizes, help="of a cluster, or of one after the other: 1 (no replication), 3, 5, "
                        "with commas between (3,5; 3 to kill the leader)")
    parser.add_argument("--faults", type=int, help="how many, of all; without it as many as fit into --seconds")
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
    chosen.nodes = chosen.nodes or ([3] if chosen.kill_leader else [3, 5])
    return chosen


def sizes(text):
    told = [int(size) for size in text.split(",")]
    if not set(told) <= {1, 3, 5}:
        raise argparse.ArgumentTypeError(f"{text}: 1, 3 or 5, with commas between")
    return told


def shares(n_faults, sizes):
    """How many faults each cluster has: a larger one bears more beside each other."""
    given = [n_faults * size // sum(sizes) for size in sizes]
    return [*given[:-1], n_faults - sum(given[:-1])]


def again(chosen):
    """The one command that does this again."""
    words = ["clients/run drills -- --nodes", ",".join(map(str, chosen.nodes)), "--seed", str(chosen.seed), "--rate", f"{chosen.rate:g}"]
    if chosen.kill_leader:
        words += ["--kill-leader", str(chosen.kill_leader)]
    elif chosen.faults:
        words += ["--faults", str(chosen.faults)]
    else:
        words += ["--seconds", f"{chosen.seconds:g}"]
    words += ["--only", chosen.only] if chosen.only else []
    words += ["--plain-disk"] if chosen.plain_disk else []
    return " ".join(words)


def kinds_of(chosen, ground):
    """The faults of this run, and why others are skipped."""
    every = {**KINDS, **BEYOND}
    wanted = [every[kind] for kind in chosen.only.split(",")] if chosen.only else list(KINDS.values())
    skipped = {kind.kind: why for kind in wanted if (why := kind.why_not(ground)) is not None}
    here = [kind for kind in wanted if kind.kind not in skipped]
    # What needs more nodes has its turn where there are more.
    return here, {kind.kind: skipped[kind.kind] for kind in wanted
                  if kind.kind in skipped and not len(ground.cluster.nodes) < kind.nodes_min <= max(chosen.nodes)}


def drill(chosen, n_nodes, n_faults):
    """Everything on one cluster; the report."""
    with opened(chosen, n_nodes) as (ground, scratch):
        run = Run(chosen, n_faults, ground, scratch)
        run.prepare()
        kinds, skipped = kinds_of(chosen, ground)
        assert chosen.kill_leader or kinds, f"no fault is left: {skipped}"
        try:
            asyncio.run(killing(run) if chosen.kill_leader else run.faults(kinds))
        except (OSError, http.client.HTTPException) as error:
            run.violation("stopped", f"a node that was not broken does not answer any more: {error!r}")
        if run.found:
            keep(chosen, run)
        return run.report({} if chosen.kill_leader else skipped)


async def killing(run):
    await run.under_load(run.kill_leader())
    await asyncio.to_thread(run.check, True)


def main():
    chosen = options()
    print(f"drills: seed {chosen.seed}; again: {again(chosen)}", flush=True)
    n_faults = shares(chosen.faults, chosen.nodes) if chosen.faults else [None] * len(chosen.nodes)
    for n_nodes, share in zip(chosen.nodes, n_faults):
        try:
            report = drill(chosen, n_nodes, share)
        except world.Unable as unable:
            print(f"drills: SKIPPED: {unable}")
            return 0
        print_table(report)
        if chosen.json:
            print(json.dumps(report))
        if report["violations"]:
            print(f"drills: FAILED: {len(report['violations'])} violations; again: {again(chosen)}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
