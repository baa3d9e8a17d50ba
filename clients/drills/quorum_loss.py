"""A majority is gone for good, with its disks: the survivor becomes a new cluster, by two people.

The worst survivor is taken: a leader that was cut off before, whose log ends with orders that nobody else
has, while the two that are lost went on and acknowledged others. So something acknowledged is lost for
certain, and the plan has to have said so: nothing may be missing that stood before the entry after which it
announces losses. What was acknowledged is known from the clients, and where it stood from the disks of the
dead, of which the drill keeps copies that the procedure never sees.
"""

import asyncio
import collections
import copy
import json
import re
import shutil
import subprocess
import time
import types

import check
import words
from cluster import DOMAIN, Cluster
from history import ACKNOWLEDGED
from procedure import Procedure
from rig import give_disk

CUT_OFF_S = 2.0
AWAY_S = 3.0  # Without a quorum, under load, before anybody does something.
WHOLE_WITHIN_S = 300
LAST_ANSWERS_S = 0.2  # What was acknowledged before the end may be read a moment after it.
NOBODY = types.SimpleNamespace(number=0, ws="ws://127.0.0.1:9/")
PLAN = re.compile(
    r"^BTC: from \S+\n  comes to entry (?P<kept>\d+) .*\n  entries up to (?P<proven>\d+) were committed for certain.*"
    r"\n  \d of 3 nodes are not here, and 2 make a quorum: what they acknowledged among themselves after entry "
    r"(?P<after>\d+) is lost", re.MULTILINE,
)


