"""The drills must fail where something is broken: a disk that lies about its syncs loses acknowledged orders.

Needs PLIMSOLL_BIN, root and loop mounts; says why it skips.
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


class CanaryTest(unittest.TestCase):
    def setUp(self):
        self.binary = os.environ.get("PLIMSOLL_BIN")
        if not self.binary:
            self.skipTest("PLIMSOLL_BIN names no binary")
        with tempfile.TemporaryDirectory() as scratch:
            for why in (world.why_not(), disk.why_not(scratch), shim.why_not(self.binary)):
                if why is not None:
                    self.skipTest(why)

    def drilled(self, kind):
        with tempfile.TemporaryDirectory() as kept:
            command = [sys.executable, DRILLS, "--bin", self.binary, "--nodes", "1", "--faults", "3", "--seed", "1",
                       "--only", kind, "--json", "--keep", str(Path(kept) / "evidence")]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        report = next((json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")), None)
        self.assertIsNotNone(report, done.stdout + done.stderr)
        return done.returncode, report

    def test_a_lying_disk_is_found_out(self):
        code, report = self.drilled("lying-power-cut")
        self.assertEqual(code, 1)
        self.assertTrue(any(text.startswith("lost: an acknowledged order") for text in report["violations"]))

    def test_an_honest_disk_is_not(self):
        code, report = self.drilled("power-cut")
        self.assertEqual((code, report["violations"]), (0, []))


if __name__ == "__main__":
    unittest.main()
