"""The faults: what each breaks, what it needs of the machine, how it begins and how it ends.

A fault that is hard takes its victims out of the quorum while it lasts; how many may be out at once is
decided in atlas.py. A soft one makes things slow or strange, and breaks nobody. Each touches parts of a
node, or of the network: faults that share none may be there together. After `stop` every process that the
fault ended runs again.

Most faults are short, because an election takes less than half a second; a few last as long as they may.
"""

import threading
import time

from shim import EIO, ENOSPC


ENDS_WITHIN_S = 2  # A node that met a failing disk: it ends, but not at once.
PROCESS, LINKS, SYNCS, RELAY, CLOCK = "process", "links", "syncs", "relay", "clock"
NODE = {PROCESS, LINKS, SYNCS}


class Ground:
    """What faults are made on, and what is missing there: one line by need."""

    def __init__(self, cluster, world, relay, missing):
        self.cluster, self.world, self.relay, self.missing = cluster, world, relay, missing


class Fault:
    """One fault on one victim, from `start` to `stop`."""

    kind = None
    needs = ()  # Of: links, relay, shim, disk.
    nodes_min = 1
    is_hard = True
    parts = NODE  # What it touches.
    is_alone = False  # It breaks more than a quorum survives: nothing beside it.
    may_stop = False  # Whether a victim may end by itself, which is then right.
    wants = None  # "follower": never the leader.
    lasts_s = (0.2, 1.5)

    def __init__(self, ground, victim, rng):
        self.ground, self.victim, self.rng = ground, victim, rng
        self.node = ground.cluster.nodes[victim]
        least, most = self.lasts_s
        self.lasts = least + (most - least) * rng.random() ** 4  # A fifth of the way on average.
        self.is_healed = False  # It has ended; whether its victims work again is being looked at.
        self.note = None  # Something worth a line in the report.
        self.violation = None  # A promise that the fault itself saw broken.

    @classmethod
    def why_not(cls, ground):
        """Why it is skipped here; None: it is not."""
        if len(ground.cluster.nodes) < cls.nodes_min:
            return f"it needs {cls.nodes_min} nodes"
        return next((ground.missing[need] for need in cls.needs if ground.missing.get(need)), None)

    def victims(self):
        """The nodes that count as broken."""
        return {self.victim} if self.is_hard else set()

    def others(self):
        return [node for node in self.ground.world.nodes if node != self.victim]

    def start(self):
        raise NotImplementedError

    def stop(self):
        raise NotImplementedError

    def is_done(self):
        """Whether all that it can show is there, so that there is nothing to wait for."""
        return self.may_stop and not any(self.ground.cluster.nodes[node].is_alive() for node in self.victims())

    def __str__(self):
        return f"{self.kind} of node {self.victim} for {self.lasts:.2f} s"


class Kill(Fault):
    """SIGKILL, and a new life after a moment."""

    kind, parts, lasts_s = "kill", {PROCESS}, (0.0, 1.0)

    def start(self):
        self.node.kill()

    def stop(self):
        self.node.revive()


class Restart(Kill):
    """A clean end, and a new life at once."""

    kind, lasts_s = "restart", (0.0, 0.3)

    def start(self):
        if not self.node.stop():
            self.note = f"node {self.victim} did not stop within its time after SIGTERM"


class DeadFollower(Kill):
    """One that is gone for long."""

    kind, parts, wants, nodes_min, lasts_s = "dead-follower", NODE, "follower", 3, (1.0, 5.0)


class KillAll(Fault):
    """Every node at once: nothing answers, and nothing may be lost."""

    kind, is_alone, lasts_s = "kill-all", True, (0.0, 0.5)

    def victims(self):
        return set(self.ground.world.nodes)

    def start(self):
        for node in self.ground.cluster.nodes.values():
            node.kill()

    def stop(self):
        for node in self.ground.cluster.nodes.values():
            node.revive()


class Pause(Fault):
    """SIGSTOP: silent, and then it goes on as if nothing had been."""

    kind, parts, lasts_s = "pause", {PROCESS}, (0.1, 3.0)

    def start(self):
        self.node.pause()

    def stop(self):
        self.node.resume()


class Repeated(Fault):
    """Goes back and forth in a thread of its own until it is stopped."""

    def start(self):
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.repeat, daemon=True)
        self.thread.start()

    def repeat(self):
        while not self.is_over.is_set():
            self.worse()
            self.is_over.wait(self.rng.uniform(*self.worse_s))
            self.better()
            self.is_over.wait(self.rng.uniform(*self.better_s))

    def stop(self):
        self.is_over.set()
        self.thread.join()


