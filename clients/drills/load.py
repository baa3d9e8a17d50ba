"""Traders on all nodes at once, who write down all that they ask and all that they are told.

Each trader is one account on one socket. It places limit orders around one price, immediate-or-cancel and
market orders that meet the others', edits and cancels its own, and now and then sends an order again that
was acknowledged long ago. When its node is silent or gone it goes to the next one, and asks again there,
with the same client order id, for what it does not know.
"""

import asyncio
import itertools
import json
import time

import websockets

from desk import PRICE
from history import ACKNOWLEDGED, Operation

PATIENCE_S = 1.5  # Then the node is taken for gone.
IN_FLIGHT_MAX = 16
OPEN_MAX = 40  # Of one trader; beyond that it cancels.
KEPT_MAX = 200  # Acknowledged orders that it may send again.
LOTS_MAX = 5
DEPTH_TICKS, OVERLAP_TICKS = 12, 4
PROBE_EVERY_S = 0.005
FRESH_EVERY_S = 0.05


class Wire:
    """One socket, logged in; answers are taken in as they come."""

    def __init__(self, node, account):
        self.node, self.account = node, account
        self.ids = itertools.count(1)
        self.in_flight = {}  # By request: the attempt, and who is told of the answer.
        self.socket = self.listener = None

    async def open(self):
        self.socket = await websockets.connect(
            self.node.ws, open_timeout=1, close_timeout=0.1, ping_interval=None, max_size=2**22, compression=None
        )
        login = {"grant_type": "client_credentials", **{k: self.account[k] for k in ("client_id", "client_secret")}}
        await self.socket.send(json.dumps({"jsonrpc": "2.0", "id": 0, "method": "public/auth", "params": login}))
        reply = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE_S))
        if "result" not in reply:
            raise OSError(f"not let in: {reply}")
        self.listener = asyncio.ensure_future(self.listen())

    async def listen(self):
        try:
            async for text in self.socket:
                reply = json.loads(text)
                attempt, told = self.in_flight.pop(reply.get("id"), (None, None))
                if attempt is not None:
                    attempt.take(reply, time.monotonic())
                    told(attempt)
        except websockets.ConnectionClosed:
            pass

    async def ask(self, operation, told=lambda attempt: None):
        """Sends an operation; its invocation is written down before it can arrive."""
        number = next(self.ids)
        method, params = request(operation)
        text = json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        self.in_flight[number] = (operation.attempt(self.node.number, time.monotonic()), told)
        await self.socket.send(text)

    def is_gone(self):
        """Whether it is closed, or has been silent for too long about something."""
        if self.listener is None or self.listener.done():
            return True
        oldest = next(iter(self.in_flight.values()), None)
        return oldest is not None and oldest[0].invoked + PATIENCE_S < time.monotonic()

    def drop(self):
        """Without a word: the other side may be frozen. What is in flight stays unknown."""
        if self.listener is not None:
            self.listener.cancel()
        if self.socket is not None:
            self.socket.transport.abort()


def request(operation):
    """The call of an operation."""
    asked = dict(operation.asked)
    if operation.kind == "place":
        return f"private/{asked.pop('side')}", {**asked, "label": operation.label}
    return f"private/{operation.kind}", {"order_id": operation.order_id, **asked}


class Trader:
    """One account that trades until it is told to stop."""

    def __init__(self, number, account, nodes, desk, history, rng):
        self.name, self.account, self.nodes, self.desk = f"t{number}", account, nodes, desk
        self.history, self.rng, self.turn = history, rng, number
        self.numbers = itertools.count(1)
        self.open, self.kept, self.again = [], [], []
        self.written = []  # When something that it asked was answered for.
        self.is_over = False

    async def trade(self, orders_per_s):
        while not self.is_over:
            self.turn += 1
            wire = Wire(self.nodes[self.turn % len(self.nodes)], self.account)
            try:
                await wire.open()
                await self.on(wire, orders_per_s)
            except (OSError, TimeoutError, asyncio.TimeoutError, websockets.WebSocketException):
                await asyncio.sleep(0.05)
            finally:
                self.again += [told.operation for _, told in wire.in_flight.values() if told.is_repeatable]
                wire.drop()

    async def on(self, wire, orders_per_s):
        """Sends at its pace while the wire holds."""
        due = time.monotonic()
        while not self.is_over:
            if wire.is_gone():
                return
            due = max(due + 1 / orders_per_s, time.monotonic() - 0.1)
            await asyncio.sleep(max(0, due - time.monotonic()))
            if len(wire.in_flight) < IN_FLIGHT_MAX:
                operation = self.again.pop() if self.again else self.choose()
                await wire.ask(operation, Told(self, operation))
        end = time.monotonic() + PATIENCE_S
        while wire.in_flight and time.monotonic() < end and not wire.is_gone():
            await asyncio.sleep(0.01)

    def choose(self):
        """What it does next."""
        draw = self.rng.random()
        if OPEN_MAX < len(self.open) or (draw < 0.18 and self.open):
            order = self.open.pop(self.rng.randrange(len(self.open)))
            return self.history.add(Operation("cancel", order.account, order.label, {}, order.order_id))
        if draw < 0.28 and self.open:
            return self.edit(self.rng.choice(self.open))
        if draw < 0.30 and self.kept:
            return self.rng.choice(self.kept)
        return self.place(draw)

    def place(self, draw):
        row = self.desk.instruments[self.rng.choice(sorted(self.desk.instruments))]
        side = self.rng.choice(("buy", "sell"))
        number = next(self.numbers)
        asked = {
            "side": side, "instrument_name": row["instrument_name"],
            "amount": row["min_trade_amount"] * self.rng.randint(1, LOTS_MAX), "client_order_id": str(number),
        }
        if draw < 0.38:
            asked["type"] = "market"
        else:
            asked["price"] = self.price(row, side)
        if 0.38 <= draw < 0.48:
            asked["time_in_force"] = "immediate_or_cancel"
        return self.history.add(Operation("place", self.account["account"], f"{self.name}-{number}", asked))

    def edit(self, order):
        row = self.desk.instruments[order.asked["instrument_name"]]
        asked = {"amount": row["min_trade_amount"] * self.rng.randint(1, LOTS_MAX),
                 "price": self.price(row, order.asked["side"])}
        return self.history.add(Operation("edit", order.account, order.label, asked, order.order_id))

    def price(self, row, side):
        ticks = self.rng.randint(-OVERLAP_TICKS, DEPTH_TICKS) * (-1 if side == "buy" else 1)
        return PRICE + ticks * row["tick_size"]

    def learn(self, operation, attempt):
        """Of an answer."""
        if attempt.outcome == ACKNOWLEDGED:
            self.written.append(attempt.answered)
        if operation.kind != "place" or attempt.outcome != ACKNOWLEDGED:
            return
        if operation.order_id is None and attempt.said["order_state"] == "open":
            self.open.append(operation)
        operation.order_id = attempt.said["order_id"]
        self.kept = self.kept[-KEPT_MAX:] + [operation]


