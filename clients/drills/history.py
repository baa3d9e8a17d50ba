"""What clients asked and what they were told, with times of one steady clock.

An operation is asked once or, when its outcome is not known, again with the same client order id. Its
outcome is

  acknowledged   some attempt was answered with a result: it has happened, and for ever
  unknown        no attempt was, and at least one may yet have happened (no answer, or error 11031)
  refused        every attempt was refused, which is final: it has not happened and never will
"""

import json

ACKNOWLEDGED, UNKNOWN, REFUSED = "acknowledged", "unknown", "refused"
OUTCOME_UNKNOWN = 11031


class Attempt:
    """One request on one connection."""

    __slots__ = ("node", "invoked", "answered", "outcome", "said")

    def __init__(self, node, invoked):
        self.node, self.invoked = node, invoked
        self.answered, self.outcome, self.said = None, UNKNOWN, None

    def take(self, reply, now):
        """The answer, as it came from the wire."""
        self.answered = now
        if "result" in reply:
            self.outcome, self.said = ACKNOWLEDGED, summary(reply["result"])
            return
        error = reply.get("error", {})
        self.outcome = UNKNOWN if error.get("code") == OUTCOME_UNKNOWN else REFUSED
        self.said = {"code": error.get("code"), "message": error.get("message"),
                     "reason": (error.get("data") or {}).get("reason")}

    def to_json(self):
        return {name: getattr(self, name) for name in self.__slots__}


class Operation:
    """A place, a cancel or an edit."""

    __slots__ = ("kind", "account", "label", "order_id", "asked", "attempts")

    def __init__(self, kind, account, label, asked, order_id=None):
        assert kind in ("place", "cancel", "edit")
        self.kind, self.account, self.label, self.asked = kind, account, label, asked
        self.order_id = order_id  # Of a cancel and of an edit; of a place it is what it was told.
        self.attempts = []

    def attempt(self, node, now):
        self.attempts.append(Attempt(node, now))
        return self.attempts[-1]

    @property
    def outcome(self):
        outcomes = {attempt.outcome for attempt in self.attempts}
        return next((one for one in (ACKNOWLEDGED, UNKNOWN) if one in outcomes), REFUSED)

    @property
    def invoked(self):
        return self.attempts[0].invoked

    @property
    def acknowledged(self):
        """When it was first known to have happened; None: it is not."""
        return min((a.answered for a in self.attempts if a.outcome == ACKNOWLEDGED), default=None)

    def line(self):
        return json.dumps({
            "kind": self.kind, "account": self.account, "label": self.label, "order": self.order_id,
            "asked": self.asked, "attempts": [attempt.to_json() for attempt in self.attempts],
        })


class History:
    """All operations of a run. Labels are unique in it."""

    def __init__(self):
        self.operations, self.placed = [], {}
        self.n_written = 0

    def add(self, operation):
        self.operations.append(operation)
        if operation.kind == "place":
            assert operation.label not in self.placed, f"{operation.label} is used twice"
            self.placed[operation.label] = operation
        return operation

    def count(self, outcome):
        return sum(operation.outcome == outcome for operation in self.operations)

    def write(self, path):
        """Appends what is new since the last time, as lines of JSON. At a quiet point: nothing is in flight."""
        with open(path, "a") as file:
            for operation in self.operations[self.n_written:]:
                file.write(operation.line() + "\n")
        self.n_written = len(self.operations)


def summary(result):
    """What the checker compares of a result."""
    order = result.get("order", result) if isinstance(result, dict) else {}
    said = {name: order.get(name) for name in ("order_id", "order_state", "price", "amount", "filled_amount")}
    trades = result.get("trades", []) if isinstance(result, dict) else []
    said["trades"] = [[trade["trade_id"], trade["price"], trade["amount"]] for trade in trades]
    return said
