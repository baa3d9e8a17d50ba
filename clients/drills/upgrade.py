"""Every node is stopped once and starts as a newer build, under load; then the rules change at one entry.

The cluster begins as the build of `previous-build`, which is a real one: a commit of before. Until the entry
the nodes of both builds come to the same roots; an upgrade is refused while one of them does not know it.
Afterwards a node that is started as the older build must stop by itself, and harm nobody.
"""

import asyncio
import json
import time

import words
from cluster import DOMAIN
from fleet import SERVED, Step
from procedure import Procedure

VERSION = 2
STOPPED_WITHIN_S = 20
GONE_WITHIN_S = 20  # The leader waits for ten.


class Upgrade(Procedure):
    n_spare = 0

    def __init__(self, chosen, ground, scratch):
        super().__init__(chosen, ground, scratch)
        self.older, self.next = str(chosen.previous_bin), str(chosen.next_bin)

    @classmethod
    def why_not(cls, chosen):
        return None if chosen.previous_bin else "no --previous-bin, the build of before"

    @classmethod
    def binary(cls, chosen):
        return chosen.previous_bin

    async def steps(self):
        self.cluster.binary = self.next  # An operator's machine is the first to have it.
        began = time.monotonic()
        await asyncio.to_thread(self.roll)
        self.figures["three nodes renewed after s"] = round(time.monotonic() - began, 2)
        self.figures["longest gap while they were ms"] = self.gap_ms(began)
        await self.expect_live(sorted(self.cluster.nodes))
        versions = await asyncio.to_thread(self.versions)
        self.expect(versions == {1}, f"nobody has upgraded, and the versions are {versions}")

        upgraded = time.monotonic()
        await asyncio.to_thread(self.fleet.upgrade)
        self.figures["upgraded after s"] = round(time.monotonic() - upgraded, 2)
        await self.expect_live(sorted(self.cluster.nodes))
        versions = await asyncio.to_thread(self.versions)
        self.expect(versions == {VERSION}, f"the versions are {versions}, not {VERSION}")
        self.figures["longest gap of the upgrade ms"] = self.gap_ms(upgraded)
        await self.step_back()
        self.chosen.bin = self.next  # What reads the logs from here on.
        await asyncio.to_thread(self.expect_one_entry)

    def roll(self):
        """As the page says: those that lead nothing, then the leader."""
        last = self.cluster.wait_for_leader()
        first, second = sorted(set(self.cluster.nodes) - {last})
        self.fleet.hand_all_to(last)
        self.renew(first)
        self.expect_refused(second, last)
        self.renew(second)
        self.expect_refused(last)
        self.fleet.hand_all_to(second)
        self.renew(last)

    def renew(self, number):
        node = self.cluster.nodes[number]
        self.expect(node.stop(), f"node {number} did not stop in time")
        node.binary = self.next
        node.start()
        self.fleet.wait_until_near(number)

    def expect_refused(self, *older):
        try:
            self.fleet.upgrade()
            self.expect(False, f"it was upgraded while nodes {older} do not know version {VERSION}")
        except Step as step:
            missing = [node for node in older if f"node {node} knows versions up to 1" not in str(step)]
            self.expect(not missing, f"the refusal does not name nodes {missing}: {step}")

    def versions(self):
        rows = [self.fleet.row(node, name) for node in self.cluster.nodes.values() for name in SERVED]
        return {row and row.get("version") for row in rows}

    async def step_back(self):
        """A node that leads nothing is started as the older build."""
        leader = await asyncio.to_thread(self.cluster.wait_for_leader)
        number = min(set(self.cluster.nodes) - {leader})
        node, others = self.cluster.nodes[number], sorted(set(self.cluster.nodes) - {number})
        await asyncio.to_thread(node.stop)
        node.binary = self.older
        node.start()
        started = time.monotonic()
        while node.is_alive() and time.monotonic() < started + STOPPED_WITHIN_S:
            await asyncio.sleep(0.02)
        self.figures["the older build stopped after s"] = round(time.monotonic() - started, 2)
        self.expect(not node.is_alive(), f"the older build goes on after version {VERSION}")
        self.expect(node.process.poll() == 1, f"it ended with {node.process.poll()}, not with 1")
        await self.expect_live(others)
        await self.expect_gone(number, started)
        node.kill()
        node.binary = self.next
        node.start()
        await asyncio.to_thread(self.fleet.wait_until_near, number)
        await self.expect_live(sorted(self.cluster.nodes))

    async def expect_gone(self, number, since):
        """ORD-21, which came with the version: the leader cancels for the clients of a node that is gone."""
        leader = self.cluster.nodes[await asyncio.to_thread(self.cluster.wait_for_leader)]
        said = f"{DOMAIN}: node {number} is silent"
        while said not in leader.words(20_000) and time.monotonic() < since + GONE_WITHIN_S:
            await asyncio.sleep(0.1)
        self.expect(said in leader.words(20_000), f"the leader does not say that node {number} is gone")

    def expect_one_entry(self):
        """The rules change at one entry, at the same one in every log."""
        found = {number: set(self.upgrades(node)) for number, node in self.cluster.nodes.items()}
        seqs = set().union(*found.values())
        self.expect(len(seqs) == 1 and all(found.values()), f"the entries that upgrade are {found}")

    def upgrades(self, node):
        for line in words.lines(self.chosen.bin, self.copied(node), DOMAIN, 1):
            told = json.loads(line)
            if told.get("command") == f"go by version {VERSION} of the rules":
                yield told["seq"]
