"""What the rig makes of an order that was ordered after the logs were read.

    cd clients/drills && python -m unittest test_rig
"""

import collections
import types
import unittest

from check import Checker
from history import History, Operation
from rig import Rig
from test_check import buys, line


class Logged(Rig):
    """A rig with a node of which the log is known, and that may have applied more of it than was read."""

    def __init__(self, log, n_read, row):
        history = History()
        history.add(Operation("place", 1, "a", {"side": "buy", "instrument_name": "X", "amount": 10, "price": 100}))
        self.checker, self.found, self.log = Checker(history), [], log
        self.read_to = collections.defaultdict(int)
        self.cluster = types.SimpleNamespace(nodes={1: types.SimpleNamespace(call=lambda *_, **__: [row])})
        self.desk = types.SimpleNamespace(accounts=[{"account": 1}])
        self.take(n_read)

    def take(self, n):
        for text in self.log[self.read_to[1]:n]:
            self.checker.take_line(text)
        self.read_to[1] = n

    def wait_until_caught_up(self):
        return len(self.log)

    def compare_logs(self, goal, is_replayed):
        self.take(goal)


LOG = [
    buys(1, "a"),
    line(2, "account 1 amends order 1 to 20 at 90", "order 1 is now 20 at 90, at the back", "order 1 rests, 20 at 90"),
]
ROW = {"order_id": "1", "label": "a", "price": 90, "amount": 20, "filled_amount": 0}


class LateTest(unittest.TestCase):
    def kinds(self, n_read, row):
        rig = Logged(LOG, n_read, row)
        rig.expect_orders()
        return [found.kind for found in rig.found]

    def test_an_edit_that_was_ordered_after_the_logs_were_read_is_read_too(self):
        self.assertEqual(self.kinds(1, ROW), [])

    def test_an_order_that_no_log_explains_is_found(self):
        self.assertEqual(self.kinds(1, {**ROW, "price": 80}), ["model"])
        self.assertEqual(self.kinds(2, {**ROW, "price": 80}), ["model"])


if __name__ == "__main__":
    unittest.main()
