"""Which faults may be there at once: never more than the cluster promises to survive.

    3 nodes: one hard fault; 5 nodes: two, on different nodes; beside them at most one soft fault.
    A fault that breaks everybody is alone.

Faults come from a deck that holds each kind once and is shuffled again when it is empty, so that every kind
has its turn; the one on top waits until it may begin. Half of the time the victim is the leader, where most
can go wrong. The order of kinds, how long each lasts and how bad it is follow from the run's seed.
"""

import random


class Atlas:
    """What is broken now, and what is broken next."""

    def __init__(self, ground, kinds, seed):
        self.ground, self.kinds, self.seed = ground, kinds, seed
        n = len(ground.cluster.nodes)
        self.broken_max = max(1, (n - 1) // 2)  # A single node is broken by anything, and comes back.
        self.running, self.deck, self.n_begun = [], [], 0

    def broken(self):
        """A victim counts until it has been seen to work again."""
        return set().union(*(fault.victims() for fault in self.running))

    def next(self):
        """A fault that may begin now; None: none may, for now."""
        if not self.deck:
            self.deck = list(self.kinds)
            random.Random(f"{self.seed}/deck/{self.n_begun}").shuffle(self.deck)
        # Of its own: how often it has to wait changes nothing of what it is.
        rng = random.Random(f"{self.seed}/fault/{self.n_begun}")
        fault = self.drawn(self.deck[-1], rng)
        if fault is None or not self.may_begin(fault):
            return None
        self.deck.pop()
        self.n_begun += 1
        self.running.append(fault)
        return fault

    def drawn(self, kind, rng):
        leader = self.ground.cluster.leader()
        free = sorted(set(self.ground.world.nodes) - self.broken())
        wants_leader = rng.random() < 0.5
        if kind.wants == "follower":
            free = [node for node in free if node != leader]
        elif wants_leader and leader in free:
            free = [leader]
        return kind(self.ground, rng.choice(free), rng) if free else None

    def may_begin(self, fault):
        if any(one.is_alone for one in self.running):
            return False
        if fault.is_alone:
            return not self.running
        if not fault.is_hard:
            return all(one.is_hard for one in self.running)
        broken, victims = self.broken(), fault.victims()
        return not broken & victims and len(broken | victims) <= self.broken_max

    def end(self, fault):
        self.running.remove(fault)

    def whole(self):
        """Nodes that nothing is wrong with any more."""
        broken = set().union(*(fault.victims() for fault in self.running if not fault.is_healed))
        return sorted(set(self.ground.world.nodes) - broken)
