"""Were the promises kept? Histories of clients against the log, the log against a model, nodes against nodes.

  lost        what was acknowledged is in the log, once, with the id that the client was told
  double      one client order id placed one order, however often it was sent
  phantom     what is in the log was asked for, no more often than it was asked
  refused     what was refused has no effect in the log
  order       if A was acknowledged before B was invoked, A stands before B in the log
  answer      the answer to an order is what the log says of it: id, state, trades
  model       fills, rests and ends are those of an independent model (model.py) for the same commands
  log         entries are numbered without a gap, and their time never goes back
  replicas    every node has the same entries at the same numbers, and the same roots

Linear in the length of the history: commit order is known, so there is nothing to search for
(reliability.md §2.4). The log is read once, in pieces: `take` an entry at a time, then `judge`.
"""

import collections

from history import ACKNOWLEDGED, REFUSED
from model import EDGE, Model, Order
from words import Entry, units


class Violation:
    """A promise that was broken, with the evidence."""

    def __init__(self, kind, what, operations=(), log=()):
        self.kind, self.what = kind, what
        self.operations, self.log = list(operations), list(log)

    def __str__(self):
        lines = [f"{self.kind}: {self.what}"]
        lines += [f"  history: {operation.line()}" for operation in self.operations]
        lines += [f"  log:     {line.strip()}" for line in self.log]
        return "\n".join(lines)


class Trail:
    """What the log says of one label, or of the cancels or edits of one order."""

    def __init__(self):
        self.done, self.repeated, self.refused = [], [], []

    def entries(self):
        return self.done + self.repeated + self.refused


