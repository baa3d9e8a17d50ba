#!/usr/bin/env python3
"""An outage as a trader lives through it: a bot is connected, the venue is killed and comes back.

The bot holds orders and a subscription to what is told to everybody. The server gets SIGKILL, is gone for
`--seconds`, and starts again on the same port with the same data. The bot, which only knows how to
reconnect, must then be told, on the wire: that its indexes are locked; the incident with what became of
its orders; that its orders are live; indicative prices of the auction; the reopening; the end of the
incident. The status page must say the same, and `plimsoll verify notice` must hold every notice and
refuse each with a changed byte.
"""

import argparse
import asyncio
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import websockets

INSTRUMENT = "BTC-PERPETUAL"
CHANNELS = [
    "platform_state", "announcements", f"auction.{INSTRUMENT}", f"ticker.{INSTRUMENT}.100ms",
]
READY_TIMEOUT_S = 60
REOPEN_TIMEOUT_S = 120


class Venue:
    """The demo venue on one port and one directory, through its lives."""

    def __init__(self, binary, data):
        self.binary, self.data = binary, data
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = self.accounts = None

    def start(self):
        command = [self.binary, "demo", "--json", "--port", str(self.port), "--data", self.data, "--seed", "5"]
        log = self.data.with_suffix(".log").open("a")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)

    def wait_until_ready(self):
        timer = time.monotonic() + READY_TIMEOUT_S
        line = self.process.stdout.readline()
        assert line and time.monotonic() < timer, "the venue is not ready in time"
        self.accounts = json.loads(line)["accounts"]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def operator(self):
        keys = json.loads((self.data / "keys.json").read_text())
        return next(key for key in keys if key["account"] == 0)

    def page(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as reply:
            return reply.read()


class Bot:
    """One connection; what it hears is kept by channel, with what it asks in between."""

    def __init__(self, wire):
        self.wire, self.heard, self.ids = wire, [], 0

    @classmethod
    async def connect(cls, venue, key):
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            try:
                bot = cls(await websockets.connect(f"ws://127.0.0.1:{venue.port}/ws/api/v2"))
                break
            except OSError:
                assert time.monotonic() < deadline, "nobody listens"
                await asyncio.sleep(0.2)
        await bot.call("public/auth", grant_type="client_credentials",
                       client_id=key["client_id"], client_secret=key["client_secret"])
        await bot.call("public/subscribe", channels=CHANNELS)
        return bot

    async def call(self, method, **params):
        self.ids += 1
        await self.wire.send(json.dumps({"jsonrpc": "2.0", "id": self.ids, "method": method, "params": params}))
        while True:
            message = json.loads(await asyncio.wait_for(self.wire.recv(), 20))
            if message.get("id") == self.ids:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self.keep(message)

    def keep(self, message):
        if message.get("method") == "subscription":
            self.heard.append((message["params"]["channel"], message["params"]["data"]))

    async def listen(self, seconds):
        """Takes in what comes within so many seconds."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                self.keep(json.loads(await asyncio.wait_for(self.wire.recv(), left)))
            except TimeoutError:
                return

    def of(self, channel):
        return [data for name, data in self.heard if name == channel]


async def answer_outages(venue):
    """After more than ten seconds: ten of cancels alone, then an auction of ten."""
    operator = await Bot.connect(venue, venue.operator())
    steps = [{"over_ms": 10_000, "cancel_only_ms": 10_000, "auction_ms": 10_000}]
    for currency in ("BTC", "ETH", "USDC"):
        await operator.call("operator/set_reopening", currency=currency, steps=steps, auction_ms=10_000,
                            collar_ppm=50_000, extension_ms=5_000, extensions_max=5)
    await operator.wire.close()


async def cross(buyer, seller):
    """Two orders that the auction can match. Returns the id of the purchase."""
    mark = (await buyer.call("public/ticker", instrument_name=INSTRUMENT))["mark_price"]
    order = {"instrument_name": INSTRUMENT, "amount": 100}
    bought = await buyer.call("private/buy", price=round(mark) + 50, **order)
    await seller.call("private/sell", price=round(mark) - 50, **order)
    return bought["order"]["order_id"]


async def rest(bot, n):
    """Orders well under the market."""
    ticker = await bot.call("public/ticker", instrument_name=INSTRUMENT)
    price = round(ticker["best_bid_price"] * 0.985)
    placed = [
        await bot.call("private/buy", instrument_name=INSTRUMENT, amount=10, price=price - nth)
        for nth in range(n)
    ]
    return {one["order"]["order_id"] for one in placed}


def check_notices(venue, scratch):
    """Every notice holds, and none with a byte changed. Returns how many there are."""
    file = scratch / "notices.json"
    verify = [venue.binary, "verify", "notice", str(file)]
    body = json.loads(venue.page("/status.json"))["notices"]
    file.write_text(json.dumps(body))
    held = subprocess.run(verify, capture_output=True, text=True)
    assert held.returncode == 0, held.stderr
    for notice in body:
        text = bytearray(json.dumps(notice), "utf8")
        at = text.index(b'"bytes": "') + 12
        text[at] = ord("1") if text[at] != ord("1") else ord("2")
        file.write_bytes(text)
        assert subprocess.run(verify, capture_output=True).returncode != 0, notice["number"]
    return len(body)


async def outage(venue, seconds, scratch):
    venue.start()
    venue.wait_until_ready()
    account = venue.accounts[0]
    await answer_outages(venue)
    bot = await Bot.connect(venue, account)
    orders = await rest(bot, 3)
    before = time.time() * 1000
    venue.kill()
    try:
        await bot.listen(5)
        raise AssertionError("the connection outlives the venue")
    except websockets.ConnectionClosed:
        pass
    await asyncio.sleep(seconds)
    venue.start()

    # As soon as it listens, long before its makers quote again.
    bot = await Bot.connect(venue, account)
    status = await bot.call("public/status")
    assert status["locked"] in ("true", True), f"a venue that takes only cancels is locked: {status}"
    open_orders = await bot.call("private/get_open_orders_by_instrument", instrument_name=INSTRUMENT)
    assert orders <= {one["order_id"] for one in open_orders}, "acknowledged orders are live"
    page = venue.page("/status").decode()
    assert "the venue was away" in page and "are live; cancels are taken" in page, page
    notices = await bot.call("public/get_notices", currency="BTC", count=20)
    incident = next(one for one in notices if one["type"] == "incident" and one["stage"] != "resolved")
    assert incident["orders"] == "live", incident
    assert before < incident["orders_accepted_before"] < time.time() * 1000, incident
    cancelled = await bot.call("private/cancel", order_id=min(orders))
    assert cancelled["order_state"] == "cancelled", "cancels are taken from the first moment on"

    deadline = time.monotonic() + REOPEN_TIMEOUT_S
    states, bought = [], None
    while not states or states[-1] != "open":
        assert time.monotonic() < deadline, f"it does not reopen: {states}"
        await bot.listen(0.5)
        if bot.of(f"auction.{INSTRUMENT}") and not bought:
            seller = await Bot.connect(venue, venue.accounts[1])
            bought = await cross(bot, seller)
        states = [ticker["state"] for ticker in bot.of(f"ticker.{INSTRUMENT}.100ms")]
    await bot.listen(2)
    told = bot.of("announcements")
    assert any("monitoring" in one["title"] for one in told), f"the auction is told: {told}"
    assert any("resolved" in one["title"] for one in told), f"the end is told: {told}"
    assert {"locked": False} == {key: one[key] for one in bot.of("platform_state")[-1:] for key in one
                                 if key == "locked"}, bot.of("platform_state")
    matched = await bot.call("private/get_order_state", order_id=bought)
    assert matched["order_state"] == "filled", f"the auction matched it: {matched}"
    indicated = [one for one in bot.of(f"auction.{INSTRUMENT}") if one.get("indicative_price")]
    assert indicated, "the auction says what it would give"
    assert "All markets are open." in venue.page("/status").decode()
    venue.wait_until_ready()
    taken = await bot.call("private/buy", instrument_name=INSTRUMENT, amount=10, type="market")
    assert taken["order"]["order_state"] == "filled", "the market trades"
    n_notices = check_notices(venue, scratch)
    print(f"outage: {seconds} s away; {len(indicated)} indicative prices, states "
          f"{' '.join(dict.fromkeys(states))}; {n_notices} notices hold, and none with a byte changed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="the plimsoll binary")
    parser.add_argument("--seconds", type=float, default=90, help="how long the venue is away (90)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        venue = Venue(options.bin.resolve(), scratch / "data")
        try:
            asyncio.run(outage(venue, options.seconds, scratch))
        except BaseException:
            log = venue.data.with_suffix(".log")
            sys.stderr.write(log.read_text()[-4_000:] if log.exists() else "")
            raise
        finally:
            if venue.process and venue.process.poll() is None:
                venue.kill()


if __name__ == "__main__":
    main()
