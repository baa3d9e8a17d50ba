"""Each check fails when it should: small histories and logs, whole and with one thing broken.

    cd clients/drills && python -m unittest test_check
"""

import json
import unittest

from check import Checker, Replicas, against_orders
from history import History, Operation


def line(seq, command, *events, at=None):
    return json.dumps({"at": at or 1000 + seq, "command": command, "domain": "BTC", "events": events, "seq": seq})


def buys(seq, label, order=None, account=1, price=100, size=10, **more):
    order = order or seq
    what = f"buys {size} of X at {price}"
    return line(seq, f'account {account} {what} labelled "{label}"', f"order {order} of account {account}: {what}",
                f"order {order} rests, {size} at {price}", **more)


class World:
    """A history, and the log that belongs to it."""

    def __init__(self):
        self.history, self.now = History(), 0.0

    def ask(self, kind, label, asked=None, order_id=None, account=1):
        asked = {"side": "buy", "instrument_name": "X", "amount": 10, "price": 100} if asked is None else asked
        operation = self.history.add(Operation(kind, account, label, asked, order_id))
        return operation, self.again(operation)

    def again(self, operation):
        self.now += 1
        return operation.attempt(1, self.now)

    def acknowledge(self, attempt, order, state="open", trades=(), filled=0):
        self.now += 1
        rows = [{"trade_id": t, "price": p, "amount": a} for t, p, a in trades]
        said = {"order_id": str(order), "order_state": state, "filled_amount": filled, "price": 100, "amount": 10}
        attempt.take({"result": {"order": said, "trades": rows}}, self.now)

    def refuse(self, attempt, code=10009):
        self.now += 1
        attempt.take({"error": {"code": code, "message": "refused"}}, self.now)

    def found(self, *lines):
        """Kinds of violations."""
        checker = Checker(self.history)
        for text in lines:
            checker.take_line(text)
        self.checker = checker
        return [violation.kind for violation in checker.judge()]