class Checker:
    """One log, entry by entry, against one history."""

    def __init__(self, history):
        self.history, self.model, self.found = history, Model(), []
        self.seq = self.at = self.trade = 0
        self.places, self.cancels, self.edits = {}, {}, {}

    def fault(self, kind, what, operations=(), log=()):
        self.found.append(Violation(kind, what, operations, log))

    def take_line(self, line):
        """A line of `log inspect`; root marks are compared elsewhere."""
        if '"root":' in line and '"command":' not in line:
            return
        self.take(Entry(line))

    def take(self, entry):
        if entry.seq != self.seq + 1:
            self.fault("log", f"entry {entry.seq} follows entry {self.seq}", log=[entry.line])
        if entry.at < self.at:
            self.fault("log", f"time goes back from {self.at} to {entry.at}", log=[entry.line])
        self.seq, self.at = entry.seq, max(self.at, entry.at)
        kind, asked = entry.command
        step = {"place": self.place, "edit": self.edit, "cancel": self.cancel}.get(kind, self.other)
        step(entry, asked)

    def place(self, entry, asked):
        label = asked["label"]
        trail = self.places.setdefault(label, Trail())
        if label not in self.history.placed:
            self.fault("phantom", f"nobody asked for the order labelled {label!r}", log=[entry.line])
        operation = self.history.placed.get(label)
        if entry.of("refused"):
            trail.refused.append(entry)
            self.expect(entry, [], [])
        elif entry.of("repeated"):
            trail.repeated.append(entry)
            self.expect(entry, [], [])
        else:
            trail.done.append(entry)
            self.accept(entry, asked, operation)

    def accept(self, entry, asked, operation):
        """An order that the log took."""
        placed = entry.of("placed")
        if len(placed) != 1:
            return self.fault("model", "neither placed nor refused", log=[entry.line])
        [placed] = placed
        told = {name: placed[name] for name in ("account", "side", "size", "instrument")}
        if told != {name: asked[name] for name in told} or asked["price"] not in (None, placed["price"]):
            self.fault("model", "it is placed as another order than asked", log=[entry.line])
        if operation and (reason := other_than(operation, asked)):
            self.fault("phantom", f"the log has another {reason} than was asked", [operation], [entry.line])
        price = asked["price"] if asked["price"] is not None else EDGE[asked["side"]]
        order = Order(placed["order"], asked["account"], asked["instrument"], asked["side"], price,
                      asked["size"], asked["label"])
        may_rest = asked["price"] is not None and not (operation and "time_in_force" in operation.asked)
        return self.expect(entry, *self.model.place(order, may_rest))

    def edit(self, entry, asked):
        trail = self.edits.setdefault(asked["order"], Trail())
        if entry.of("refused"):
            trail.refused.append(entry)
            return self.expect(entry, [], [])
        trail.done.append(entry)
        if (order := self.own(entry, asked)) is not None:
            self.expect(entry, *self.model.edit(order, asked["size"], asked["price"]))

    def cancel(self, entry, asked):
        trail = self.cancels.setdefault(asked["order"], Trail())
        if entry.of("refused"):
            trail.refused.append(entry)
            return self.expect(entry, [], [])
        trail.done.append(entry)
        if (order := self.own(entry, asked)) is not None:
            self.expect(entry, [], self.model.cancel(order))

    def own(self, entry, asked):
        order = self.model.resting.get(asked["order"])
        if order is None or order.account != asked["account"]:
            self.fault("model", f"account {asked['account']} has no order {asked['order']} that rests",
                       log=[entry.line])
            return None
        return order

    def other(self, entry, _asked):
        """Of the operator and of the clock: they move no order here, except to cancel it."""
        if entry.of("trade"):
            self.fault("model", "a trade that no order caused", log=[entry.line])
        for ended in entry.of("cancelled"):
            if (order := self.model.resting.get(ended["order"])) is not None:
                self.model.remove(order)

    def expect(self, entry, trades, ends):
        """The log's trades in their order, and its ends, are the model's."""
        told = [(trade["size"], trade["price"], trade["maker"]) for trade in entry.of("trade")]
        if told != trades:
            self.fault("model", f"trades {told}, the model makes {trades}", log=[entry.line])
        for trade in entry.of("trade"):
            if trade["trade"] != self.trade + 1:
                self.fault("log", f"trade {trade['trade']} follows trade {self.trade}", log=[entry.line])
            self.trade = trade["trade"]
        if sorted(map(str, ends_of(entry))) != sorted(map(str, ends)):
            self.fault("model", f"ends {ends_of(entry)}, the model makes {ends}", log=[entry.line])

    def judge(self):
        """All violations so far. At a quiet point, with all of the log taken."""
        found = list(self.found)
        for operation in self.history.operations:
            found += self.judged(operation)
        for label, trail in self.places.items():
            found += self.counted(label, trail)
        found += self.of_orders("cancel", self.cancels)
        found += self.of_orders("edit", self.edits)
        return found + self.real_time()

    def judged(self, operation):
        if operation.kind == "place":
            return self.judged_place(operation)
        trails = self.cancels if operation.kind == "cancel" else self.edits
        trail = trails.get(int(operation.order_id), Trail())
        matching = [entry for entry in trail.done if matches(operation, entry)]
        if operation.outcome == ACKNOWLEDGED and not matching:
            what = f"an acknowledged {operation.kind} is not in the log"
            return [Violation("lost", what, [operation], [entry.line for entry in trail.entries()])]
        return []

    def judged_place(self, operation):
        trail = self.places.get(operation.label, Trail())
        log = [entry.line for entry in trail.entries()]
        if operation.outcome == REFUSED and trail.done:
            return [Violation("refused", "a refused order is in the log as accepted", [operation], log)]
        if operation.outcome != ACKNOWLEDGED:
            return []
        if not trail.done:
            return [Violation("lost", "an acknowledged order is not in the log", [operation], log)]
        logged = {str(trail.done[0].of("placed")[0]["order"])}
        told = {a.said["order_id"] for a in operation.attempts if a.outcome == ACKNOWLEDGED}
        if told != logged:
            what = f"acknowledged as {sorted(told)}, in the log as {sorted(logged)}"
            return [Violation("lost", what, [operation], log)]
        if len(operation.attempts) == 1 and (what := other_answer(operation, trail.done[0])):
            return [Violation("answer", what, [operation], log)]
        return []

    def counted(self, label, trail):
        """One order for one label, and no more commands than requests."""
        operation = self.history.placed.get(label)
        if operation is None:
            return []
        log = [entry.line for entry in trail.entries()]
        if 1 < len(trail.done):
            return [Violation("double", f"{len(trail.done)} orders labelled {label}", [operation], log)]
        if len(operation.attempts) < len(log):
            what = f"{len(log)} commands for {len(operation.attempts)} requests"
            return [Violation("double", what, [operation], log)]
        return []

    def of_orders(self, kind, trails):
        """No more cancels or edits of an order in the log than were asked and may have happened."""
        asked, may_have = {}, {}
        for operation in self.history.operations:
            if operation.kind == kind:
                order = int(operation.order_id)
                asked.setdefault(order, []).append(operation)
                may_have[order] = may_have.get(order, 0) + (operation.outcome != REFUSED)
        for order, trail in trails.items():
            operations, log = asked.get(order, []), [entry.line for entry in trail.entries()]
            if len(operations) < len(log):
                what = f"{len(log)} commands to {kind} order {order}, asked {len(operations)} times"
                yield Violation("phantom", what, operations, log)
            elif may_have.get(order, 0) < len(trail.done):
                what = f"a refused {kind} of order {order} is in the log as done"
                yield Violation("refused", what, operations, log)

    def real_time(self):
        """Backwards along the log: nothing later was acknowledged before this one was invoked."""
        placed = sorted(self.sequenced(), key=lambda one: one[0], reverse=True)
        earliest = None  # Of all that stand later: the one that was acknowledged first.
        found = []
        for seq, operation, entry in placed:
            if earliest is not None and earliest[1].acknowledged < operation.invoked:
                later_seq, later, later_entry = earliest
                what = (f"acknowledged at {later.acknowledged:.6f} and in the log at {later_seq}; "
                        f"invoked at {operation.invoked:.6f} and in the log at {seq}")
                found.append(Violation("order", what, [later, operation], [later_entry.line, entry.line]))
            at = operation.acknowledged
            if at is not None and (earliest is None or at < earliest[1].acknowledged):
                earliest = (seq, operation, entry)
        return found

    def sequenced(self):
        """Operations whose place in the log is certain."""
        trails = {"cancel": self.cancels, "edit": self.edits}
        alike = collections.Counter(key_of(operation) for operation in self.history.operations)
        for operation in self.history.operations:
            if operation.kind == "place":
                entries = self.places.get(operation.label, Trail()).done
            elif alike[key_of(operation)] == 1:
                trail = trails[operation.kind].get(int(operation.order_id), Trail())
                entries = [entry for entry in trail.done if matches(operation, entry)]
            else:
                continue  # Which of the two requests an entry comes from would be a guess.
            if len(entries) == 1:
                yield entries[0].seq, operation, entries[0]


