"""The drills must catch what they are for: each bug that can be planted ends a run with the violation it causes.

Needs PLIMSOLL_PLANTED_BIN, a build with `--features planted`, and what the drills need; says why it skips.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import disk
import shim
import world

DRILLS = str(Path(__file__).with_name("drills.py"))


class PlantedTest(unittest.TestCase):
    def setUp(self):
        self.binary = os.environ.get("PLIMSOLL_PLANTED_BIN")
        if not self.binary:
            self.skipTest("PLIMSOLL_PLANTED_BIN names no binary")
        with tempfile.TemporaryDirectory() as scratch:
            for why in (world.why_not(), disk.why_not(scratch), shim.why_not(self.binary)):
                if why is not None:
                    self.skipTest(why)

    def drilled(self, bug, kinds, faults):
        """The kinds of violation that a run with the bug finds; it must end as one that found some does."""
        command = [sys.executable, DRILLS, "--bin", self.binary, "--nodes", "3", "--faults", str(faults), "--seed", "1",
                   "--only", kinds, "--json"]
        environment = {**os.environ, **({"PLIMSOLL_PLANTED": bug} if bug else {})}
        began = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
        seconds = time.monotonic() - began
        found = set(re.findall(r"^drills: VIOLATION ([a-z]+): ", done.stdout, re.MULTILINE))
        self.assertEqual(done.returncode, 1 if found else 0, done.stdout[-3_000:] + done.stderr[-3_000:])
        print(f"\ndrills: {bug or 'no bug'}: {sorted(found) or 'nothing'} found in a run of {seconds:.0f} s")
        return found

    def test_a_leader_that_acknowledges_early_is_found_out(self):
        # Orders are lost; or openraft itself meets what cannot be, and its node ends.
        self.assertTrue(self.drilled("acknowledge-early", "power-cut-all,kill-all", 20))

    def test_a_node_that_forgets_its_vote_is_found_out(self):
        self.assertIn("term", self.drilled("forget-vote", "kill-alone", 3))

    def test_a_node_that_applies_twice_is_found_out(self):
        # Its engine has come to another entry than its log, and it ends; so do those that lead after it.
        self.assertTrue(self.drilled("apply-twice", "kill", 10))

    def test_without_a_bug_nothing_is_found(self):
        self.assertEqual(self.drilled(None, "kill-alone,kill,kill-all", 6), set())


if __name__ == "__main__":
    unittest.main()
