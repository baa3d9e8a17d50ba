"""Two traders' desks at the venue under test: unpatched ccxt, of which only the addresses are set.

The address and the accounts come from the environment, where clients/run puts them.
"""

import json
import os
import time

import ccxt
import ccxt.pro

from rpc import HTTP, operator

WS = os.environ["PLIMSOLL_WS"]
ACCOUNTS = json.loads(os.environ["PLIMSOLL_ACCOUNTS"])

PERPETUAL = "BTC/USD:BTC"


def _configured(exchange_class, account):
    exchange = exchange_class({"apiKey": account["client_id"], "secret": account["client_secret"]})
    exchange.urls["api"] = {"rest": HTTP, "ws": WS}
    return exchange


def rest(account_index):
    """A synchronous client of the account."""
    return _configured(ccxt.deribit, ACCOUNTS[account_index])


def stream(account_index):
    """An asynchronous client of the account; close it in the loop that used it."""
    return _configured(ccxt.pro.deribit, ACCOUNTS[account_index])


def tick(exchange, symbol):
    return exchange.market(symbol)["precision"]["price"]


def smallest(exchange, symbol):
    return exchange.market(symbol)["limits"]["amount"]["min"]


def far_bid(exchange, symbol):
    """A price that rests: well under the best bid, and inside the band."""
    ticker = exchange.fetch_ticker(symbol)
    low = float(ticker["info"]["min_price"])
    price = max((ticker["bid"] + low) / 2, ticker["bid"] * 0.99)
    return float(exchange.price_to_precision(symbol, price))


def signed_size(exchange, symbol):
    """The position in the dialect's units: above zero is long."""
    rows = [row for row in exchange.fetch_positions([symbol]) if row["symbol"] == symbol]
    assert len(rows) <= 1, f"one row for each instrument: {rows}"
    return rows[0]["contracts"] if rows else 0


class Crossing:
    """One trade between the two desks, as each of them was told about it."""

    def __init__(self, price, amount, before, maker_order, taker_order, trade_ids, attempts):
        self.price = price
        self.amount = amount
        self.before = before
        self.maker_order = maker_order
        self.taker_order = taker_order
        self.trade_ids = trade_ids
        self.attempts = attempts


def cross(maker, taker, symbol, amount, attempts_max=40):
    """Makes `taker` sell `amount` to `maker` inside the spread.

    The venue's own market makers move all the time and may step in between; then the attempt is
    undone (what is left of the maker's order is cancelled) and the next one is made.
    """
    step = tick(maker, symbol)
    for attempt in range(1, attempts_max + 1):
        book = maker.fetch_order_book(symbol, 1)
        bid, ask = book["bids"][0][0], book["asks"][0][0]
        price = float(maker.price_to_precision(symbol, bid + step))
        if ask <= price:
            time.sleep(0.2)  # The spread is one tick: wait for the makers to move.
            continue
        before = [signed_size(desk, symbol) for desk in (maker, taker)]
        try:
            bought = maker.create_order(symbol, "limit", "buy", amount, price, {"postOnly": True})
        except ccxt.InvalidOrder:
            continue  # The ask came down to our price.
        sold = taker.create_order(symbol, "limit", "sell", amount, price, {"timeInForce": "IOC"})
        made = {trade["id"] for trade in maker.fetch_order_trades(bought["id"])}
        took = {trade["id"] for trade in taker.fetch_order_trades(sold["id"])}
        if sold["filled"] == amount and took == made:
            return Crossing(price, amount, before, bought, sold, took, attempt)
        if maker.fetch_order(bought["id"])["status"] == "open":
            try:
                maker.cancel_order(bought["id"])
            except (ccxt.InvalidOrder, ccxt.OrderNotFound):
                pass  # It was filled since we asked.
    raise AssertionError(f"no attempt of {attempts_max} on {symbol} met the other desk alone")
