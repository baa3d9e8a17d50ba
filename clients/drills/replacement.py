"""A machine dies with its disk under load: another takes its place under a new number, while traders trade.

The dead one led. On the way, and afterwards, changes that must be refused are asked for: what would lose the
quorum, and what would give one zone a quorum. The numbers must stand in the words of the refusal.
"""

import asyncio
import time

from procedure import Procedure

QUIET_S = 4
SPREAD_MAX = 2.0  # How many times the latency of before; and what no measurement here is finer than:
FLOOR_MS = 10.0


class Replacement(Procedure):
    n_spare = 2

    async def steps(self):
        quiet = time.monotonic()
        await asyncio.sleep(QUIET_S)
        dead = await asyncio.to_thread(self.cluster.wait_for_leader)
        node = self.cluster.nodes[dead]
        died = time.monotonic()
        await asyncio.to_thread(self.fleet.lose, dead)
        await asyncio.to_thread(self.fleet.wait_until_led)
        self.nodes.remove(node)
        living = sorted(self.cluster.nodes)
        self.figures["others whole after s"] = await self.expect_live(living)
        self.figures["gap of the death ms"] = self.gap_ms(died - 0.2)
        led_again = time.monotonic()
        await asyncio.to_thread(self.expect_refused, "remove", self.follower(), (
            "1 of then 2 voters would answer", "2 would be a quorum"))
        number = await self.replace(dead, "abcde"[dead - 1])
        self.figures["longest gap while it was replaced ms"] = self.gap_ms(led_again)
        replaced = time.monotonic()
        await self.expect_live([*living, number])
        await asyncio.to_thread(self.expect_zones)
        self.latencies((quiet, died), (led_again, replaced))

    def follower(self):
        """One that lives, votes and leads nothing of ours."""
        leader = self.cluster.wait_for_leader()
        return next(node for node in sorted(self.cluster.nodes) if node != leader)

    def expect_refused(self, verb, number, numbers):
        said = self.fleet.refused(verb, number)
        self.expect(said is not None, f"{verb} of node {number} was done: it would lose the quorum")
        missing = [words for words in numbers if words not in (said or "")]
        self.expect(not missing, f"the refusal to {verb} node {number} does not say {missing}: {said}")
        self.figures.setdefault("refused", []).append((said or "").strip().splitlines()[-1:])

    def expect_zones(self):
        """A fourth voter may share a zone with another; when one of the rest goes, the two would be a quorum."""
        twin = max(self.cluster.nodes) + 1
        leader = self.cluster.wait_for_leader()
        zone = self.zone_of(leader)
        self.fleet.machine(twin, zone)
        self.fleet.add(twin, zone)
        self.fleet.wait_until_near(twin)
        self.fleet.change("promote", twin)
        self.fleet.hand_all_to(leader)
        other = next(node for node in sorted(self.cluster.nodes) if node not in (leader, twin))
        self.expect_refused("remove", other, (f"zone {zone} would hold 2 of 3 votes", "2 make a quorum"))
        self.fleet.leave(twin)

    def zone_of(self, number):
        members = self.cluster.nodes[number].status()["members"]
        return next(member["zone"] for member in members if member["node"] == number)

    def latencies(self, before, meanwhile):
        """Of traders and of the prober alike."""
        quiet, busy = self.latency_ms(*before), self.latency_ms(*meanwhile)
        self.figures["latency before, p50 and p99 ms"] = quiet
        self.figures["latency meanwhile, p50 and p99 ms"] = busy
        at_most = max(FLOOR_MS, SPREAD_MAX * quiet[0])
        self.expect(busy[0] <= at_most, f"half of the orders took {busy[0]} ms meanwhile, {quiet[0]} ms before")
