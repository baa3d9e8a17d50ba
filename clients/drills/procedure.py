"""What every drill of a procedure has: the cluster in the hands of its operator, a prober, and figures."""

import asyncio
import time

from fleet import Fleet
from load import gap_ms
from rig import Rig

LIVE_WITHIN_S = 5


class Procedure(Rig):
    """`steps` is the drill. What it measures goes into `figures`, what breaks into `found`."""

    n_nodes, n_spare = 3, 1

    def __init__(self, chosen, ground, scratch):
        super().__init__(chosen, ground, scratch)
        self.fleet, self.figures = Fleet(self), {}

    @classmethod
    def why_not(cls, _chosen):
        """Why it is skipped here; None: it is not."""
        return None

    @classmethod
    def binary(cls, chosen):
        """What its nodes run."""
        return chosen.bin

    async def steps(self):
        raise NotImplementedError

    async def rehearse(self):
        """The steps under load, and then the check of everything."""
        await self.under_load(self.probed())
        await asyncio.to_thread(self.check, True)

    async def probed(self):
        probing = asyncio.ensure_future(self.prober.probe())
        try:
            await asyncio.sleep(2)
            await self.steps()
        finally:
            self.prober.is_over = True
            await probing

    def expect(self, is_so, what):
        if not is_so:
            self.violation("procedure", what)

    async def expect_live(self, numbers):
        """Each of these nodes takes a fresh order in time. Seconds of the slowest."""
        nodes = [self.cluster.nodes[number] for number in numbers]
        took = await asyncio.gather(*(self.fresh.fresh(node, LIVE_WITHIN_S) for node in nodes))
        for node, seconds in zip(nodes, took):
            what = f"node {node.number} took no fresh order within {LIVE_WITHIN_S} s\n{node.words()}"
            if seconds is None:
                self.violation("liveness", what)
        return round(max((seconds for seconds in took if seconds is not None), default=0.0), 2)

    def gap_ms(self, since):
        """The longest time without a write from then until now."""
        return round(gap_ms(self.prober.written, since, time.monotonic()))

    async def replace(self, dead, zone):
        """A new machine in the place of one that is gone, as the page says. Seconds of each step."""
        number, started, marks = max(dead, *self.cluster.nodes) + 1, time.monotonic(), {}
        for name, step in (
            ("certified and started", lambda: self.fleet.machine(number, zone)),
            ("learns", lambda: self.fleet.add(number, zone)),
            ("near", lambda: self.fleet.wait_until_near(number)),
            ("votes", lambda: self.fleet.change("promote", number)),
            ("the dead one is out", lambda: self.fleet.change("remove", dead)),
        ):
            await asyncio.to_thread(step)
            marks[name] = round(time.monotonic() - started, 2)
        voters = await asyncio.to_thread(self.fleet.voters)
        there = sorted(self.cluster.nodes)
        self.expect(sorted(voters) == there, f"the voters are {voters}, not {there}")
        self.figures["replaced after s"] = marks
        return number
