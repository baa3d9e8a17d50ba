"""ccxt reads what the venue makes of prices: funding, volatilities, Greeks, and how good an index is.

A venue whose index is typed by its operator has no volatilities of options and no funding, and says so
by leaving them out; where reporters make the index, they are there.
"""

import asyncio
import itertools
import json
import time
import urllib.parse
import urllib.request

import pytest
import websockets

import desk
from desk import PERPETUAL

HOUR_MS = 3_600_000


def public(method, **params):
    """A public call without ccxt, for what it has no unified call for."""
    query = urllib.parse.urlencode(params)
    with urllib.request.urlopen(f"{desk.HTTP}/api/v2/public/{method}?{query}", timeout=10) as reply:
        return json.load(reply)["result"]


def feeds():
    return {feed["index_name"]: feed for feed in public("get_price_feeds")}


def is_fed():
    return feeds()["btc_usd"]["health"] != "manual"


def an_option(exchange):
    return next(m["symbol"] for m in exchange.markets.values() if m["option"] and m["settle"] == "BTC")


def until(look, patience_s=20):
    """What `look` returns once it is something."""
    for _ in range(patience_s * 5):
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"nothing within {patience_s} s")


def test_the_rate_of_funding_is_what_the_ticker_says(ann):
    funding = ann.fetch_funding_rate(PERPETUAL)
    assert funding["symbol"] == PERPETUAL and funding["interval"] == "8h"
    info = ann.fetch_ticker(PERPETUAL)["info"]
    assert funding["fundingRate"] == pytest.approx(float(info["funding_8h"]), abs=1e-4)
    assert abs(float(info["current_funding"])) <= 0.005, "the cap of BTC"


def test_hours_of_funding_are_full_hours_in_order(ann):
    rows = ann.fetch_funding_rate_history(PERPETUAL)
    times = [row["timestamp"] for row in rows]
    assert times == sorted(set(times)) and all(at % HOUR_MS == 0 for at in times)
    for before, row in itertools.pairwise(rows):
        assert row["info"]["prev_index_price"] == before["info"]["index_price"]
    for row in rows:
        assert abs(row["fundingRate"]) <= 0.005 and 0 < float(row["info"]["index_price"])


def test_an_option_chain_is_every_option_with_its_mark_and_its_underlying(ann):
    chain = ann.fetch_option_chain("BTC")
    listed = {m["symbol"] for m in ann.markets.values() if m["option"] and m["settle"] == "BTC"}
    assert set(chain) == listed and listed
    index = feeds()["btc_usd"]["price"]
    for symbol, option in chain.items():
        assert option["symbol"] == symbol and option["currency"] == "BTC"
        assert 0 < option["markPrice"] and 0 <= option["openInterest"]
        assert option["underlyingPrice"] == pytest.approx(index, rel=0.2)
    symbol = an_option(ann)
    assert ann.fetch_option(symbol)["underlyingPrice"] == pytest.approx(index, rel=0.2)


def test_greeks_are_those_of_an_option_or_not_there(ann):
    symbol = an_option(ann)
    if not is_fed():
        greeks = ann.fetch_greeks(symbol)
        assert greeks["delta"] is None and greeks["markImpliedVolatility"] is None
        return

    def priced():
        greeks = ann.fetch_greeks(symbol)
        return greeks if greeks["delta"] is not None else None

    greeks = until(priced)
    market = ann.market(symbol)
    low, high = (0, 1) if market["optionType"] == "call" else (-1, 0)
    assert low <= greeks["delta"] <= high
    assert 0 <= greeks["gamma"] and 0 <= greeks["vega"] and greeks["theta"] <= 0
    assert 1 < greeks["markImpliedVolatility"] < 500, "in percent"
    assert greeks["symbol"] == symbol and 0 < greeks["markPrice"] and 0 < greeks["underlyingPrice"]


def test_volatility_of_the_past_is_hourly_percentages_or_nothing_yet(ann):
    rows = ann.fetch_volatility_history("BTC")
    times = [row["timestamp"] for row in rows]
    assert all(at % HOUR_MS == 0 for at in times)
    assert all(later - at == HOUR_MS for at, later in itertools.pairwise(times))
    assert all(0 <= row["volatility"] < 1_000 for row in rows)


def test_every_index_says_how_good_it_is_and_why():
    for name, feed in feeds().items():
        assert feed["health"] in ("manual", "healthy", "degraded", "frozen"), name
        if feed["health"] == "manual":
            assert feed["reason"] is None and feed["seats"] == []
            continue
        assert feed["reason"]["text"] and feed["seats"]
        live = [seat for seat in feed["seats"] if seat["standing"] == "live"]
        assert sum(seat["weight_ppm"] for seat in live) <= 1_000_000
        for seat in live:
            assert 0 <= seat["age_ms"] < feed["stale_ms"]


def test_an_index_and_its_expected_delivery_are_near():
    for name in public("get_index_price_names"):
        price = public("get_index_price", index_name=name)
        assert price["estimated_delivery_price"] == pytest.approx(price["index_price"], rel=0.1)


async def first_messages(channels, patience_s=15):
    """The first notification of each channel, and what subscribing answered."""
    async with websockets.connect(desk.WS) as socket:
        call = {"jsonrpc": "2.0", "id": 1, "method": "public/subscribe", "params": {"channels": channels}}
        await socket.send(json.dumps(call))
        accepted, seen = None, {}
        async with asyncio.timeout(patience_s):
            while accepted is None or set(seen) < set(accepted):
                message = json.loads(await socket.recv())
                if message.get("id") == 1:
                    accepted = message["result"]
                    continue
                seen.setdefault(message["params"]["channel"], message["params"]["data"])
        return accepted, seen


def test_channels_of_prices_begin_with_the_present():
    channels = [
        "deribit_price_index.btc_usd",
        "estimated_expiration_price.btc_usd",
        "markprice.options.btc_usd",
        "perpetual.BTC-PERPETUAL.100ms",
        "price_feed.btc_usd",
    ]
    accepted, seen = asyncio.run(first_messages(channels + ["deribit_volatility_index.btc_usd"]))
    assert sorted(accepted) == channels, "there is no volatility index"
    index = seen["deribit_price_index.btc_usd"]
    assert index["index_name"] == "btc_usd" and 0 < index["price"]
    expiration = seen["estimated_expiration_price.btc_usd"]
    assert expiration["price"] == pytest.approx(index["price"], rel=0.1)
    assert 0 <= expiration["seconds"] and isinstance(expiration["is_estimated"], bool)
    assert all(0 < row["mark_price"] and 0 < row["iv"] < 5 for row in seen["markprice.options.btc_usd"])
    perpetual = seen["perpetual.BTC-PERPETUAL.100ms"]
    assert abs(perpetual["interest"]) <= 0.005 and 0 < perpetual["index_price"]
    feed = seen["price_feed.btc_usd"]
    assert feed["index_name"] == "btc_usd" and isinstance(feed["changes"], list)
