"""Which faults may be there at once: never more than the cluster promises to survive.

    3 nodes: one hard fault; 5 nodes: two, on different nodes; beside them at most one soft fault.
    A fault that breaks everybody is alone.

Which comes next is drawn from the run's seed. Half of the time the victim is the leader, where most can go
wrong.
"""


class Atlas:
    """What is broken now, and what is broken next."""

    def __init__(self, ground, kinds, rng):
        self.ground, self.kinds, self.rng = ground, kinds, rng
        n = len(ground.cluster.nodes)
        self.broken_max = max(1, (n - 1) // 2)  # A single node is broken by anything, and comes back.
        self.running = []

    def broken(self):
        """A victim counts until it has been seen to work again."""
        return set().union(*(fault.victims() for fault in self.running))

    def next(self):
        """A fault that may begin now; None: none may, for now."""
        kind = self.rng.choice(self.kinds)
        leader = self.ground.cluster.leader()
        fault = self.drawn(kind, leader)
        if fault is None or not self.may_begin(fault):
            return None
        self.running.append(fault)
        return fault

    def drawn(self, kind, leader):
        free = sorted(set(self.ground.world.nodes) - self.broken())
        followers = [node for node in free if node != leader]
        if kind.wants == "follower":
            free = followers
        elif leader in free and self.rng.random() < 0.5:
            free = [leader]
        return kind(self.ground, self.rng.choice(free), self.rng) if free else None

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
