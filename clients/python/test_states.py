"""What ccxt makes of each state of a market, and of a venue that takes no order."""

import time

import ccxt
import pytest

import desk

CURRENCIES = ("BTC", "ETH", "USDC")


@pytest.fixture(scope="module")
def future(ann):
    """A dated future, so that the perpetual goes on; it reopens within a second or two."""
    for currency in CURRENCIES:
        desk.operator(
            "set_reopening", currency=currency, steps=[], auction_ms=1000, collar_ppm=50000,
            extension_ms=1000, extensions_max=5,
        )
    futures = (m for m in ann.markets.values() if m["future"] and m["settle"] == "BTC")
    return max(futures, key=lambda market: market["expiry"])


def until_open(ann, market):
    deadline = time.monotonic() + 30
    while ann.fetch_ticker(market["symbol"])["info"]["state"] != "open":
        assert time.monotonic() < deadline, "it reopens by auction"
        time.sleep(0.2)


@pytest.mark.parametrize(
    "state, rests, takes",
    [("post_only", True, False), ("reduce_only", False, False), ("cancel_only", False, False), ("halted", False, False)],
)
def test_in_each_state_orders_are_taken_or_on_maintenance(ann, future, state, rests, takes):
    symbol = future["symbol"]
    price = desk.far_bid(ann, symbol)
    resting = ann.create_order(symbol, "limit", "buy", 10, price)
    desk.operator("halt", instrument_name=future["id"], state=state)
    assert ann.fetch_status()["status"] == "ok", "the others trade on"
    if rests:
        ann.create_order(symbol, "limit", "buy", 10, price)
    else:
        with pytest.raises(ccxt.OnMaintenance):
            ann.create_order(symbol, "limit", "buy", 10, price)
    if not takes:
        with pytest.raises(ccxt.OnMaintenance):
            ann.create_order(symbol, "market", "buy", 10)
    assert ann.cancel_order(resting["id"], symbol)["status"] == "canceled"
    desk.operator("resume", instrument_name=future["id"])
    until_open(ann, future)


def test_an_auction_takes_orders_that_may_rest(ann, future):
    symbol = future["symbol"]
    price = desk.far_bid(ann, symbol)
    desk.operator("halt", instrument_name=future["id"], state="cancel_only")
    desk.operator("resume", instrument_name=future["id"])
    assert ann.create_order(symbol, "limit", "buy", 10, price)["status"] == "open"
    with pytest.raises(ccxt.OnMaintenance):
        ann.create_order(symbol, "market", "buy", 10)
    until_open(ann, future)


def test_a_venue_that_takes_no_order_is_in_maintenance(ann, future):
    for currency in CURRENCIES:
        desk.operator("halt", currency=currency, state="cancel_only")
    assert ann.fetch_status()["status"] == "maintenance"
    for currency in CURRENCIES:
        desk.operator("resume", currency=currency)
    assert ann.fetch_status()["status"] == "ok"
    for market in (future, ann.market(desk.PERPETUAL)):
        until_open(ann, market)
