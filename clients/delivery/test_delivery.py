"""What ccxt makes of a future before its expiry, while it waits for its price, and when it is settled.

delivery.py runs one phase at a time, by `-k`, against a venue whose clock it has set.
"""

import os

import ccxt
import pytest

import desk

NAME = os.environ["PLIMSOLL_EXPIRING"]


@pytest.fixture(scope="module")
def symbol():
    """By our own arithmetic: a market that has expired is in no list any more."""
    day, month, year = int(NAME[4:-5]), NAME[-5:-2], int(NAME[-2:])
    months = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
    return f"BTC/USD:BTC-{year:02}{months.index(month) + 1:02}{day:02}"


@pytest.fixture()
def ann():
    exchange = desk.rest(0)
    exchange.load_markets()
    return exchange


def test_open_it_trades_and_an_order_rests(ann, symbol):
    assert ann.market(symbol)["id"] == NAME and ann.market(symbol)["active"]
    ticker = ann.fetch_ticker(symbol)
    assert ticker["info"]["state"] == "open"
    price = ann.price_to_precision(symbol, float(ticker["info"]["mark_price"]) * 0.97)
    placed = ann.create_order(symbol, "limit", "buy", 10, float(price), {"label": "until then"})
    assert placed["status"] == "open"
    bought = ann.create_order(symbol, "market", "buy", 10)
    assert bought["status"] == "closed"


def test_delivering_it_takes_nothing_and_the_rest_trades_on(ann, symbol):
    assert ann.fetch_status()["status"] == "ok", "one contract is no outage"
    ticker = ann.public_get_ticker({"instrument_name": NAME})["result"]
    assert ticker["state"] == "settlement" and float(ticker["estimated_delivery_price"]) > 0
    with pytest.raises(ccxt.ExchangeError) as refused:
        ann.private_get_buy({"instrument_name": NAME, "amount": 10, "price": 90_000})
    assert "book_closed" in str(refused.value)
    known = ann.private_get_get_order_state_by_label({"currency": "BTC", "label": "until then"})
    [order] = known["result"]
    assert (order["order_state"], order["cancel_reason"]) == ("cancelled", "expired")
    with pytest.raises(ccxt.InvalidOrder):
        ann.cancel_order(order["order_id"])
    price = desk.far_bid(ann, desk.PERPETUAL)
    ann.cancel_order(ann.create_order(desk.PERPETUAL, "limit", "buy", 10, price)["id"])
    positions = ann.private_get_get_positions({"currency": "BTC"})["result"]
    assert any(row["instrument_name"] == NAME and float(row["size"]) != 0 for row in positions)


def test_closed_it_is_settled_and_is_in_no_list(ann, symbol):
    assert ann.fetch_status()["status"] == "ok"
    assert symbol not in ann.markets
    ticker = ann.public_get_ticker({"instrument_name": NAME})["result"]
    assert ticker["state"] == "closed" and float(ticker["delivery_price"]) > 0
    with pytest.raises(ccxt.ExchangeError) as refused:
        ann.private_get_buy({"instrument_name": NAME, "amount": 10, "price": 90_000})
    assert "book_closed" in str(refused.value)
    positions = ann.private_get_get_positions({"currency": "BTC"})["result"]
    assert all(row["instrument_name"] != NAME or float(row["size"]) == 0 for row in positions)
    settled = ann.public_get_get_last_settlements_by_instrument({"instrument_name": NAME})["result"]
    assert [row["type"] for row in settled["settlements"]] == ["delivery"]
