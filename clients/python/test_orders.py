"""ccxt places, changes and cancels orders, and reads them back."""

import ccxt
import pytest

import desk
from desk import PERPETUAL


def test_a_limit_order_rests_and_is_found_everywhere(ann):
    price = desk.far_bid(ann, PERPETUAL)
    placed = ann.create_order(PERPETUAL, "limit", "buy", 30, price)
    assert placed["status"] == "open" and placed["type"] == "limit" and placed["side"] == "buy"
    assert (placed["price"], placed["amount"], placed["filled"]) == (price, 30, 0)
    assert placed["remaining"] == 30 and placed["timeInForce"] == "GTC"

    fetched = ann.fetch_order(placed["id"])
    for field in ("id", "status", "price", "amount", "filled", "side", "type", "timestamp"):
        assert fetched[field] == placed[field], field
    assert [order["id"] for order in ann.fetch_open_orders(PERPETUAL)] == [placed["id"]]

    level = dict(map(tuple, ann.fetch_order_book(PERPETUAL, 10_000)["bids"]))
    assert 30 <= level[price]


def test_an_edit_keeps_the_id_and_a_cancel_returns_the_order(ann):
    price = desk.far_bid(ann, PERPETUAL)
    placed = ann.create_order(PERPETUAL, "limit", "buy", 30, price)
    lower = price - 10 * desk.tick(ann, PERPETUAL)
    edited = ann.edit_order(placed["id"], PERPETUAL, "limit", "buy", 50, lower)
    assert (edited["id"], edited["price"], edited["amount"]) == (placed["id"], lower, 50)
    assert edited["status"] == "open" and edited["info"]["replaced"] is True

    cancelled = ann.cancel_order(placed["id"])
    assert (cancelled["id"], cancelled["status"]) == (placed["id"], "canceled")
    assert ann.fetch_order(placed["id"])["status"] == "canceled"
    assert ann.fetch_open_orders(PERPETUAL) == []


def test_cancel_all_takes_everything_or_one_instrument(ann):
    future = next(m["symbol"] for m in ann.markets.values() if m["future"] and m["base"] == "BTC")
    for symbol in (PERPETUAL, PERPETUAL, future):
        ann.create_order(symbol, "limit", "buy", desk.smallest(ann, symbol), desk.far_bid(ann, symbol))
    ann.cancel_all_orders(PERPETUAL)
    assert ann.fetch_open_orders(PERPETUAL) == []
    assert len(ann.fetch_open_orders(future)) == 1
    ann.cancel_all_orders()
    assert ann.fetch_open_orders(future) == []


def test_a_post_only_order_that_would_take_is_refused(ann):
    ask = ann.fetch_order_book(PERPETUAL, 1)["asks"][0][0]
    with pytest.raises(ccxt.InvalidOrder, match="11054"):
        ann.create_order(PERPETUAL, "limit", "buy", 10, ask + 50, {"postOnly": True})
    assert ann.fetch_open_orders(PERPETUAL) == []


def test_a_market_order_trades_at_the_book(ann):
    before = desk.signed_size(ann, PERPETUAL)
    bought = ann.create_order(PERPETUAL, "market", "buy", 20)
    assert bought["status"] == "closed" and bought["filled"] == 20 and bought["type"] == "market"
    trades = ann.fetch_order_trades(bought["id"])
    assert sum(trade["amount"] for trade in trades) == 20
    assert all(trade["takerOrMaker"] == "taker" for trade in trades)
    assert min(t["price"] for t in trades) <= bought["average"] <= max(t["price"] for t in trades)
    assert desk.signed_size(ann, PERPETUAL) == before + 20

    sold = ann.create_order(PERPETUAL, "market", "sell", 20)
    assert sold["status"] == "closed" and desk.signed_size(ann, PERPETUAL) == before


def test_an_immediate_order_that_meets_nothing_is_cancelled_not_refused(ann):
    price = desk.far_bid(ann, PERPETUAL)
    order = ann.create_order(PERPETUAL, "limit", "buy", 10, price, {"timeInForce": "IOC"})
    assert (order["status"], order["filled"]) == ("canceled", 0)
    order = ann.create_order(PERPETUAL, "limit", "buy", 10, price, {"timeInForce": "FOK"})
    assert (order["status"], order["filled"]) == ("canceled", 0)


def test_reduce_only_reduces_and_never_turns_a_position(ann):
    size = desk.signed_size(ann, PERPETUAL)
    if size != 0:
        ann.create_order(PERPETUAL, "market", "sell" if 0 < size else "buy", abs(size))
    with pytest.raises(ccxt.ExchangeError):
        ann.create_order(PERPETUAL, "market", "sell", 20, None, {"reduceOnly": True})
    assert desk.signed_size(ann, PERPETUAL) == 0

    ann.create_order(PERPETUAL, "market", "buy", 20)
    reduced = ann.create_order(PERPETUAL, "market", "sell", 50, None, {"reduceOnly": True})
    assert reduced["status"] in ("closed", "canceled") and reduced["filled"] == 20
    assert reduced["info"]["reduce_only"] is True
    assert desk.signed_size(ann, PERPETUAL) == 0


def test_a_label_comes_back(ann):
    label = "strategy-7 / leg ü"
    placed = ann.create_order(PERPETUAL, "limit", "buy", 10, desk.far_bid(ann, PERPETUAL), {"label": label})
    assert placed["info"]["label"] == label
    assert ann.fetch_order(placed["id"])["info"]["label"] == label


def test_closed_orders_are_in_the_history(ann):
    bought = ann.create_order(PERPETUAL, "market", "buy", 10)
    sold = ann.create_order(PERPETUAL, "market", "sell", 10)
    closed = {order["id"]: order for order in ann.fetch_closed_orders(PERPETUAL)}
    for order in (bought, sold):
        assert closed[order["id"]]["status"] == "closed"
        assert closed[order["id"]]["filled"] == 10
