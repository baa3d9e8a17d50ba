"""Which faults may be there at once: never more than the cluster promises to survive.

    3 nodes: one broken node; 5 nodes: two. A node that is broken already may meet a second fault, of other
    parts: killed while it is cut off, cut off while its disk is slow. It is whole again before a third.
    Beside them soft faults, one of the links and one of a clock.
    A fault that breaks everybody is alone.

Faults come from a deck that holds each kind once and is shuffled again when it is empty, so that every kind
has its turn; the first in it that may begin is next. Half of the time the victim is the leader, where most
can go wrong. The order of kinds, how long each lasts and how bad it is follow from the run's seed.
"""

import random


class Atlas:
    """What is broken now, and what is broken next."""

    def __init__(self, ground, kinds, seed):
        self.ground, self.kinds, self.seed = ground, kinds, seed
        n = len(ground.cluster.nodes)
        self.broken_max = max(1, (n - 1) // 2)  # A single node is broken by anything, and comes back.
        self.running, self.deck, self.n_decks = [], [], 0
        self.paired = set()  # Of the running: those that have, or had, another fault on their victim.

    def broken(self):
        """A victim counts until it has been seen to work again."""
        return set().union(*(fault.victims() for fault in self.running))

    def next(self):
        """A fault that may begin now; None: none may, for now."""
        if not self.deck:
            self.n_decks += 1
            self.deck = list(self.kinds)
            random.Random(f"{self.seed}/deck/{self.n_decks}").shuffle(self.deck)
        if any(one.is_alone for one in self.running):
            return None
        free = {kind: self.free(kind) for kind in self.deck}
        leader = self.ground.cluster.leader() if any(free.values()) else None
        for kind in self.deck:
            if (fault := self.drawn(kind, free[kind], leader)) is not None:
                self.begin(fault)
                return fault
        return None

    def free(self, kind):
        """The nodes that may be the victim of a kind now."""
        if kind.is_alone and self.running:
            return []
        if not kind.is_hard and any(one.parts & kind.parts for one in self.running):
            return []
        return [node for node in self.ground.world.nodes if self.may_meet(node, kind)]

    def drawn(self, kind, free, leader):
        """A fault of a kind, if one may begin."""
        # Of its own: how often it has to wait changes nothing of what it is.
        rng = random.Random(f"{self.seed}/fault/{self.n_decks}/{kind.kind}")
        wants_leader = rng.random() < 0.5
        if kind.wants == "follower":
            free = [node for node in free if node != leader]
        elif wants_leader and leader in free:
            free = [leader]
        fault = kind(self.ground, rng.choice(free), rng) if free else None
        return fault if fault is not None and self.may_begin(fault) else None

    def may_meet(self, node, kind):
        """Whether a node is whole, or has one fault and may have a second."""
        there = [fault for fault in self.running if node in fault.victims()]
        if not there:
            return not kind.is_hard or kind.is_alone or len(self.broken()) < self.broken_max
        if not kind.is_hard:
            return True
        [first, *more] = there
        is_free = not more and first not in self.paired and not first.is_healed
        return is_free and not first.parts & kind.parts

    def may_begin(self, fault):
        if fault.is_alone or not fault.is_hard:
            return True
        is_met = all(self.may_meet(node, type(fault)) for node in fault.victims())
        return is_met and len(self.broken() | fault.victims()) <= self.broken_max

    def begin(self, fault):
        there = [one for one in self.running if one.victims() & fault.victims()]
        if there:
            self.paired |= {fault, *there}
        self.deck.remove(type(fault))
        self.running.append(fault)

    def end(self, fault):
        self.running.remove(fault)
        self.paired.discard(fault)

    def whole(self):
        """Nodes that nothing is wrong with any more."""
        broken = set().union(*(fault.victims() for fault in self.running if not fault.is_healed))
        return sorted(set(self.ground.world.nodes) - broken)
