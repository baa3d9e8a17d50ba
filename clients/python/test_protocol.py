"""The protocol without a client library in between, and a start-up as another client does it.

The start-up is the sequence that the execution and data clients of nautilus_trader 1.230 send, as
recorded; the library itself needs Python 3.12 and is a suite of its own (clients/run nautilus).
"""

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import secrets
import time
import urllib.error
import urllib.request

import pytest
import websockets

from desk import ACCOUNTS, HTTP, WS

ID, SECRET = ACCOUNTS[0]["client_id"], ACCOUNTS[0]["client_secret"]


def http(path, body=None, headers=None):
    """Status and JSON of a request; every answer is an envelope."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        HTTP + path, data, {"Content-Type": "application/json", **(headers or {})}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as reply:
        return reply.code, json.load(reply)


def signature(ts, nonce, data):
    text = f"{ts}\n{nonce}\n{data}".encode()
    return hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()


def signed(method, uri, body):
    ts, nonce = int(time.time() * 1000), f"{time.time_ns()}"
    sig = signature(ts, nonce, f"{method}\n{uri}\n{body}\n")
    return {"Authorization": f"deri-hmac-sha256 id={ID},ts={ts},sig={sig},nonce={nonce}"}


def test_get_post_and_the_bare_path_give_one_answer():
    name = "instrument_name=BTC-PERPETUAL"
    _, by_get = http(f"/api/v2/public/get_instrument?{name}")
    call = {
        "jsonrpc": "2.0",
        "id": 7,
        "method": "public/get_instrument",
        "params": {"instrument_name": "BTC-PERPETUAL"},
    }
    _, by_post = http("/api/v2/public/get_instrument", call)
    _, by_bare_path = http("/api/v2", call)
    assert by_get["result"] == by_post["result"] == by_bare_path["result"]
    assert "id" not in by_get and by_post["id"] == by_bare_path["id"] == 7


def test_every_envelope_has_its_times():
    for _, reply in (http("/api/v2/public/get_time"), http("/api/v2/public/nothing")):
        assert reply["jsonrpc"] == "2.0" and isinstance(reply["testnet"], bool)
        assert reply["usDiff"] == reply["usOut"] - reply["usIn"] >= 0
        assert ("result" in reply) != ("error" in reply)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v2/public/nothing", 400, -32601),
        ("/api/v2/public/ticker", 400, -32602),
        ("/api/v2/public/ticker?instrument_name=BTC-NEVER", 400, -32602),
        ("/api/v2/private/get_positions", 401, None),
        ("/api/v2/public/subscribe?channels=[]", 400, None),
    ],
)
def test_an_error_has_its_status_and_code(path, status, code):
    got, reply = http(path)
    assert got == status, reply
    assert code is None or reply["error"]["code"] == code, reply


def test_basic_bearer_and_signed_requests_are_one_account():
    uri = "/api/v2/private/get_account_summary?currency=BTC&extended=true"
    basic = base64.b64encode(f"{ID}:{SECRET}".encode()).decode()
    _, auth = http(f"/api/v2/public/auth?grant_type=client_credentials&client_id={ID}&client_secret={SECRET}")
    answers = [
        http(uri, headers={"Authorization": f"Basic {basic}"}),
        http(uri, headers={"Authorization": f"bearer {auth['result']['access_token']}"}),
        http(uri, headers=signed("GET", uri, "")),
    ]
    assert [status for status, _ in answers] == [200, 200, 200], answers
    assert len({reply["result"]["id"] for _, reply in answers}) == 1


def test_a_stale_timestamp_and_a_used_signature_are_refused():
    uri = "/api/v2/private/get_positions"
    headers = signed("GET", uri, "")
    assert http(uri, headers=headers)[0] == 200
    assert http(uri, headers=headers)[0] == 401, "the same nonce, timestamp and signature"
    ts = int(time.time() * 1000) - 120_000
    sig = signature(ts, "n", f"GET\n{uri}\n\n")
    stale = {"Authorization": f"deri-hmac-sha256 id={ID},ts={ts},sig={sig},nonce=n"}
    status, reply = http(uri, headers=stale)
    assert (status, reply["error"]["code"]) == (401, 13009)


class Socket:
    """A JSON-RPC socket that sorts replies by id and keeps notifications in order."""

    def __init__(self, socket):
        self.socket = socket
        self.ids = itertools.count(1)
        self.notifications = []

    async def call(self, method, **params):
        reply = await self.raw(method, **params)
        assert "result" in reply, reply
        return reply["result"]

    async def raw(self, method, **params):
        request_id = next(self.ids)
        call = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
        await self.socket.send(json.dumps(call))
        while True:
            message = json.loads(await asyncio.wait_for(self.socket.recv(), 10))
            if message.get("id") == request_id:
                return message
            self.notifications.append(message)

    async def notified(self, channel):
        """The next notification of a channel."""
        while True:
            for index, message in enumerate(self.notifications):
                if message.get("params", {}).get("channel") == channel:
                    return self.notifications.pop(index)["params"]["data"]
            self.notifications.append(json.loads(await asyncio.wait_for(self.socket.recv(), 10)))

    async def sign_in(self, scope):
        ts = int(time.time() * 1000)
        nonce = secrets.token_hex(8)
        return await self.call(
            "public/auth",
            grant_type="client_signature",
            client_id=ID,
            timestamp=ts,
            nonce=nonce,
            data="",
            signature=signature(ts, nonce, ""),
            scope=scope,
        )


def on_socket(story):
    async def main():
        async with websockets.connect(WS, max_size=2**24) as socket:
            await story(Socket(socket))

    asyncio.run(main())


def test_another_clients_startup_finds_everything_that_it_needs():
    bare = "/api/v2"

    def post(method, **params):
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        headers = signed("POST", bare, json.dumps(body)) if method.startswith("private/") else {}
        status, reply = http(bare, body, headers)
        assert status == 200, reply
        return reply["result"]

    instruments = post("public/get_instruments", currency="any", kind="future")
    required = (
        "kind base_currency quote_currency min_trade_amount instrument_name instrument_id is_active "
        "creation_timestamp tick_size contract_size maker_commission taker_commission"
    ).split()
    for instrument in instruments:
        assert not [field for field in required if instrument.get(field) is None], instrument
    assert len({row["instrument_id"] for row in instruments}) == len(instruments)

    async def data(socket):
        assert await socket.call("public/set_heartbeat", interval=30) == "ok"
        granted = await socket.sign_in("session:nautilus-data")
        assert granted["scope"].startswith("session:nautilus-data")
        assert granted["token_type"] == "bearer" and 0 < granted["expires_in"]
        assert await socket.call("private/subscribe", channels=["book.BTC-PERPETUAL.raw"]) == [
            "book.BTC-PERPETUAL.raw"
        ]
        first = await socket.notified("book.BTC-PERPETUAL.raw")
        assert first["type"] == "snapshot" and "prev_change_id" not in first
        assert all(action == "new" for action, _, _ in first["bids"] + first["asks"])
        last = first["change_id"]
        levels = {side: {p: a for _, p, a in first[side]} for side in ("bids", "asks")}
        for _ in range(50):
            change = await socket.notified("book.BTC-PERPETUAL.raw")
            assert change["type"] == "change" and change["prev_change_id"] == last < change["change_id"]
            assert change["bids"] or change["asks"], "no empty changes"
            last = change["change_id"]
            for side in ("bids", "asks"):
                apply_changes(levels[side], change[side])
            assert max(levels["bids"], default=0) < min(levels["asks"], default=float("inf"))

    async def execution(socket):
        assert await socket.call("public/set_heartbeat", interval=30) == "ok"
        await socket.sign_in("session:nautilus-execution")
        for channel in ("user.orders.any.any.raw", "user.trades.any.any.raw", "user.portfolio.any"):
            assert await socket.call("private/subscribe", channels=[channel]) == [channel]
        placed = await socket.call(
            "private/buy",
            instrument_name="BTC-PERPETUAL",
            amount=10,
            type="limit",
            label="O-1",
            price=await resting_price(socket),
            post_only=True,
            reject_post_only=True,
        )
        order = placed["order"]
        assert (order["order_state"], order["label"]) == ("open", "O-1") and placed["trades"] == []
        told = await socket.notified("user.orders.any.any.raw")
        assert (told["order_id"], told["order_state"]) == (order["order_id"], "open")
        assert (await socket.call("private/cancel", order_id=order["order_id"]))["order_state"] == "cancelled"
        told = await socket.notified("user.orders.any.any.raw")
        assert (told["order_state"], told["cancel_reason"]) == ("cancelled", "user_request")

    on_socket(data)
    on_socket(execution)

    summaries = post("private/get_account_summaries", extended=False)["summaries"]
    for summary in summaries:
        for (
            field
        ) in "equity balance available_funds margin_balance initial_margin maintenance_margin".split():
            assert isinstance(summary[field], (int, float)), (field, summary)
        assert summary["available_funds"] <= summary["margin_balance"]
    assert post("private/get_open_orders") == []
    now = int(time.time() * 1000)
    for currency in ("BTC", "ETH", "USDC", "USDT", "EURR"):
        history = post(
            "private/get_order_history_by_currency",
            currency=currency,
            count=100,
            offset=0,
            include_old=True,
            include_unfilled=True,
        )
        assert isinstance(history, list)
        trades = post(
            "private/get_user_trades_by_currency_and_time",
            currency=currency,
            start_timestamp=0,
            end_timestamp=now,
            count=1000,
            sorting="asc",
        )
        assert isinstance(trades["trades"], list) and isinstance(trades["has_more"], bool)
        ages = [trade["timestamp"] for trade in trades["trades"]]
        assert ages == sorted(ages)
    assert isinstance(post("private/get_positions", currency="any"), list)


def apply_changes(levels, changes):
    """Rule by rule: new on an unknown level, change and delete on a known one."""
    for action, price, amount in changes:
        assert (action == "new") != (price in levels), (action, price)
        if action == "delete":
            assert amount == 0
            del levels[price]
        else:
            assert 0 < amount
            levels[price] = amount


async def resting_price(socket):
    ticker = await socket.call("public/ticker", instrument_name="BTC-PERPETUAL")
    return round(max(ticker["best_bid_price"] * 0.99, ticker["min_price"] + 1) * 2) / 2


def test_a_dropped_connection_cancels_its_orders_if_it_asked_for_that():
    async def main():
        async with websockets.connect(WS) as first, websockets.connect(WS) as second:
            leaving, staying = Socket(first), Socket(second)
            for socket in (leaving, staying):
                await socket.sign_in("connection")
            await leaving.call("private/enable_cancel_on_disconnect", scope="connection")
            price = await resting_price(leaving)
            placed = [
                await socket.call("private/buy", instrument_name="BTC-PERPETUAL", amount=10, price=price)
                for socket in (leaving, staying)
            ]
            gone, kept = [reply["order"]["order_id"] for reply in placed]
            await first.close()
            deadline = time.monotonic() + 5
            order = await staying.call("private/get_order_state", order_id=gone)
            while order["order_state"] == "open" and time.monotonic() < deadline:
                order = await staying.call("private/get_order_state", order_id=gone)
            assert (order["order_state"], order["cancel_reason"]) == ("cancelled", "cancel_on_disconnect")
            assert (await staying.call("private/get_order_state", order_id=kept))["order_state"] == "open"
            await staying.call("private/cancel", order_id=kept)

    asyncio.run(main())


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "null",
        '{"jsonrpc":"2.0","id":1}',
        '{"jsonrpc":"2.0","id":1,"method":"public/get_time","params":[1]}',
        "[" * 10_000,
    ],
)
def test_what_is_not_a_request_is_answered_with_an_error_or_a_close(text):
    async def main():
        async with websockets.connect(WS) as socket:
            await socket.send(text)
            try:
                reply = json.loads(await asyncio.wait_for(socket.recv(), 10))
            except websockets.ConnectionClosed:
                return
            assert reply["error"]["code"] in (-32700, -32600, -32602, -32601), reply

    asyncio.run(main())


def test_a_repeated_client_order_id_places_nothing_twice():
    async def story(socket):
        await socket.sign_in("connection")
        order = {
            "instrument_name": "BTC-PERPETUAL",
            "amount": 10,
            "price": await resting_price(socket),
            "client_order_id": f"once-{time.time_ns()}",
        }
        first = await socket.call("private/buy", **order)
        second = await socket.call("private/buy", **order)
        assert first["order"]["order_id"] == second["order"]["order_id"]
        open_orders = await socket.call(
            "private/get_open_orders_by_instrument", instrument_name="BTC-PERPETUAL"
        )
        assert len(open_orders) == 1
        await socket.call("private/cancel", order_id=first["order"]["order_id"])

    on_socket(story)