class SlowFollower(Repeated):
    """It runs a tenth of the time."""

    kind, wants, nodes_min, lasts_s = "slow-follower", "follower", 3, (0.4, 3.0)
    worse_s, better_s = (0.045, 0.045), (0.005, 0.005)

    def worse(self):
        self.node.pause()

    def better(self):
        self.node.resume()


class Cut(Fault):
    """Directed links that carry nothing."""

    needs, nodes_min, parts, lasts_s = ("links",), 3, {LINKS}, (0.3, 2.5)

    def links(self):
        raise NotImplementedError

    def start(self):
        self.cut = self.links()
        self.ground.world.cut(self.cut)

    def stop(self):
        self.ground.world.mend(self.cut)


class Isolate(Cut):
    """One node hears nobody and nobody hears it."""

    kind = "isolate"

    def links(self):
        return self.ground.world.around(self.victim)


class KillAlone(Isolate):
    """SIGKILL on a node that hears nobody: what it remembers when it is back, it remembers by itself.

    A node that has forgotten its term could vote a second time in one, for another.
    """

    kind, parts, lasts_s = "kill-alone", NODE, (0.3, 2.0)

    def start(self):
        super().start()
        self.term = self.term_now()
        self.node.kill()
        self.node.revive()
        back = self.term_now()
        if None not in (self.term, back) and back < self.term:
            self.violation = f"node {self.victim} was in term {self.term}, and in {back} when it was back, alone"

    def term_now(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if row := self.node.status():
                return row["term"]
            time.sleep(0.02)
        return None


class Partition(Cut):
    """A minority of two, which see each other, on the wrong side."""

    kind, nodes_min = "partition", 5

    def victims(self):
        if not hasattr(self, "side"):
            self.side = {self.victim, self.rng.choice(self.others())}
        return self.side

    def links(self):
        inside = self.victims()
        return self.ground.world.between(inside, set(self.ground.world.nodes) - inside)


class PairCut(Cut):
    """A–B–C: the victim and one other node do not see each other; everybody else sees both."""

    kind = "bridge"

    def links(self):
        return self.ground.world.between([self.victim], [self.rng.choice(self.others())])


class Deaf(Cut):
    """The victim is heard, and hears nobody."""

    kind = "one-way-deaf"

    def links(self):
        return [(other, self.victim) for other in self.others()]


class Mute(Cut):
    """The victim hears, and is heard by nobody."""

    kind = "one-way-mute"

    def links(self):
        return [(self.victim, other) for other in self.others()]


class OneWayPair(Cut):
    """One direction between two nodes."""

    kind = "one-way-pair"

    def links(self):
        return [(self.victim, self.rng.choice(self.others()))]


class Flapping(Repeated):
    """The links of a node come and go."""

    kind, needs, nodes_min, parts, lasts_s = "flapping", ("links",), 3, {LINKS}, (0.6, 3.0)
    worse_s, better_s = (0.05, 0.3), (0.05, 0.3)

    def worse(self):
        self.ground.world.cut(self.ground.world.around(self.victim))

    def better(self):
        self.ground.world.mend(self.ground.world.around(self.victim))


class Shaped(Fault):
    """All links through the relay. The knobs are as far as a cluster of one region has to bear."""

    needs, nodes_min, is_hard, parts, lasts_s = ("relay",), 3, False, {RELAY}, (0.4, 2.0)

    def knobs(self):
        raise NotImplementedError

    def start(self):
        relay = self.ground.relay
        relay.shape(self.ground.world.links(), **self.knobs())
        relay.enter()

    def stop(self):
        self.ground.relay.leave()


class SlowLinks(Shaped):
    """Milliseconds each way, and jitter."""

    kind = "slow-links"

    def knobs(self):
        delay = self.rng.uniform(1, 15)
        return {"delay_ms": delay, "jitter_ms": delay / 2}


class LossyLinks(Shaped):
    """Frames get lost."""

    kind = "lossy-links"

    def knobs(self):
        return {"loss": self.rng.uniform(0.01, 0.1)}


class DuplicatingLinks(Shaped):
    """Frames come twice."""

    kind = "duplicating-links"

    def knobs(self):
        return {"duplicate": self.rng.uniform(0.05, 0.5), "delay_ms": self.rng.uniform(0, 2)}


class ReorderingLinks(Shaped):
    """Frames overtake each other."""

    kind = "reordering-links"

    def knobs(self):
        return {"reorder": self.rng.uniform(0.05, 0.4), "delay_ms": self.rng.uniform(1, 5)}


class ThinLinks(Shaped):
    """A few megabits a second."""

    kind = "thin-links"

    def knobs(self):
        return {"rate_kbit": self.rng.uniform(4_000, 20_000)}


class Armed(Fault):
    """Something in the shim, until the victim has ended or the time is over."""

    needs, may_stop, lasts_s = ("shim",), True, (0.5, 2.0)

    def armed(self):
        raise NotImplementedError

    def start(self):
        self.node.shim.arm(**self.armed())

    def stop(self):
        n_met = self.node.shim.disarm()
        if n_met == 0:
            self.note = f"{self.kind}: node {self.victim} made no call that met it"
        elif not self.node.has_ended(within_s=ENDS_WITHIN_S):
            self.note = f"{self.kind}: node {self.victim} met it, and went on"
        self.node.revive()


class WriteFails(Armed):
    """EIO on every write to its data."""

    kind = "write-eio"

    def armed(self):
        return {"write_errno": EIO}


class WriteHasNoSpace(Armed):
    """ENOSPC on every write to its data."""

    kind = "write-enospc"

    def armed(self):
        return {"write_errno": ENOSPC}


class SyncFails(Armed):
    """EIO on every sync of its data: what was written may be gone, whatever a second sync says."""

    kind = "sync-eio"

    def armed(self):
        return {"sync_errno": EIO}


class SlowDisk(Armed):
    """Each sync takes long."""

    kind, may_stop, parts, lasts_s = "slow-disk", False, {SYNCS}, (0.5, 3.0)

    def armed(self):
        return {"sync_delay_us": int(self.rng.uniform(5_000, 200_000))}

    def stop(self):
        self.node.shim.disarm()


class ClockJump(Armed):
    """The time of day leaps, forwards or back, and later leaps home. The steady clock does not."""

    kind, may_stop, is_hard, parts = "clock-jump", False, False, {CLOCK}

    def armed(self):
        self.offset_ns = int(self.rng.choice((-1, 1)) * 10 ** self.rng.uniform(8, 11.48))  # 0.1 s to 5 min
        return {"clock_offset_ns": self.offset_ns}

    def stop(self):
        self.node.shim.arm(clock_offset_ns=0)

    def __str__(self):
        return f"{super().__str__()}, by {getattr(self, 'offset_ns', 0) / 1e9:+.3f} s"


class DiskFull(Fault):
    """Not a free block on its disk; space comes back later."""

    kind, needs, may_stop, lasts_s = "disk-full", ("disk",), True, (0.3, 2.0)

    def start(self):
        self.node.disk.fill()

    def stop(self):
        self.node.disk.free()
        self.node.revive()


class PowerCut(Fault):
    """What was synced is kept, what was not is gone, and the process with it."""

    kind, needs, parts, may_stop, lasts_s = "power-cut", ("disk",), {PROCESS}, True, (0.0, 1.0)

    def is_done(self):
        return False

    def start(self):
        self.node.disk.cut_power()
        time.sleep(self.rng.uniform(0, 0.02))  # A process that goes on without its disk may not answer.
        self.node.kill()

    def stop(self):
        self.node.kill()
        self.node.disk.power_on()
        self.node.revive()


class PowerCutAll(KillAll):
    """The whole site."""

    kind, needs, may_stop = "power-cut-all", ("disk",), True

    def is_done(self):
        return False

    def start(self):
        for node in self.ground.cluster.nodes.values():
            node.disk.cut_power()
        super().start()

    def stop(self):
        for node in self.ground.cluster.nodes.values():
            node.disk.power_on()
        super().stop()


class LyingPowerCut(PowerCut):
    """Syncs that say they are done and are not, and then no power: beyond what anybody promises.

    With one node acknowledged orders are lost for certain, so it shows that the checks can fail.
    """

    kind, needs, lasts_s = "lying-power-cut", ("disk", "shim"), (0.5, 1.0)

    def start(self):
        self.node.shim.arm(sync_lies=1)

    def stop(self):
        self.node.disk.cut_power()
        self.node.kill()
        self.node.shim.disarm()
        super().stop()


KINDS = {
    fault.kind: fault
    for fault in (
        Kill, Restart, DeadFollower, KillAll, Pause, SlowFollower, Isolate, KillAlone, Partition, PairCut, Deaf, Mute,
        OneWayPair, Flapping, SlowLinks, LossyLinks, DuplicatingLinks, ReorderingLinks, ThinLinks, WriteFails,
        WriteHasNoSpace, SyncFails, SlowDisk, ClockJump, DiskFull, PowerCut, PowerCutAll,
    )
}
# Only when they are asked for by name: no cluster promises to survive them.
BEYOND = {LyingPowerCut.kind: LyingPowerCut}
