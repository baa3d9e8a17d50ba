"""The shim and the disk do what they say, to a small program in Python. Says why it skips."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import disk
import shim

WRITER = """
import os, sys, time
fd = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR)
def tried(what):
    started = time.monotonic()
    try:
        what()
        word = "ok"
    except OSError as error:
        word = error.strerror
    return word, round(time.monotonic() - started, 2)
print("ready", flush=True)
for line in sys.stdin:
    print(tried(lambda: os.pwrite(fd, b"x" * 65536, os.fstat(fd).st_size)),
          tried(lambda: os.fdatasync(fd)), int(time.time()), round(time.monotonic()), flush=True)
"""


class ShimTest(unittest.TestCase):
    def setUp(self):
        if (why := shim.why_not("/bin/cat")) is not None:
            self.skipTest(why)
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.path = Path(self.scratch.name)

    def writer(self, file, environment=None):
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", WRITER, str(file)]
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
        self.assertEqual(process.stdout.readline(), "ready\n")

        def asked():
            process.stdin.write("\n")
            process.stdin.flush()
            return process.stdout.readline()

        def end():
            process.stdin.close()
            process.wait()
            process.stdout.close()

        return asked, end

    def test_what_is_armed_is_met_and_nothing_else(self):
        (self.path / "data").mkdir()
        armed = shim.Shim(shim.compiled(self.path), self.path / "control", self.path / "data")
        asked, end = self.writer(self.path / "data" / "file", armed.environment())
        self.addCleanup(end)
        self.assertTrue(asked().startswith("('ok', 0.0) ('ok', "))
        armed.arm(write_errno=shim.EIO)
        self.assertIn("('Input/output error', 0.0) ('ok'", asked())
        armed.disarm()
        armed.arm(sync_errno=shim.EIO)
        self.assertIn("('ok', 0.0) ('Input/output error'", asked())
        self.assertEqual(armed.disarm(), 1)
        armed.arm(sync_delay_us=300_000)
        self.assertIn("('ok', 0.3", asked())
        armed.disarm()
        today, steady = map(int, asked().split()[-2:])
        armed.arm(clock_offset_ns=-300_000_000_000)
        before, still = map(int, asked().split()[-2:])
        self.assertLessEqual(abs(today - 300 - before), 1)
        self.assertLessEqual(abs(steady - still), 1, "the steady clock is left alone")

    def test_files_of_others_are_left_alone(self):
        (self.path / "data").mkdir()
        armed = shim.Shim(shim.compiled(self.path), self.path / "control", self.path / "data")
        asked, end = self.writer(self.path / "file", armed.environment())
        self.addCleanup(end)
        armed.arm(write_errno=shim.EIO, sync_errno=shim.EIO)
        self.assertTrue(asked().startswith("('ok', 0.0) ('ok', "))

    def test_a_disk_fills_up_and_keeps_what_was_synced_through_a_power_cut(self):
        if (why := disk.why_not(self.path)) is not None:
            self.skipTest(why)
        (self.path / "mount").mkdir()
        (self.path / "mount" / "key").write_text("kept")
        with disk.Disk(self.path / "mount", self.path / "image", 32) as small:
            self.assertEqual((self.path / "mount" / "key").read_text(), "kept")
            asked, end = self.writer(self.path / "mount" / "file")
            self.assertIn("('ok'", asked())
            small.fill()
            self.assertIn("No space left", asked())
            small.free()
            self.assertTrue(asked().startswith("('ok'"))
            (self.path / "mount" / "unsynced").write_text("gone")
            small.cut_power()
            self.assertIn("Input/output error", asked())
            end()
            small.power_on()
            self.assertEqual((self.path / "mount" / "file").stat().st_size, 2 * 65_536)
            self.assertFalse((self.path / "mount" / "unsynced").exists())
            small.fill()
            os.sync()
            small.free()
            small.cut_power()
            small.power_on()
            self.assertFalse((self.path / "mount" / disk.FILLER).exists(), "space that came back stays")


if __name__ == "__main__":
    unittest.main()
