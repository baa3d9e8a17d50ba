"""What an operator does with a cluster, by the commands that docs/operating/cluster.md names for it.

Nothing here calls the venue in another way than a person would: each step is the binary with the flags of
the page, and its words are its result.
"""

import shutil
import subprocess
import time

from cluster import API_PORT, CLUSTER_PORT, Node, tuned
from rig import give_disk
from world import address

STEP_S = 60
SERVED = ("BTC", "ETH", "USDC")


class Step(Exception):
    """A command that was refused, in its words."""


class Fleet:
    """The cluster of a rig, in the hands of its operator."""

    def __init__(self, rig):
        self.rig, self.cluster = rig, rig.cluster
        self.files = rig.scratch / "fleet"  # What `cluster init` wrote, where no node is.
        shutil.copytree(rig.cluster.directory, self.files)

    def said(self, *words, cwd=None):
        done = subprocess.run([self.cluster.binary, *map(str, words)], capture_output=True, text=True, timeout=STEP_S,
                              cwd=cwd)
        if done.returncode != 0:
            raise Step(done.stderr.strip() or done.stdout.strip())
        return done.stdout + done.stderr

    def machine(self, number, zone):
        """A new machine: its files, with the keys of a node that runs. It is started."""
        member = f"{number}={address(number)}:{CLUSTER_PORT},api={address(number)}:{API_PORT},zone={zone}"
        self.said("cluster", "certificate", "--dir", self.files, "--node", number, "--member", member)
        home = self.cluster.directory / f"node-{number}"
        shutil.copytree(self.files / home.name, home)
        config = home / "plimsoll.toml"
        config.write_text(tuned(config.read_text()))
        node = Node(number, self.cluster.binary, config, self.cluster.directory)
        (node.data / "keys.json").write_bytes((self.living().data / "keys.json").read_bytes())
        if self.rig.ground.missing["disk"] is None:
            give_disk(node, self.rig.scratch)
        node.start()
        self.cluster.nodes[number] = node
        self.rig.nodes.append(node)
        return node

    def living(self):
        return next(node for node in self.cluster.nodes.values() if node.is_alive())

    def add(self, number, zone):
        where = ("--address", f"{address(number)}:{CLUSTER_PORT}", "--api", f"{address(number)}:{API_PORT}")
        return self.change("add", number, *where, "--zone", zone)

    def change(self, verb, number, *more):
        """`cluster add`, `promote`, `remove` or `transfer`, by the key of a node that lives."""
        node = self.living()
        url = f"http://{node.host}:{API_PORT}"
        return self.said("cluster", verb, "--node", number, *more, "--url", url, "--data", node.data, "--yes")

    def upgrade(self):
        """`cluster upgrade`, of every domain."""
        node = self.living()
        url = f"http://{node.host}:{API_PORT}"
        return self.said("cluster", "upgrade", "--url", url, "--data", node.data, "--yes")

    def refused(self, verb, number):
        """The words with which a change is refused; None: it was done."""
        try:
            self.change(verb, number)
            return None
        except Step as step:
            return str(step)

    def wait_until_near(self, number, timeout_s=60):
        """Until a node has applied in every domain what its leader had when we began. Seconds."""
        started, goals = time.monotonic(), {}
        while True:
            for currency in SERVED:
                rows = [row for row in map(lambda node: self.row(node, currency), self.cluster.nodes.values()) if row]
                goals.setdefault(currency, max((row["applied_index"] or 0 for row in rows), default=0))
            rows = {currency: self.row(self.cluster.nodes[number], currency) for currency in SERVED}
            if all(row and row["applied_index"] and goals[name] <= row["applied_index"] for name, row in rows.items()):
                return time.monotonic() - started
            assert time.monotonic() < started + timeout_s, f"node {number} has not caught up in {timeout_s} s: {rows}"
            time.sleep(0.02)

    @staticmethod
    def row(node, currency):
        return node.status(currency=currency) if node.is_alive() else None

    def wait_until_led(self, timeout_s=30):
        """Until some node leads each domain: without it nothing is changed."""
        deadline = time.monotonic() + timeout_s
        leaderless = set(SERVED)
        while leaderless:
            assert time.monotonic() < deadline, f"nobody leads {sorted(leaderless)} within {timeout_s} s"
            for node in self.cluster.nodes.values():
                rows = {currency: self.row(node, currency) for currency in leaderless}
                leaderless -= {currency for currency, row in rows.items() if row and row["role"] == "leader"}
            time.sleep(0.02)

    def hand_all_to(self, number, timeout_s=30):
        """One node comes to lead every domain."""
        deadline = time.monotonic() + timeout_s
        node = self.cluster.nodes[number]
        while any((self.row(node, currency) or {}).get("role") != "leader" for currency in SERVED):
            assert time.monotonic() < deadline, f"node {number} does not come to lead all domains in {timeout_s} s"
            self.refused("transfer", number)
            time.sleep(0.2)

    def voters(self):
        """As the leader has them."""
        return self.cluster.nodes[self.cluster.wait_for_leader()].status()["voters"]

    def leave(self, number):
        """A voter that leads nothing goes for good, and is stopped."""
        self.change("remove", number)
        node = self.cluster.nodes.pop(number)
        self.rig.nodes.remove(node)
        node.stop()

    def lose(self, number):
        """A machine is gone, with its disk."""
        node = self.cluster.nodes.pop(number)
        node.kill()
        if node.disk:
            node.disk.__exit__()
        shutil.rmtree(node.data)
        return node
