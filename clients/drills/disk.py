"""A disk for each node: a small ext4 file system in a file, which fills up and loses power.

A power cut is the shutdown ioctl of ext4 without a flush of its journal: what was synced is there after
the next mount, what was not is gone, and until then every call fails with EIO.
"""

import fcntl
import os
import shutil
import struct
import subprocess
from pathlib import Path

from world import Unable, run

FS_IOC_SHUTDOWN = 0x8004587D
WITHOUT_FLUSH = 2
FILLER = "filler"


def why_not(scratch):
    """Why there can be no disks here; None: there can."""
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        return "it needs root and mkfs.ext4"
    try:
        with Disk(Path(scratch) / "try", Path(scratch) / "try.img", 8) as disk:
            disk.cut_power()
    except (RuntimeError, OSError) as error:
        return f"no ext4 on a loop mount with a shutdown ioctl: {error}"
    return None


class Disk:
    """What is mounted at `mount`. What was there before is copied into it."""

    def __init__(self, mount, image, megabytes):
        self.mount, self.image, self.megabytes = Path(mount), Path(image), megabytes
        self.is_mounted = False

    def __enter__(self):
        self.mount.mkdir(parents=True, exist_ok=True)
        with self.image.open("wb") as file:
            file.truncate(self.megabytes << 20)
        # Without blocks that only root may take: the process under test is root.
        run("mkfs.ext4", "-q", "-m", "0", str(self.image))
        before = self.image.with_suffix(".before")
        shutil.copytree(self.mount, before, symlinks=True)
        self.attach()
        shutil.copytree(before, self.mount, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(before)
        shutil.rmtree(self.mount / "lost+found", ignore_errors=True)
        os.sync()
        return self

    def __exit__(self, *_):
        self.detach(check=False)
        self.image.unlink(missing_ok=True)

    def attach(self):
        run("mount", "-o", "loop", str(self.image), str(self.mount))
        self.is_mounted = True

    def detach(self, check=True):
        """Nobody may have a file open in it, unless the end is near."""
        if self.is_mounted:
            run("umount", *([] if check else ["-l"]), str(self.mount), check=check)
            self.is_mounted = False

    def fill(self):
        """Takes every free block. Returns how many bytes that were."""
        with (self.mount / FILLER).open("ab") as file:
            for piece in (1 << 24, 1 << 20, 1 << 16, 1 << 12):
                while True:
                    try:
                        os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, piece)
                    except OSError:
                        break
            return os.fstat(file.fileno()).st_size

    def free(self):
        """For good: a power cut must not bring the filler back."""
        (self.mount / FILLER).unlink(missing_ok=True)
        directory = os.open(self.mount, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def cut_power(self):
        fd = os.open(self.mount, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, FS_IOC_SHUTDOWN, struct.pack("I", WITHOUT_FLUSH))
        finally:
            os.close(fd)

    def power_on(self):
        """Mounts it again, which replays the journal of the file system."""
        self.detach()
        self.attach()


def unmount_below(directory):
    """Of an earlier run that did not end well."""
    mounts = subprocess.run(["mount"], capture_output=True, text=True).stdout.splitlines()
    for line in mounts:
        at = line.split(" on ", 1)[1].split(" type ")[0]
        if at.startswith(f"{directory}/"):
            run("umount", "-l", at, check=False)