class QuorumLoss(Procedure):
    n_spare = 0

    async def steps(self):
        self.survivor = await asyncio.to_thread(self.cluster.wait_for_leader)
        lost_at = await self.majority_lost()
        self.nodes[:] = [NOBODY]  # Clients are kept away.
        stopped = await asyncio.to_thread(self.cluster.nodes[self.survivor].stop)  # Whatever can be reached is.
        self.expect(stopped, f"node {self.survivor}, alone, did not stop on SIGTERM")
        began = time.monotonic()
        plan = await asyncio.to_thread(self.recover, self.cluster.nodes[self.survivor].data)
        self.figures["plan"] = {name: int(value) for name, value in plan.items()}
        self.figures["plan and recovery s"] = round(time.monotonic() - began, 2)
        self.known = copy.deepcopy(self.history)
        await asyncio.to_thread(self.judge_losses)
        self.cluster = self.fleet.cluster = self.ground.cluster = self.refounded
        await self.first_node(lost_at)
        for number in (2, 3):
            await asyncio.to_thread(self.join, number)
            self.figures[f"node {number} votes after s"] = round(time.monotonic() - lost_at, 2)
        await self.expect_live([1, 2, 3])
        await asyncio.sleep(1)  # All of them trade.
        took = time.monotonic() - lost_at
        self.expect(took <= WHOLE_WITHIN_S, f"it took {took:.0f} s until three nodes voted, more than {WHOLE_WITHIN_S}")

    async def majority_lost(self):
        """When two were lost, after a while in which the third was alone."""
        self.ground.world.cut(self.ground.world.around(self.survivor))
        await asyncio.sleep(CUT_OFF_S)
        lost_at = time.monotonic()
        await asyncio.to_thread(self.lose, sorted(set(self.cluster.nodes) - {self.survivor}))
        self.ground.world.heal()
        await asyncio.sleep(AWAY_S)
        self.expect_silence(lost_at)
        return lost_at

    def lose(self, dead):
        """Two machines at once; what their disks held is kept for the check, and only for it."""
        for number in dead:
            self.cluster.nodes[number].kill()
        shutil.copytree(self.cluster.nodes[dead[0]].data, self.scratch / "copy-dead")
        for number in dead:
            self.fleet.lose(number)

    def expect_silence(self, lost_at):
        told = [at for at in self.written + self.prober.written if lost_at + LAST_ANSWERS_S < at]
        self.expect(not told, f"{len(told)} operations were acknowledged without a quorum")

    def recover(self, data):
        """Steps 1 to 4 of the page. What the plan says of the drills' domain."""
        directory = self.scratch / "cluster-2"
        directory.mkdir()
        self.refounded = Cluster(self.chosen.bin, directory, 3, "drill-2")
        for node in self.refounded.nodes.values():
            if self.ground.missing["disk"] is None:
                give_disk(node, self.scratch)
            for name in ("keys.json", "notice.pem"):
                shutil.copy2(data / name, node.data / name)
        home = self.refounded.nodes[1].config.parent
        command = ("recover", "--from-survivors", data, "--config", "plimsoll.toml", "--by", "alice")
        said = self.fleet.said(*command, cwd=home)
        code = re.search(r"The code is (\S+)", said)[1]
        for who, given in (("alice", code), ("bob", "0000-0000-0000")):
            refused = self.refused(*command, "--approved-by", who, "--code", given, cwd=home)
            self.expect(refused, f"{who} approved with {given}, and it was done")
        self.fleet.said(*command, "--approved-by", "bob", "--code", code, cwd=home)
        found = PLAN.search(said)
        assert found, f"the plan does not say what may be lost:\n{said}"
        return found.groupdict()

    def refused(self, *command, cwd):
        command = [str(self.chosen.bin), *map(str, command)]
        return subprocess.run(command, capture_output=True, cwd=cwd).returncode != 0

    async def first_node(self, lost_at):
        """Step 5: the first node alone takes orders, and traders find it where node 1 was."""
        node = self.cluster.nodes[1]
        await asyncio.to_thread(node.start)
        deadline = time.monotonic() + 60
        while (took := await self.fresh.fresh(node, 5)) is None and time.monotonic() < deadline:
            pass
        assert took is not None, f"the new cluster takes no order:\n{node.words()}"
        self.figures["first order acknowledged after s"] = round(time.monotonic() - lost_at, 2)
        await asyncio.to_thread(self.expect_orders_at_first)
        self.nodes[:] = [node]
        await asyncio.to_thread(self.fleet.wait_until_led)

    def expect_orders_at_first(self):
        """The state is that of the survivor's log, order by order."""
        for key in self.desk.accounts:
            listed = self.cluster.nodes[1].call("private/get_open_orders_by_currency", key=key, currency=DOMAIN)
            for found in check.against_orders(self.checker.model, 1, key["account"], listed):
                self.violation(found.kind, found.what)

    def join(self, number):
        node = self.cluster.nodes[number]
        node.start()
        self.fleet.add(number, "abc"[number - 1])
        self.fleet.wait_until_near(number)
        self.fleet.change("promote", number)
        self.nodes.append(node)

    def judge_losses(self):
        """The survivor's log against what clients knew when the venue was gone. What is missing was announced."""
        checker = check.Checker(self.known)
        for line in words.lines(self.chosen.bin, self.cluster.nodes[self.survivor].data, DOMAIN):
            checker.take_line(line)
        kept, after = self.figures["plan"]["kept"], self.figures["plan"]["after"]
        self.expect(checker.seq == kept, f"the plan keeps {kept} entries, the survivor has {checker.seq}")
        stood, n_lost = self.where_it_stood(), 0
        for found in checker.judge():
            seqs = [max(stood.get(key_of(operation), [0])) for operation in found.operations]
            n_lost += found.kind == "lost"
            if found.kind == "lost" and min(seqs) <= after:
                what = f"losses are announced after entry {after}, and this stood at {seqs}"
                self.violation("announced", f"{what}:\n{found}")
            elif found.kind != "lost" and not after < max(seqs, default=0):
                self.violation(found.kind, str(found).partition(": ")[2])
        self.figures["acknowledged, and of it lost"] = [self.known.count(ACKNOWLEDGED), n_lost]
        self.expect(n_lost, "nothing that was acknowledged is lost: the drill has not shown what it is for")
        self.checker = checker

    def check(self, is_last):
        """Of the new cluster: its nodes are one. Its log, which does not begin at entry 1, is not read."""
        self.wait_until_caught_up()
        listed = [self.open_orders(node) for node in self.cluster.nodes.values()]
        self.expect(all(orders == listed[0] for orders in listed), f"the nodes list other open orders: {listed}")
        self.expect(any(listed[0]), "nobody has an open order")
        rows = [node.status() for node in self.cluster.nodes.values()]
        roots = {(row["root_seq"], row["root"]) for row in rows}
        self.expect(len(roots) == len({seq for seq, _ in roots}), f"another root after the same entry: {roots}")
        self.history.write(self.scratch / "history.jsonl")

    def open_orders(self, node):
        call = lambda key: node.call("private/get_open_orders_by_currency", key=key, currency=DOMAIN)
        return [sorted((row["order_id"], row["label"], row["filled_amount"]) for row in call(key))
                for key in self.desk.accounts]

    def where_it_stood(self):
        """By operation, the seqs of its entries in the log of the dead."""
        stood = collections.defaultdict(list)
        for line in words.lines(self.chosen.bin, self.scratch / "copy-dead", DOMAIN):
            told = json.loads(line)
            kind, asked = words.read(words.COMMANDS, told.get("command", ""))
            if kind is not None:
                name = asked["label"] if kind == "place" else asked["order"]
                values = (asked["size"], asked["price"]) if kind == "edit" else ()
                stood[kind, name, *values].append(told["seq"])
        return stood


def key_of(operation):
    """An operation as a log names it; two edits of an order differ by what they make of it."""
    if operation.kind == "place":
        return "place", operation.label
    if operation.kind == "cancel":
        return "cancel", int(operation.order_id)
    return "edit", int(operation.order_id), words.units(operation.asked["amount"]), words.units(operation.asked["price"])
