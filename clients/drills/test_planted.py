"""The drills must catch what they are for: each bug that can be planted ends a run with the violation it causes.

Needs PLIMSOLL_PLANTED_BIN, a build with `--features planted`, and what the drills need; says why it skips.
"""

import json
import os
import subprocess
import sys
import tempfile
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
        """The words of the violations that a run with the bug finds."""
        command = [sys.executable, DRILLS, "--bin", self.binary, "--nodes", "3", "--faults", str(faults), "--seed", "1",
                   "--only", kinds, "--json"]
        environment = {**os.environ, "PLIMSOLL_PLANTED": bug}
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{") and '"violations"' in line]
        report = json.loads(lines[-1]) if lines else None
        self.assertIsNotNone(report, done.stdout + done.stderr)
        self.assertEqual(done.returncode, 1 if report["violations"] else 0)
        return report["violations"]

    def test_a_leader_that_acknowledges_early_is_found_out(self):
        found = self.drilled("acknowledge-early", "power-cut-all,kill-all", 20)
        self.assertTrue(any(text.startswith("lost: ") for text in found), found)

    def test_a_node_that_forgets_its_vote_is_found_out(self):
        found = self.drilled("forget-vote", "kill-alone", 3)
        self.assertTrue(any(text.startswith("term: ") for text in found), found)

    def test_a_node_that_applies_twice_is_found_out(self):
        found = self.drilled("apply-twice", "kill", 10)
        self.assertTrue(any(text.startswith("stopped: ") for text in found), found)

    def test_without_a_bug_nothing_is_found(self):
        self.assertEqual(self.drilled("none", "kill-alone,kill,kill-all", 6), [])


if __name__ == "__main__":
    unittest.main()
