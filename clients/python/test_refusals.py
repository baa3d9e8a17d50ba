"""Every refusal reaches ccxt as the class that its users catch."""

import ccxt
import pytest

import desk
from desk import PERPETUAL


def buy(exchange, **params):
    """The raw call, for values that ccxt would round before it sends them."""
    order = {"instrument_name": "BTC-PERPETUAL", "type": "limit", "amount": "10"}
    return exchange.private_get_buy({**order, **params})


def test_a_price_between_ticks_is_an_invalid_order(ann):
    price = desk.far_bid(ann, PERPETUAL)
    with pytest.raises(ccxt.InvalidOrder, match="10043"):
        buy(ann, price=f"{price + 0.3:.1f}")


@pytest.mark.parametrize("amount", ["5", "15", "0", "-10"])
def test_an_amount_off_the_lot_is_refused(ann, amount):
    price = desk.far_bid(ann, PERPETUAL)
    with pytest.raises((ccxt.InvalidOrder, ccxt.BadRequest)):
        buy(ann, price=str(price), amount=amount)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e400", "ten", ""])
def test_an_amount_that_is_no_number_is_a_bad_request(ann, amount):
    price = desk.far_bid(ann, PERPETUAL)
    with pytest.raises((ccxt.BadRequest, ccxt.InvalidOrder)):
        buy(ann, price=str(price), amount=amount)
    assert ann.fetch_open_orders(PERPETUAL) == []


def test_a_price_outside_the_band_is_an_invalid_order(ann):
    info = ann.fetch_ticker(PERPETUAL)["info"]
    too_high = ann.price_to_precision(PERPETUAL, float(info["max_price"]) * 1.5)
    with pytest.raises(ccxt.InvalidOrder, match="10007"):
        buy(ann, price=too_high)


def test_more_than_the_margin_allows_is_insufficient_funds(ann):
    """A short option needs at least a tenth of its underlying: ten times the balance is too much."""
    market = min(
        (m for m in ann.markets.values() if m["option"] and m["settle"] == "BTC"), key=lambda m: m["id"]
    )
    ask = ann.fetch_order_book(market["symbol"], 1)["asks"][0][0]
    amount = round(ann.fetch_balance({"code": "BTC"})["BTC"]["free"] * 10)
    with pytest.raises(ccxt.InsufficientFunds, match="10009"):
        ann.create_order(market["symbol"], "limit", "sell", amount, ask)


def test_an_unknown_order_is_not_found(ann):
    with pytest.raises(ccxt.OrderNotFound):
        ann.cancel_order("999999999999")
    with pytest.raises(ccxt.OrderNotFound):
        ann.fetch_order("999999999999")
    with pytest.raises(ccxt.OrderNotFound):
        ann.edit_order("999999999999", PERPETUAL, "limit", "buy", 10, desk.far_bid(ann, PERPETUAL))


def test_a_stranger_cannot_touch_or_see_an_order(ann, bob):
    placed = ann.create_order(PERPETUAL, "limit", "buy", 10, desk.far_bid(ann, PERPETUAL))
    with pytest.raises(ccxt.OrderNotFound):
        bob.cancel_order(placed["id"])
    with pytest.raises(ccxt.OrderNotFound):
        bob.fetch_order(placed["id"])
    assert ann.fetch_order(placed["id"])["status"] == "open"


def test_a_second_cancel_says_that_the_order_is_not_open(ann):
    placed = ann.create_order(PERPETUAL, "limit", "buy", 10, desk.far_bid(ann, PERPETUAL))
    ann.cancel_order(placed["id"])
    with pytest.raises(ccxt.InvalidOrder, match="11044"):
        ann.cancel_order(placed["id"])


def test_a_wrong_secret_is_an_authentication_error():
    stranger = desk.rest(0)
    stranger.load_markets()
    stranger.secret = "x" * 43
    with pytest.raises(ccxt.AuthenticationError):
        stranger.fetch_balance()


def test_an_unknown_key_is_an_authentication_error():
    stranger = desk.rest(0)
    stranger.load_markets()
    stranger.apiKey = "nobody00"
    with pytest.raises(ccxt.AuthenticationError):
        stranger.fetch_balance()


def test_a_malformed_parameter_is_a_bad_request_that_names_it(ann):
    with pytest.raises(ccxt.BadRequest, match="instrument_name"):
        ann.public_get_ticker({"instrument_name": "BTC-NEVER"})
    with pytest.raises(ccxt.BadRequest, match="instrument_name"):
        ann.public_get_ticker({})
    with pytest.raises(ccxt.BadRequest, match="currency"):
        ann.private_get_get_account_summary({"currency": "NOTHING"})


def test_trading_with_oneself_is_an_invalid_order(ann):
    """The default mode rejects the taker; the resting order stays."""
    for _ in range(20):
        book = ann.fetch_order_book(PERPETUAL, 1)
        price = book["bids"][0][0] + 0.5
        if book["asks"][0][0] <= price:
            continue
        try:
            mine = ann.create_order(PERPETUAL, "limit", "buy", 10, price, {"postOnly": True})
        except ccxt.InvalidOrder:
            continue
        try:
            ann.create_order(PERPETUAL, "limit", "sell", 10, price, {"timeInForce": "IOC"})
        except ccxt.InvalidOrder as refusal:
            assert "10003" in str(refusal)
            assert ann.fetch_order(mine["id"])["status"] == "open"
            return
        ann.cancel_all_orders()  # A market maker stood in between.
    raise AssertionError("no attempt met its own order")