def key_of(operation):
    """What tells a request for an order from another one for it."""
    asked = operation.asked
    return operation.kind, operation.label, asked.get("amount"), asked.get("price")


def ends_of(entry):
    """What became of orders in an entry, as the model says it."""
    ends = []
    for kind, told in entry.events:
        if kind == "rests":
            ends.append((kind, told["order"], told["size"], told["price"]))
        elif kind == "amended":
            ends.append((kind, told["order"], told["size"], told["price"], told["place"]))
        elif kind in ("filled", "cancelled"):
            ends.append((kind, told["order"]))
    return ends


def other_than(operation, asked):
    """What of an order in the log is not what its client asked; None: all is."""
    wanted = operation.asked
    pairs = {
        "account": (operation.account, asked["account"]),
        "side": (wanted["side"] + "s", asked["side"]),
        "instrument": (wanted["instrument_name"], asked["instrument"]),
        "amount": (units(wanted["amount"]), asked["size"]),
        "price": (units(wanted["price"]) if "price" in wanted else None, asked["price"]),
    }
    return next((name for name, (ours, logs) in pairs.items() if ours != logs), None)


def matches(operation, entry):
    """Whether an entry may be this cancel or edit."""
    asked = entry.command[1]
    if operation.kind == "cancel":
        return asked["account"] == operation.account
    wanted = (operation.account, units(operation.asked["amount"]), units(operation.asked["price"]))
    return wanted == (asked["account"], asked["size"], asked["price"])


def other_answer(operation, entry):
    """Where the answer to an order that was sent once differs from its entry; None: nowhere."""
    said = operation.attempts[0].said
    told = [[trade, units(price), units(amount)] for trade, price, amount in said["trades"]]
    logged = [[str(row["trade"]), row["price"], row["size"]] for row in entry.of("trade")]
    order = entry.of("placed")[0]["order"]
    state = "open"
    for kind, values in entry.events:
        if kind in ("filled", "cancelled") and values["order"] == order:
            state = kind
    if told != logged:
        return f"the answer has trades {told}, the log {logged}"
    if said["order_state"] != state:
        return f"the answer says {said['order_state']}, the log {state}"
    if units(said["filled_amount"]) != sum(row["size"] for row in entry.of("trade")):
        return f"the answer says {said['filled_amount']} is filled, the log has trades {logged}"
    return None


class Replicas:
    """The logs of several nodes, line by line, against each other."""

    def __init__(self):
        self.lines = {}  # By number: the node that was read first, and the hash of its line.
        self.roots = {}
        self.found = []

    def take(self, node, line, told):
        """A line of a node's log, read as JSON."""
        kept, value = (self.roots, told["root"]) if "root" in told else (self.lines, hash(line))
        what = "root" if "root" in told else "entry"
        first, known = kept.setdefault(told["seq"], (node, value))
        if known != value:
            text = f"nodes {first} and {node} have another {what} at {told['seq']}"
            self.found.append(Violation("replicas", text, log=[line]))


def against_orders(model, node, account, listed):
    """The open orders that a node lists for an account, against the model's."""
    told = {int(row["order_id"]): (row["label"], units(row["price"]), units(row["amount"]),
                                   units(row["filled_amount"])) for row in listed}
    ours = {order.order: (order.label, order.price, order.size, order.filled)
            for order in model.resting.values() if order.account == account}
    if told == ours:
        return []
    differ = {order: (told.get(order), ours.get(order)) for order in told.keys() | ours.keys()
              if told.get(order) != ours.get(order)}
    what = f"open orders of account {account} at node {node}, the node's and the model's: {differ}"
    return [Violation("model", what)]