class OneOrderTest(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.operation, self.attempt = self.world.ask("place", "a")

    def test_acknowledged_and_once_in_the_log_is_whole(self):
        self.world.acknowledge(self.attempt, 1)
        self.assertEqual(self.world.found(buys(1, "a")), [])

    def test_acknowledged_and_not_in_the_log_is_lost(self):
        self.world.acknowledge(self.attempt, 1)
        self.assertEqual(self.world.found(line(1, "tick")), ["lost"])

    def test_acknowledged_and_refused_in_the_log_is_lost(self):
        self.world.acknowledge(self.attempt, 1)
        text = line(1, 'account 1 buys 10 of X at 100 labelled "a"', "refused (410): too little money")
        self.assertEqual(self.world.found(text), ["lost"])

    def test_acknowledged_under_another_id_is_lost(self):
        self.world.acknowledge(self.attempt, 7)
        self.assertEqual(self.world.found(buys(1, "a")), ["lost"])

    def test_twice_in_the_log_is_a_double(self):
        self.world.acknowledge(self.attempt, 1)
        self.world.acknowledge(self.world.again(self.operation), 1)
        self.assertEqual(self.world.found(buys(1, "a"), buys(2, "a")), ["double"])

    def test_a_second_command_that_nobody_sent_is_a_double_even_when_it_is_recognised(self):
        self.world.acknowledge(self.attempt, 1)
        again = line(2, 'account 1 buys 10 of X at 100 labelled "a"', "the same id named order 1 before")
        self.assertEqual(self.world.found(buys(1, "a"), again), ["double"])

    def test_sent_twice_and_recognised_is_whole(self):
        self.world.again(self.operation)
        self.world.acknowledge(self.operation.attempts[1], 1)
        again = line(2, 'account 1 buys 10 of X at 100 labelled "a"', "the same id named order 1 before")
        self.assertEqual(self.world.found(buys(1, "a"), again), [])

    def test_unknown_is_there_or_not(self):
        self.assertEqual(self.world.found(line(1, "tick")), [])
        self.assertEqual(self.world.found(buys(1, "a")), [])
        self.world.refuse(self.attempt, 11031)
        self.assertEqual(self.world.found(buys(1, "a")), [])

    def test_refused_and_in_the_log_is_found(self):
        self.world.refuse(self.attempt)
        self.assertEqual(self.world.found(line(1, "tick")), [])
        self.assertEqual(self.world.found(buys(1, "a")), ["refused"])

    def test_refused_at_one_node_and_unknown_at_another_may_be_in_the_log(self):
        self.world.refuse(self.attempt)
        self.world.again(self.operation)
        self.assertEqual(self.world.found(buys(1, "a")), [])

    def test_an_order_that_nobody_asked_for_is_a_phantom(self):
        self.world.acknowledge(self.attempt, 1)
        self.assertEqual(self.world.found(buys(1, "a"), buys(2, "b")), ["phantom"])

    def test_another_price_than_was_asked_is_a_phantom(self):
        self.world.acknowledge(self.attempt, 1)
        self.assertEqual(self.world.found(buys(1, "a", price=101)), ["phantom"])

    def test_an_answer_with_another_state_or_trade_is_found(self):
        self.world.acknowledge(self.attempt, 1, state="filled", filled=10)
        self.assertEqual(self.world.found(buys(1, "a")), ["answer"])
        self.world.acknowledge(self.attempt, 1, trades=[("1", 100, 10)])
        self.assertEqual(self.world.found(buys(1, "a")), ["answer"])


class OrderTest(unittest.TestCase):
    def test_one_after_the_other_stands_so_in_the_log(self):
        world = World()
        for label, order in (("a", 1), ("b", 2)):
            world.acknowledge(world.ask("place", label)[1], order)
        self.assertEqual(world.found(buys(1, "a"), buys(2, "b")), [])
        self.assertEqual(world.found(buys(1, "b", 2), buys(2, "a", 1)), ["order"])

    def test_an_order_of_unknown_outcome_that_was_asked_later_stands_later(self):
        world = World()
        world.acknowledge(world.ask("place", "a")[1], 1)
        world.ask("place", "b")
        self.assertEqual(world.found(buys(1, "b", 2), buys(2, "a", 1)), ["order"])

    def test_at_the_same_time_any_order_will_do(self):
        world = World()
        (_, first), (_, second) = world.ask("place", "a"), world.ask("place", "b")
        world.acknowledge(first, 1)
        world.acknowledge(second, 2)
        self.assertEqual(world.found(buys(1, "b", 2), buys(2, "a", 1)), [])


class CancelTest(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.world.acknowledge(self.world.ask("place", "a")[1], 1)
        self.cancel, self.attempt = self.world.ask("cancel", "a", {}, "1")
        self.done = line(2, "account 1 cancels order 1", "order 1 is cancelled (Asked)")

    def test_acknowledged_and_done_is_whole(self):
        self.world.acknowledge(self.attempt, 1, "cancelled")
        self.assertEqual(self.world.found(buys(1, "a"), self.done), [])

    def test_acknowledged_and_not_in_the_log_is_lost(self):
        self.world.acknowledge(self.attempt, 1, "cancelled")
        self.assertEqual(self.world.found(buys(1, "a")), ["lost"])

    def test_refused_and_done_is_found(self):
        self.world.refuse(self.attempt)
        self.assertEqual(self.world.found(buys(1, "a"), self.done), ["refused"])

    def test_more_often_than_asked_is_a_phantom(self):
        again = line(3, "account 1 cancels order 1", "refused (401): order 1 is not open")
        self.assertEqual(self.world.found(buys(1, "a"), self.done, again), ["phantom"])

    def test_an_edit_is_judged_alike(self):
        edit, attempt = self.world.ask("edit", "a", {"amount": 10, "price": 99}, "1")
        done = line(2, "account 1 amends order 1 to 10 at 99", "order 1 is now 10 at 99, at the back",
                    "order 1 rests, 10 at 99")
        self.assertEqual(self.world.found(buys(1, "a"), done), [])
        self.world.acknowledge(attempt, 1)
        self.assertEqual(self.world.found(buys(1, "a"), done), [])
        self.assertEqual(self.world.found(buys(1, "a")), ["lost"])
        self.world.refuse(attempt)
        self.assertEqual(self.world.found(buys(1, "a"), done), ["refused"])


class LogTest(unittest.TestCase):
    def setUp(self):
        self.world = World()
        for label in "abc":
            self.world.ask("place", label)

    def sells(self, trades, *ends, size=10):
        what = f"sells {size} of X at 99"
        rows = [f"trade {t}: {s} at {p}, order 3 sells from order {m}" for t, s, p, m in trades]
        self.world.ask("place", "s", {"side": "sell", "instrument_name": "X", "amount": size, "price": 99}, account=2)
        text = line(3, f'account 2 {what} labelled "s"', f"order 3 of account 2: {what}", *rows, *ends)
        return self.world.found(buys(1, "a"), buys(2, "b"), text)

    def test_the_first_at_a_price_trades_first(self):
        self.assertEqual(self.sells([(1, 10, 100, 1)], "order 1 is filled", "order 3 is filled"), [])
        self.assertEqual(self.world.checker.model.resting.keys(), {2})

    def test_the_second_at_a_price_does_not(self):
        self.assertEqual(self.sells([(1, 10, 100, 2)], "order 2 is filled", "order 3 is filled"), ["model", "model"])

    def test_not_at_the_takers_price(self):
        self.assertEqual(self.sells([(1, 10, 99, 1)], "order 1 is filled", "order 3 is filled"), ["model"])

    def test_not_without_the_trade(self):
        self.assertEqual(self.sells([], "order 3 rests, 10 at 99"), ["model", "model"])

    def test_a_trade_that_is_applied_twice_is_found(self):
        twice = [(1, 10, 100, 1), (1, 10, 100, 1)]
        self.assertIn("log", self.sells(twice, "order 1 is filled", "order 3 is filled"))

    def test_numbers_have_no_gap_and_time_does_not_go_back(self):
        self.assertEqual(self.world.found(buys(1, "a"), buys(3, "b")), ["log"])
        self.assertEqual(self.world.found(buys(1, "a", at=2000), buys(2, "b", at=1999)), ["log"])
        self.assertEqual(self.world.found(buys(1, "a", at=2000), buys(2, "b", at=2000)), [])

    def test_a_refused_order_that_trades_is_found(self):
        text = line(1, 'account 1 buys 10 of X at 100 labelled "a"', "refused (410): no", "order 1 rests, 10 at 100")
        self.assertEqual(self.world.found(text), ["model"])


class ReplicasTest(unittest.TestCase):
    def found(self, *rows):
        replicas = Replicas()
        for node, text in rows:
            replicas.take(node, text, json.loads(text))
        return [str(violation).splitlines()[0] for violation in replicas.found]

    def test_the_same_lines_agree(self):
        self.assertEqual(self.found((1, line(1, "tick")), (2, line(1, "tick")), (2, line(2, "tick"))), [])

    def test_another_entry_at_the_same_number_is_found(self):
        [told] = self.found((1, line(1, "tick")), (2, line(1, "tick", at=5)))
        self.assertEqual(told, "replicas: nodes 1 and 2 have another entry at 1")

    def test_another_root_at_the_same_number_is_found(self):
        root = lambda text: json.dumps({"domain": "BTC", "seq": 9, "root": text})
        self.assertEqual(self.found((1, root("aa")), (2, root("aa"))), [])
        [told] = self.found((1, root("aa")), (2, root("ab")))
        self.assertEqual(told, "replicas: nodes 1 and 2 have another root at 9")

    def test_orders_of_a_node_that_differ_from_the_model_are_found(self):
        world = World()
        world.ask("place", "a")
        world.found(buys(1, "a"))
        row = {"order_id": "1", "label": "a", "price": 100, "amount": 10, "filled_amount": 0}
        self.assertEqual(against_orders(world.checker.model, 2, 1, [row]), [])
        self.assertEqual(len(against_orders(world.checker.model, 2, 1, [])), 1)
        self.assertEqual(len(against_orders(world.checker.model, 2, 1, [{**row, "filled_amount": 5}])), 1)


if __name__ == "__main__":
    unittest.main()
