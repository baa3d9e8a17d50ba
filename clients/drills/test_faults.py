"""Each fault on three stand-ins: it begins, it ends, and afterwards everything is as before. Needs root."""

import itertools
import random
import tempfile
import time
import unittest
from pathlib import Path

import disk
import relay
import shim
import world
from atlas import Atlas
from cluster import API_PORT, Cluster
from faults import KINDS, Ground

STANDIN = Path(__file__).with_name("standin.py")


class StandIns(Cluster):
    """Three processes that do not know each other; the first says that it leads."""

    def init(self, n):
        configs = {}
        for node in range(1, n + 1):
            configs[node] = self.directory / f"node-{node}" / "plimsoll.toml"
            (configs[node].parent / "data").mkdir(parents=True)
            role = "leader" if node == 1 else "follower"
            configs[node].write_text(
                f'data = "data"\nlisten = "{world.address(node)}:{API_PORT}"\nrole = "{role}"\n'
            )
        return configs


class FateTest(unittest.TestCase):
    def test_a_seed_decides_what_becomes_of_the_nth_frame(self):
        def fates(seed):
            link = relay.Link(seed, 1, 2)
            link.set(delay_ms=5, jitter_ms=2, loss=0.1, duplicate=0.2, reorder=0.1)
            return [link.fates(number / 1000, 100) for number in range(500)]

        self.assertEqual(fates(1), fates(1))
        self.assertNotEqual(fates(1), fates(2))


class FaultsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        path = Path(scratch.name)
        cls.world = world.World(3)
        try:
            cls.enterClassContext(cls.world)
        except world.Unable as unable:
            raise unittest.SkipTest(str(unable)) from None
        cls.cluster = StandIns(STANDIN, path, 3)
        cls.addClassCleanup(cls.cluster.close)
        missing = {"shim": shim.why_not("/bin/cat"), "disk": disk.why_not(path), "relay": relay.why_not()}
        library = shim.compiled(path)
        for node in cls.cluster.nodes.values():
            node.shim = shim.Shim(library, path / f"shim-{node.number}", node.data)
            node.disk = disk.Disk(node.data, path / f"disk-{node.number}", 32)
            node.disk.__enter__()
            node.start()
        cls.relay = relay.Relay(cls.world, 1)
        cls.addClassCleanup(cls.relay.close)
        cls.ground = Ground(cls.cluster, cls.world, cls.relay, missing)
        cls.wait_until_whole()

    @classmethod
    def wait_until_whole(cls):
        deadline = time.monotonic() + 10
        while any(node.status() is None for node in cls.cluster.nodes.values()):
            assert time.monotonic() < deadline, [node.words() for node in cls.cluster.nodes.values()]
            time.sleep(0.02)

    def begun(self, kind, victim=2):
        fault = KINDS[kind](self.ground, victim, random.Random(kind))
        fault.start()
        return fault

    def ended(self, fault):
        fault.stop()
        self.wait_until_whole()
        self.assertEqual(self.world.cuts, set())
        self.assertIsNone(self.world.relay)

    def test_every_kind_begins_and_ends(self):
        for kind, fault in KINDS.items():
            if len(self.cluster.nodes) < fault.nodes_min:
                continue  # It has its turn where there are more.
            if (why := fault.why_not(self.ground)) is not None:
                print(f"drills: SKIPPED {kind}: {why}")
                continue
            with self.subTest(kind):
                begun = self.begun(kind)
                self.cluster.nodes[1].status()
                time.sleep(0.1)
                self.ended(begun)

    def test_a_dead_or_frozen_node_does_not_answer_and_the_others_do(self):
        for kind in ("kill", "pause", "power-cut", "dead-follower"):
            with self.subTest(kind):
                fault = self.begun(kind)
                self.assertIsNone(self.cluster.nodes[2].status(timeout_s=0.2))
                self.assertIsNotNone(self.cluster.nodes[3].status())
                self.ended(fault)

    def test_a_failing_disk_ends_the_node(self):
        for kind in ("write-eio", "write-enospc", "sync-eio", "disk-full"):
            with self.subTest(kind):
                fault = self.begun(kind)
                self.assertIsNone(self.cluster.nodes[2].status())
                self.cluster.nodes[2].process.wait(5)
                self.ended(fault)
                self.assertIsNone(fault.note)

    def test_a_slow_disk_is_slow(self):
        self.cluster.nodes[2].shim.arm(sync_delay_us=200_000)
        started = time.monotonic()
        self.cluster.nodes[2].status()
        self.assertLess(0.2, time.monotonic() - started)
        self.cluster.nodes[2].shim.disarm()

    def test_a_clock_jumps_and_comes_home(self):
        fault = self.begun("clock-jump")
        now = self.cluster.nodes[2].status()["now"]
        self.assertLess(abs(now - time.time() - fault.offset_ns / 1e9), 0.5)
        self.ended(fault)
        self.assertLess(abs(self.cluster.nodes[2].status()["now"] - time.time()), 0.5)

    def test_cuts_cut_what_they_say(self):
        for kind, n_cut in (("isolate", 4), ("bridge", 2), ("one-way-deaf", 2), ("one-way-mute", 2), ("one-way-pair", 1)):
            with self.subTest(kind):
                fault = self.begun(kind)
                self.assertEqual(len(self.world.cuts), n_cut)
                self.assertTrue(all(2 in link for link in self.world.cuts))
                self.ended(fault)

    def test_never_more_is_broken_than_a_quorum_survives(self):
        rng = random.Random(7)
        kinds = [kind for kind in KINDS.values() if kind.why_not(self.ground) is None]
        atlas = Atlas(self.ground, kinds, 7)
        n_begun = n_beside = n_paired = 0
        for _ in range(400):
            if atlas.next() is not None:
                n_begun += 1
            hard = [fault for fault in atlas.running if fault.is_hard]
            self.assertTrue(len(atlas.broken()) <= 1 or (len(hard) == 1 and hard[0].is_alone))
            self.assertTrue(len(hard) <= 2)
            for one, other in itertools.combinations(atlas.running, 2):
                self.assertFalse(one.parts & other.parts, f"{one} and {other}")
            n_beside += len(atlas.running) - len(hard)
            n_paired += len(hard) == 2
            if atlas.running and rng.random() < 0.5:
                atlas.end(rng.choice(atlas.running))
        self.assertLess(2 * len(kinds), n_begun, "every kind has its turn")
        self.assertLess(10, n_beside)
        self.assertLess(10, n_paired)

    def test_a_node_is_whole_between_two_pairs_of_faults(self):
        kinds = [KINDS[kind] for kind in ("kill", "isolate", "slow-disk", "pause", "flapping")]
        atlas = Atlas(self.ground, kinds, 7)
        while len(atlas.running) < 2:
            self.assertIsNotNone(atlas.next())
        self.assertIsNone(atlas.next())
        atlas.end(atlas.running[0])
        self.assertIsNone(atlas.next(), "the second goes on, and none joins it")
        atlas.end(atlas.running[0])
        self.assertIsNotNone(atlas.next())


if __name__ == "__main__":
    unittest.main()
