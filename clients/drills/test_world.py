"""The links and the relay do what they say, measured by datagrams. Needs root; says why it skips."""

import json
import subprocess
import sys
import unittest
from pathlib import Path

import relay
import world

PROBE = str(Path(__file__).with_name("probe.py"))
PORT = 7900


class LinksTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if (why := world.why_not()) is not None:
            raise unittest.SkipTest(why)
        cls.world = world.World(3)
        try:
            cls.world.__enter__()
        except world.Unable as unable:
            raise unittest.SkipTest(str(unable)) from None
        cls.answering = []
        for node in cls.world.nodes:
            command = [*world.entered(node), sys.executable, PROBE, "answer", world.address(node), str(PORT)]
            cls.answering.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        for one in cls.answering:
            assert one.stdout.readline() == "ready\n"

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__()
        for one in cls.answering:
            one.wait()
            one.stdout.close()

    def tearDown(self):
        self.world.heal()

    def asked(self, node, other, count=50, every_s=0.002):
        """What a node hears of another; node 0 is the host."""
        inside = world.entered(node) if node else []
        command = [*inside, sys.executable, PROBE, "ask", world.address(other), str(PORT), str(count), str(every_s)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        print(f"\n    {node} -> {other}: {found}", end="", file=sys.stderr)
        return found

    def test_everybody_reaches_everybody(self):
        for node, other in [*self.world.links(), (0, 1), (0, 3)]:
            self.assertEqual(self.asked(node, other)["lost"], 0)

    def test_a_partition_cuts_both_ways_and_nothing_else(self):
        self.world.cut(self.world.between([1], [2]))
        self.assertEqual(self.asked(1, 2)["lost"], 50)
        self.assertEqual(self.asked(2, 1)["lost"], 50)
        for node, other in ((1, 3), (3, 2), (0, 1), (0, 2)):
            self.assertEqual(self.asked(node, other)["lost"], 0)
        self.world.heal()
        self.assertEqual(self.asked(1, 2)["lost"], 0)

    def test_a_link_that_two_faults_cut_is_whole_when_both_have_ended(self):
        self.world.cut([(1, 2), (2, 1)])
        self.world.cut([(1, 2)])
        self.world.mend([(1, 2), (2, 1)])
        self.assertEqual(self.world.cuts, {(1, 2)})
        self.world.mend([(1, 2)])
        self.assertEqual(self.world.cuts, set())

    def test_a_one_way_cut_carries_the_question_and_not_the_answer(self):
        self.world.cut([(2, 1)])
        self.assertEqual(self.asked(1, 2)["lost"], 50)
        self.assertEqual(self.asked(1, 3)["lost"], 0)

    def test_the_relay_shapes_one_direction_of_one_link_and_leaves_without_a_trace(self):
        if (why := relay.why_not()) is not None:
            self.skipTest(why)
        shaper = relay.Relay(self.world, seed=1)
        try:
            shaper.enter()
            self.assertEqual(self.asked(1, 2)["lost"], 0)
            shaper.shape(self.world.links(), delay_ms=25)
            found = self.asked(1, 2, count=100)
            self.assertLess(abs(found["p50_ms"] - 50), 10)
            self.assertLess(self.asked(0, 1)["p50_ms"], 25, "the host's own link is not shaped")
            shaper.shape(self.world.links())
            shaper.shape([(1, 2)], delay_ms=20, jitter_ms=10)
            found = self.asked(1, 2, count=300)
            self.assertLess(9, found["min_ms"])
            self.assertLess(5, found["max_ms"] - found["min_ms"])
            self.assertEqual(found["late"], 0)
            shaper.shape([(1, 2), (2, 1)], loss=0.2)
            found = self.asked(1, 2, count=1000, every_s=0.001)
            self.assertLess(abs(found["lost"] / 1000 - 0.36), 0.06)
            shaper.shape([(2, 1)])
            shaper.shape([(1, 2)], duplicate=0.3)
            found = self.asked(1, 2, count=500, every_s=0.001)
            self.assertLess(abs(found["twice"] / 500 - 0.3), 0.08)
            shaper.shape([(1, 2)], delay_ms=5, reorder=0.2)
            self.assertLess(20, self.asked(1, 2, count=300, every_s=0.001)["late"])
            shaper.shape([(1, 2)], rate_kbit=400)  # 58 bytes and a header: about 860 a second.
            found = self.asked(1, 2, count=600, every_s=0.0005)
            self.assertLess(50, found["p99_ms"], "a queue has formed")
            self.world.cut([(1, 2)])
            self.assertEqual(self.asked(1, 2)["lost"], 50)
        finally:
            shaper.close()
        self.world.heal()
        self.assertLess(self.asked(1, 2)["p50_ms"], 10)


if __name__ == "__main__":
    unittest.main()
