#!/usr/bin/env python3
"""Kills the venue at random moments under load, and checks that it kept every promise.

A round: several sockets of two accounts place and cancel orders as fast as they are allowed, and write
down what they asked and what was acknowledged; the server gets SIGKILL in the middle; the log is
replayed from its beginning by `plimsoll log verify`; the server starts again. Then

  1. every acknowledged order is there, with its label, price and amount, and open unless a cancel was
     sent; every acknowledged cancel is done;
  2. every order that the venue knows was asked for;
  3. the root that the server started with is the root that the replay from the beginning gave.

After the rounds, on copies of the directory: a byte flipped in the middle of a log stops the start and
names the segment and the offset; a log cut within its last record starts, and says how many bytes it
dropped.
"""

import argparse
import asyncio
import itertools
import json
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import websockets

SOCKETS_PER_ACCOUNT = 3
INSTRUMENTS = ("BTC-PERPETUAL", "ETH-PERPETUAL", "BTC_USDC-PERPETUAL")
READY_TIMEOUT_S = 60


class Server:
    """One life of the process."""

    def __init__(self, binary, data, seed):
        self.log = data.with_suffix(".log").open("w+")
        command = [binary, "demo", "--json", "--port", "0", "--data", data, "--seed", str(seed)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)

    def ready(self):
        """The line that says that it is ready; None if it stopped instead."""
        timer = time.monotonic() + READY_TIMEOUT_S
        line = self.process.stdout.readline()
        assert time.monotonic() < timer, "not ready in time"
        return json.loads(line) if line else None

    def words(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("the server did not stop within 20 s of SIGTERM") from None


class Order:
    """What we know about one request to place."""

    def __init__(self, label, instrument, side, price, amount):
        self.label, self.instrument, self.side = label, instrument, side
        self.price, self.amount = price, amount
        self.id = None  # Set by the acknowledgement.
        self.refused = False  # A refusal is final.
        self.cancel_sent = False
        self.cancel_acknowledged = False


class Client:
    """One socket of one account."""

    def __init__(self, ready, account_index):
        self.url = ready["ws"]
        self.account = ready["accounts"][account_index]
        self.ids = itertools.count(1)

    async def __aenter__(self):
        self.socket = await websockets.connect(self.url, max_size=2**24)
        await self.call(
            "public/auth",
            grant_type="client_credentials",
            client_id=self.account["client_id"],
            client_secret=self.account["client_secret"],
        )
        return self

    async def __aexit__(self, *_):
        await self.socket.close()

    async def send(self, method, **params):
        request_id = next(self.ids)
        call = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
        await self.socket.send(json.dumps(call))
        return request_id

    async def call(self, method, **params):
        reply = await self.attempt(method, **params)
        while reply.get("error", {}).get("code") == 10028:
            await asyncio.sleep(0.2)
            reply = await self.attempt(method, **params)
        assert "result" in reply, (method, params, reply)
        return reply["result"]

    async def attempt(self, method, **params):
        request_id = await self.send(method, **params)
        while True:
            reply = json.loads(await asyncio.wait_for(self.socket.recv(), 20))
            if reply.get("id") == request_id:
                return reply


async def prices(client):
    """A price for each instrument that rests on either side: (bid, ask)."""
    found = {}
    for instrument in INSTRUMENTS:
        listed = await client.call("public/get_instrument", instrument_name=instrument)
        ticker = await client.call("public/ticker", instrument_name=instrument)
        step, mark = listed["tick_size"], ticker["mark_price"]
        low, high = (mark + ticker["min_price"]) / 2, (mark + ticker["max_price"]) / 2
        found[instrument] = (on_grid(low, step), on_grid(high, step), listed["min_trade_amount"], step)
    return found


def on_grid(price, step):
    return round(round(price / step) * step, 8)


async def received(socket):
    """The next text; None when the connection is gone."""
    try:
        return await socket.recv()
    except websockets.ConnectionClosed:
        return None


async def load(client, name, grid, orders, rng):
    """Places and cancels until the connection is gone. Pipelined: several requests are in flight."""
    waiting = {}

    async def listen():
        while (text := await received(client.socket)) is not None:
            reply = json.loads(text)
            kind, order = waiting.pop(reply.get("id"), (None, None))
            if kind == "place" and "result" in reply:
                order.id = reply["result"]["order"]["order_id"]
            elif kind == "place":
                order.refused = True
            elif kind == "cancel" and "result" in reply:
                order.cancel_acknowledged = True

    listener = asyncio.ensure_future(listen())
    try:
        for number in itertools.count():
            instrument = rng.choice(INSTRUMENTS)
            bid, ask, smallest, step = grid[instrument]
            side = rng.choice(("buy", "sell"))
            shift = rng.randrange(20) * step
            price = on_grid(bid - shift if side == "buy" else ask + shift, step)
            order = Order(f"{name}-{number}", instrument, side, price, smallest)
            orders.append(order)
            params = {"instrument_name": instrument, "amount": smallest, "price": price, "label": order.label}
            waiting[await client.send(f"private/{side}", **params)] = ("place", order)
            acknowledged = [o for o in orders if o.id and not o.cancel_sent]
            if acknowledged and rng.random() < 0.3:
                order = rng.choice(acknowledged)
                order.cancel_sent = True
                waiting[await client.send("private/cancel", order_id=order.id)] = ("cancel", order)
            while 8 < len(waiting) and not listener.done():
                await asyncio.sleep(0.001)
            if listener.done():
                return
    except websockets.ConnectionClosed:
        pass
    finally:
        await asyncio.wait([listener], timeout=5)


async def round_of_load(server, ready, round_number, rng):
    """Load until the server dies under it. Returns the orders of each account."""
    orders = {0: [], 1: []}
    clients = []
    for account in orders:
        for _ in range(SOCKETS_PER_ACCOUNT):
            clients.append((account, await Client(ready, account).__aenter__()))
    grid = await prices(clients[0][1])
    # Labels name the round, the account and the socket.
    tasks = []
    for index, (account, client) in enumerate(clients):
        mine = []
        orders[account].append(mine)
        name = f"r{round_number}a{account}s{index}"
        tasks.append(asyncio.ensure_future(load(client, name, grid, mine, rng)))
    await asyncio.sleep(rng.uniform(0.02, 0.25))
    server.kill()
    await asyncio.gather(*tasks)
    return {account: [order for mine in lists for order in mine] for account, lists in orders.items()}


async def check(ready, asked, everything_asked):
    """Promises 1 and 2, over the API; then cancels what is open."""
    n_acknowledged = 0
    for account, orders in asked.items():
        async with Client(ready, account) as client:
            known = {}
            for order in await client.call("private/get_open_orders"):
                known[order["order_id"]] = order
                assert order["label"] in everything_asked[account], f"invented: {order}"
            for order in orders:
                if order.id is None:
                    continue
                n_acknowledged += 1
                found = known.get(order.id) or await client.call("private/get_order_state", order_id=order.id)
                check_order(order, found)
            refused = {order.label for order in orders if order.refused}
            labels = {order["label"] for order in known.values()} | await closed_labels(client)
            assert labels <= everything_asked[account], f"invented: {labels - everything_asked[account]}"
            assert not refused & labels, f"refused and yet there: {refused & labels}"
            await client.call("private/cancel_all")
            assert await client.call("private/get_open_orders") == []
    return n_acknowledged


async def closed_labels(client):
    """Labels of the newest closed orders of every domain."""
    labels = set()
    for currency in ("BTC", "ETH", "USDC"):
        history = await client.call(
            "private/get_order_history_by_currency", currency=currency, count=1000, include_unfilled=True
        )
        labels.update(order["label"] for order in history)
    return labels


def check_order(order, found):
    same = (found["label"], found["instrument_name"], found["direction"], found["price"], found["amount"])
    asked = (order.label, order.instrument, order.side, order.price, order.amount)
    assert same == asked, f"acknowledged {asked}, found {same}"
    state = found["order_state"]
    if order.cancel_acknowledged:
        assert state == "cancelled", f"the cancel of {asked} was acknowledged, and it is {state}"
    elif not order.cancel_sent:
        assert state in ("open", "filled"), f"nobody cancelled {asked}, and it is {state}"


def replayed_roots(binary, data):
    """Root of each domain, by a replay of its whole log."""
    command = [binary, "log", "verify", "--data", data, "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"log verify: {done.stdout}{done.stderr}"
    return {domain["domain"]: domain["root"] for domain in json.loads(done.stdout)["domains"]}


def started_roots(ready):
    return ready["roots"]


def segments(data):
    return sorted(data.rglob("log-*.plim"))


def used_bytes(path):
    """Length of a segment without the zeros that were allocated ahead."""
    return len(path.read_bytes().rstrip(b"\0"))


def start_on_copy(binary, data, scratch, change):
    """Starts the server on a changed copy of its directory. Returns whether it was ready, its words."""
    copy = scratch / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(data, copy)
    about = change(copy)
    server = Server(binary, copy, 1)
    ready = server.ready()
    if ready is not None:
        server.kill()
    server.process.wait()
    return ready is not None, server.words(), about


def check_flipped_bytes(binary, data, scratch, rng, times):
    for _ in range(times):

        def flip(copy):
            path = rng.choice([path for path in segments(copy) if 4096 < used_bytes(path)])
            content = bytearray(path.read_bytes())
            offset = rng.randrange(0, used_bytes(path) // 2)
            content[offset] ^= 1 << rng.randrange(8)
            path.write_bytes(content)
            return path, offset

        was_ready, words, (path, offset) = start_on_copy(binary, data, scratch, flip)
        assert not was_ready, f"started with byte {offset} of {path.name} flipped"
        assert path.name in words, f"does not name the segment {path.name}: {words}"
        assert re.search(r"\b\d+\b", words), f"does not name an offset: {words}"


def check_cut_tails(binary, data, scratch, rng, times):
    for _ in range(times):

        def cut(copy):
            newest = {}
            for path in segments(copy):
                newest[path.parent] = path
            path = rng.choice([path for path in newest.values() if 256 < used_bytes(path)])
            n_cut = rng.randrange(1, 16)
            content = path.read_bytes()[: used_bytes(path) - n_cut]
            path.write_bytes(content)
            return path, n_cut

        was_ready, words, (path, n_cut) = start_on_copy(binary, data, scratch, cut)
        assert was_ready, f"did not start with {n_cut} bytes cut off {path.name}: {words}"
        assert re.search(r"dropped \d+ bytes", words), f"does not say how much it dropped: {words}"


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--bin", required=True)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--damages", type=int, default=10, help="flipped bytes, and cut tails")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()

    rng = random.Random(chosen.seed)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        data = scratch / "data"
        everything_asked = {0: set(), 1: set()}
        n_acknowledged = n_asked = 0
        server = Server(chosen.bin, data, chosen.seed)
        ready = server.ready()
        assert ready, server.words()
        for round_number in range(chosen.kills):
            asked = asyncio.run(round_of_load(server, ready, round_number, rng))
            for account, orders in asked.items():
                everything_asked[account].update(order.label for order in orders)
                n_asked += len(orders)
            replayed = replayed_roots(chosen.bin, data)
            server = Server(chosen.bin, data, chosen.seed)
            ready = server.ready()
            assert ready, server.words()
            assert started_roots(ready) == replayed, (started_roots(ready), replayed)
            n_acknowledged += asyncio.run(check(ready, asked, everything_asked))
            if (round_number + 1) % 20 == 0:
                print(
                    f"crash: {round_number + 1} kills, {n_acknowledged} acknowledged orders kept", flush=True
                )
        server.stop()
        check_flipped_bytes(chosen.bin, data, scratch, rng, chosen.damages)
        check_cut_tails(chosen.bin, data, scratch, rng, chosen.damages)
    took = time.monotonic() - started
    print(
        f"crash: {chosen.kills} kills under load, {n_asked} orders asked, {n_acknowledged} acknowledged: "
        f"none lost, none invented, every root as replayed; {chosen.damages} flipped bytes found, "
        f"{chosen.damages} cut tails dropped; {took:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
