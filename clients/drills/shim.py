"""Arms shim.c for one process: one file of a few numbers, mapped by both.

The binary has to be linked to libc dynamically, and Rust's standard library calls it for files and for
clocks, so nothing in the product knows of faults (DESIGN, invariant 12).
"""

import errno
import mmap
import os
import shutil
import struct
import subprocess
from pathlib import Path

from world import Unable

FIELDS = ("write_errno", "sync_errno", "sync_delay_us", "clock_offset_ns", "sync_lies", "met")
SOURCE = Path(__file__).with_name("shim.c")


def why_not(binary):
    """Why the shim cannot be used; None: it can."""
    if not shutil.which("gcc"):
        return "no gcc to compile shim.c with"
    linked = subprocess.run(["ldd", binary], capture_output=True, text=True)
    if "libc.so" not in linked.stdout:
        return "the binary is not linked to libc dynamically, so LD_PRELOAD does not reach it"
    return None


def compiled(directory):
    """The library, compiled into a directory."""
    library = Path(directory) / "shim.so"
    command = ["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Unable(f"shim.c does not compile: {done.stderr.strip()}")
    return library


class Shim:
    """What is armed for one process, through all of its lives."""

    def __init__(self, library, control, data):
        self.library, self.control, self.data = library, Path(control), data
        self.control.write_bytes(bytes(8 * len(FIELDS)))
        with self.control.open("r+b") as file:
            self.map = mmap.mmap(file.fileno(), 8 * len(FIELDS))

    def environment(self):
        return {
            "LD_PRELOAD": str(self.library),
            "DRILL_SHIM": str(self.control),
            "DRILL_DATA": os.path.realpath(self.data),
        }

    def arm(self, **fields):
        for name, value in fields.items():
            struct.pack_into("q", self.map, 8 * FIELDS.index(name), value)

    def disarm(self):
        """Everything but the clock, which is put right by whoever moved it. How many calls met what was armed."""
        self.arm(write_errno=0, sync_errno=0, sync_delay_us=0, sync_lies=0)
        [n_met] = struct.unpack_from("q", self.map, 8 * FIELDS.index("met"))
        self.arm(met=0)
        return n_met


EIO, ENOSPC = errno.EIO, errno.ENOSPC