class Told:
    """Who is told of an answer."""

    def __init__(self, trader, operation):
        self.trader, self.operation = trader, operation
        # Only orders carry a key that makes a second one harmless.
        self.is_repeatable = operation.kind == "place"

    def __call__(self, attempt):
        self.trader.learn(self.operation, attempt)


class Prober:
    """One order every few milliseconds, in turns to the nodes: when was there a write, and when none?

    Its orders are immediate-or-cancel and far from the market: they touch nobody.
    """

    def __init__(self, name, account, nodes, instrument, history):
        self.name, self.account, self.nodes = name, account, nodes
        self.instrument, self.history = instrument, history
        self.numbers = itertools.count(1)
        self.written = []  # When a write was answered for.
        self.wires, self.is_over = {}, False

    def order(self):
        asked = {"side": "buy", "instrument_name": self.instrument, "amount": 10,
                 "price": PRICE * 0.97 // 1, "time_in_force": "immediate_or_cancel"}
        label = f"{self.name}-{next(self.numbers)}"
        return self.history.add(Operation("place", self.account["account"], label, asked))

    async def probe(self):
        keepers = [asyncio.ensure_future(self.keep(node)) for node in self.nodes]
        due = time.monotonic()
        for turn in itertools.count():
            if self.is_over:
                break
            due = max(due + PROBE_EVERY_S, time.monotonic() - PROBE_EVERY_S)
            await asyncio.sleep(max(0, due - time.monotonic()))
            ready = [wire for _, wire in sorted(self.wires.items()) if not wire.is_gone()]
            if ready:
                await self.ask(ready[turn % len(ready)])
        await asyncio.sleep(PATIENCE_S)
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)

    async def ask(self, wire):
        def told(attempt):
            if attempt.outcome == ACKNOWLEDGED:
                self.written.append(attempt.answered)

        try:
            await wire.ask(self.order(), told)
        except (OSError, websockets.WebSocketException):
            pass

    async def keep(self, node):
        """Keeps a wire to a node open."""
        while True:
            wire = Wire(node, self.account)
            try:
                await wire.open()
                self.wires[node.number] = wire
                while not wire.is_gone():
                    await asyncio.sleep(0.01)
            except (OSError, TimeoutError, asyncio.TimeoutError, websockets.WebSocketException):
                await asyncio.sleep(0.02)
            finally:
                wire.drop()

    async def fresh(self, node, within_s):
        """Seconds until a node acknowledges an order; None: not within the time."""
        started, wire = time.monotonic(), None
        taken = asyncio.get_running_loop().create_future()

        def told(attempt):
            if attempt.outcome == ACKNOWLEDGED and not taken.done():
                taken.set_result(attempt.answered)

        try:
            while not taken.done() and time.monotonic() < started + within_s:
                try:
                    if wire is None:
                        wire = Wire(node, self.account)
                        await wire.open()
                    await wire.ask(self.order(), told)
                except (OSError, TimeoutError, asyncio.TimeoutError, websockets.WebSocketException):
                    wire = wire.drop()
                # The answer to one may be long in coming; the next order may be answered before.
                await asyncio.wait([taken], timeout=FRESH_EVERY_S)
            return taken.result() - started if taken.done() else None
        finally:
            if wire is not None:
                wire.drop()


def gap_ms(written, since, until):
    """The longest time without a write in a span."""
    times = [since, *sorted(at for at in written if since <= at <= until), until]
    return max(later - earlier for earlier, later in zip(times, times[1:])) * 1000
