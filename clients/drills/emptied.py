"""A node comes back on an empty disk under its old number, when its vote would decide.

Two of three have what was acknowledged; one of them is gone, the other was emptied, and the third was away. The
two that are up are a quorum, and must not go on: what was acknowledged would be lost. They do when the first is
back, and then the emptied one votes again.
"""

import asyncio
import shutil
import time

from fleet import SERVED
from procedure import Procedure

APART_S = 3  # While the third is away.
LEADERLESS_S = 5  # Many election timeouts.
CAUGHT_UP_WITHIN_S = 30


class Emptied(Procedure):
    async def steps(self):
        first = await asyncio.to_thread(self.cluster.wait_for_leader)
        emptied, away = (self.cluster.nodes[number] for number in sorted(set(self.cluster.nodes) - {first}))
        first = self.cluster.nodes[first]
        await asyncio.to_thread(away.kill)
        await asyncio.to_thread(self.fleet.wait_until_led)
        await asyncio.sleep(APART_S)
        await asyncio.to_thread(self.empty, first, emptied)
        began = time.monotonic()
        emptied.start()
        away.start()
        await self.expect_leaderless((emptied, away))
        self.expect(self.blanks(emptied) != [], f"node {emptied.number} is not blank\n{emptied.words()}")
        self.expect(self.blanks(away) == [], f"node {away.number} is blank, and has its disk")
        self.figures["without a leader s"] = round(time.monotonic() - began, 1)
        back = time.monotonic()
        first.start()
        await asyncio.to_thread(self.fleet.wait_until_led)
        self.figures["led after s"] = round(time.monotonic() - back, 2)
        await self.expect_live(sorted(self.cluster.nodes))
        await self.expect_caught_up(emptied, back)

    @staticmethod
    def empty(first, emptied):
        """Both end at once; what is left to one of them is what a new machine is given."""
        first.process.kill()
        emptied.kill()
        first.kill()
        keys = (emptied.data / "keys.json").read_bytes()
        for path in emptied.data.iterdir():
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
        (emptied.data / "keys.json").write_bytes(keys)

    @staticmethod
    def blanks(node):
        """Domains in which it is blank."""
        return sorted(path.parent.name for path in node.data.glob("*/blank"))

    async def expect_leaderless(self, nodes):
        until = time.monotonic() + LEADERLESS_S
        while time.monotonic() < until:
            for node in nodes:
                rows = [await asyncio.to_thread(self.fleet.row, node, currency) for currency in SERVED]
                leads = [row["currency"] for row in rows if row and row["role"] == "leader"]
                if leads:
                    self.expect(False, f"node {node.number} leads {leads} without what was acknowledged")
                    return
            await asyncio.sleep(0.1)

    async def expect_caught_up(self, node, since):
        while self.blanks(node):
            if CAUGHT_UP_WITHIN_S < time.monotonic() - since:
                self.expect(False, f"node {node.number} is blank in {self.blanks(node)} for {CAUGHT_UP_WITHIN_S} s")
                return
            await asyncio.sleep(0.05)
        self.figures["votes again after s"] = round(time.monotonic() - since, 2)
