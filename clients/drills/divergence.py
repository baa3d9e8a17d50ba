"""One node computes something else: it must find out, stop itself, keep what shows it, and harm nobody.

A build with the feature `planted` takes each order for one lot more from a given entry on, on one follower
alone. Until the roots are compared the node tells its own clients what is not so: how often is counted, and
is no violation here; whatever else the check finds is.
"""

import asyncio
import json
import re
import time

import words
from cluster import DOMAIN
from procedure import Procedure

FROM_ENTRIES = 300  # After the node has caught up from its restart.
ROOT_ENTRIES = 1_024  # `root_entries` of a cluster that was not told otherwise.
BATCH_ENTRIES = 64  # A root is taken at the end of a batch; what one holds here, generously.
FOUND_WITHIN_S = 60
LIES = {"answer", "refused", "lost"}


class Divergence(Procedure):
    """The binary under test is the planted one, on all nodes; the bug is on one."""

    def __init__(self, chosen, ground, scratch):
        super().__init__(chosen, ground, scratch)
        self.wrong, self.wrong_until, self.n_lies = None, None, 0

    @classmethod
    def why_not(cls, chosen):
        if chosen.planted_bin is None:
            return "no --planted-bin, a build with the feature `planted`"
        return None

    @classmethod
    def binary(cls, chosen):
        return chosen.planted_bin

    async def steps(self):
        leader = await asyncio.to_thread(self.cluster.wait_for_leader)
        self.wrong = self.rng.choice(sorted(set(self.cluster.nodes) - {leader}))
        node = self.cluster.nodes[self.wrong]
        planted = await asyncio.to_thread(self.plant, node)
        began = time.monotonic()
        ended = await self.end_of(node)
        self.wrong_until = ended
        evidence = await asyncio.to_thread(self.judge_end, node, planted)
        right = sorted(set(self.cluster.nodes) - {self.wrong})
        self.expect(all(self.cluster.nodes[one].is_alive() for one in right), "a node that was right has ended too")
        self.figures["others whole after s"] = await self.expect_live(right)
        self.figures["longest gap ms"] = self.gap_ms(began)
        if evidence is not None:
            await asyncio.to_thread(self.measure, node, planted, evidence, ended)
        self.nodes.remove(node)
        self.cluster.nodes.pop(self.wrong)  # Its directory stays where it is, as evidence.
        number = await self.replace(self.wrong, "abcde"[self.wrong - 1])
        await self.expect_live([*right, number])

    def plant(self, node):
        """A restart as the build that is wrong. The entry from which on it is."""
        applied = node.status()["applied_seq"]
        node.stop()
        planted = applied + FROM_ENTRIES
        node.variables = {"PLIMSOLL_PLANTED": "diverge", "PLIMSOLL_PLANTED_FROM": str(planted)}
        node.start()
        return planted

    async def end_of(self, node):
        deadline = time.monotonic() + FOUND_WITHIN_S
        while node.is_alive():
            assert time.monotonic() < deadline, f"node {node.number} goes on with another state for {FOUND_WITHIN_S} s"
            await asyncio.sleep(0.002)
        return time.monotonic()

    def judge_end(self, node, planted):
        """How it ended, and what it left: the entry that its evidence names."""
        said = node.words(3_000)
        self.expect(node.process.returncode == 1, f"it ended with {node.process.returncode}, not with 1")
        self.expect("this node is wrong and has stopped" in said, f"its words do not say why it stopped:\n{said}")
        texts = sorted((node.data / DOMAIN.lower()).glob("divergence-*.txt"))
        self.expect(len(texts) == 1, f"{len(texts)} files say what differed, not one")
        if not texts:
            return None
        told, state = texts[0].read_text(), texts[0].with_suffix(".plim")
        roots = re.findall(r"\b[0-9a-f]{64}\b", told)
        self.expect(len(set(roots)) == 4, f"two roots and two chains should differ in: {told}")
        self.expect(state.exists() and state.stat().st_size, f"there is no state in {state}")
        seq = int(texts[0].stem.rpartition("-")[2])
        self.expect(planted <= seq, f"it differs after entry {seq}, and the bug is there from {planted} on")
        return seq

    def measure(self, node, planted, seq, ended):
        """From the first order that it took for another one, by the log's time, until its end."""
        for line in words.lines(self.chosen.bin, node.data, DOMAIN, planted):
            told = json.loads(line)
            if words.read(words.COMMANDS, told.get("command", ""))[0] == "place":
                break
        words.verified(self.chosen.bin, node.data)  # The log is whole: only what was made of it was wrong.
        entries = seq - told["seq"]
        self.wrong_since = told["at"] / 1000 - time.time() + time.monotonic()
        self.figures["entries until the roots were compared"] = entries
        self.figures["ms until it had stopped"] = round((ended - self.wrong_since) * 1000)
        at_most = ROOT_ENTRIES + BATCH_ENTRIES
        self.expect(entries <= at_most, f"found {entries} entries after the first wrong one, more than {at_most}")

    def is_excused(self, found):
        """An answer of the node that was wrong, before it knew."""
        last = [operation.attempts[-1] for operation in found.operations]
        told = [attempt.answered for attempt in last if attempt.node == self.wrong and attempt.answered]
        is_lie = found.kind in LIES and any(self.wrong_since - 0.01 <= at <= self.wrong_until for at in told)
        self.n_lies += is_lie
        self.figures["answers that were wrong"] = self.n_lies
        return is_lie
