"""ccxt reads the market: unified calls, with their values checked."""

import itertools
import time

import pytest

import desk
from desk import PERPETUAL


def test_markets_have_every_kind_and_their_terms(ann):
    kinds = {market["type"] for market in ann.markets.values()}
    assert {"swap", "future", "option"} <= kinds
    perpetual = ann.market(PERPETUAL)
    assert perpetual["id"] == "BTC-PERPETUAL"
    assert perpetual["inverse"] is True and perpetual["linear"] is False
    assert perpetual["settle"] == "BTC" and perpetual["contractSize"] == 10
    assert perpetual["precision"]["price"] == 0.5
    assert perpetual["active"] is True and perpetual["expiry"] == 32_503_708_800_000
    assert perpetual["limits"]["amount"]["min"] == 10
    assert any(market["linear"] and market["swap"] for market in ann.markets.values())


def test_options_have_strike_right_and_expiry(ann):
    options = [market for market in ann.markets.values() if market["option"]]
    assert options
    for market in options:
        assert market["optionType"] in ("call", "put")
        assert 0 < market["strike"]
        assert market["expiry"] % 86_400_000 == 8 * 3_600_000, "options expire at 08:00 UTC"
        right = "C" if market["optionType"] == "call" else "P"
        assert market["id"].endswith(f"-{right}") and market["symbol"].endswith(f"-{right}")


def test_no_two_instruments_share_a_symbol(ann):
    rows = ann.public_get_get_instruments()["result"]
    listed = {row["instrument_name"] for row in rows}
    assert len(rows) == len(listed)
    assert listed <= {market["id"] for market in ann.markets.values()}


def test_time_and_status(ann):
    assert abs(ann.fetch_time() - time.time() * 1000) < 5_000
    assert ann.fetch_status()["status"] == "ok"


def test_a_ticker_agrees_with_itself(ann):
    ticker = ann.fetch_ticker(PERPETUAL)
    assert ticker["symbol"] == PERPETUAL
    assert 0 < ticker["bid"] < ticker["ask"]
    assert 0 < ticker["bidVolume"] and 0 < ticker["askVolume"]
    info = ticker["info"]
    low, high = float(info["min_price"]), float(info["max_price"])
    assert low < float(info["mark_price"]) < high
    assert low < float(info["index_price"]) < high
    assert info["state"] == "open"


def test_tickers_of_a_currency_are_all_of_it(ann):
    tickers = ann.fetch_tickers(params={"code": "BTC"})
    assert PERPETUAL in tickers
    settled = {ann.market(symbol)["settle"] for symbol in tickers}
    assert settled == {"BTC"}
    perpetual = tickers[PERPETUAL]
    assert 0 < perpetual["bid"] < perpetual["ask"]


def test_an_order_book_is_sorted_uncrossed_and_as_deep_as_asked(ann):
    book = ann.fetch_order_book(PERPETUAL, 5)
    bids = [price for price, _ in book["bids"]]
    asks = [price for price, _ in book["asks"]]
    assert 1 <= len(bids) <= 5 and 1 <= len(asks) <= 5
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert bids[0] < asks[0]
    for price, amount in book["bids"] + book["asks"]:
        assert price % 0.5 == 0
        assert 0 < amount and amount % 10 == 0


def test_every_kind_of_instrument_has_a_quoted_book(ann):
    for kind in ("swap", "future", "option"):
        symbols = [market["symbol"] for market in ann.markets.values() if market["type"] == kind]
        quoted = 0
        for symbol in symbols[:5]:
            book = ann.fetch_order_book(symbol, 1)
            quoted += bool(book["bids"] and book["asks"])
        assert quoted, f"no {kind} of {symbols[:5]} is quoted on both sides"


def test_trades_are_in_order_and_candles_contain_them(ann, bob):
    crossing = desk.cross(ann, bob, PERPETUAL, 10)
    trades = ann.fetch_trades(PERPETUAL, limit=100)
    times = [trade["timestamp"] for trade in trades]
    assert times == sorted(times)
    ours = [trade for trade in trades if trade["id"] in crossing.trade_ids]
    assert [trade["price"] for trade in ours] == [crossing.price]
    assert [trade["amount"] for trade in ours] == [crossing.amount]
    assert [trade["side"] for trade in ours] == ["sell"], "the side of a public trade is the taker's"

    candles = ann.fetch_ohlcv(PERPETUAL, "1m", limit=10)
    starts = [candle[0] for candle in candles]
    assert all(start % 60_000 == 0 for start in starts)
    assert all(later - start == 60_000 for start, later in itertools.pairwise(starts))
    for _, opened, high, low, closed, volume in candles:
        assert low <= opened <= high and low <= closed <= high and 0 <= volume
    minute = ours[0]["timestamp"] // 60_000 * 60_000
    candle = next(candle for candle in candles if candle[0] == minute)
    assert candle[3] <= crossing.price <= candle[2] and 0 < candle[5]


def test_trades_since_a_moment_are_not_older(ann, bob):
    desk.cross(ann, bob, PERPETUAL, 10)
    newest = ann.fetch_trades(PERPETUAL, limit=1)[-1]
    since = ann.fetch_trades(PERPETUAL, since=newest["timestamp"], limit=50)
    assert newest["id"] in {trade["id"] for trade in since}
    assert all(newest["timestamp"] <= trade["timestamp"] for trade in since)


def test_an_option_has_open_interest_a_mark_and_its_underlying(ann):
    symbol = next(market["symbol"] for market in ann.markets.values() if market["option"])
    option = ann.fetch_option(symbol)
    assert option["symbol"] == symbol and 0 <= option["openInterest"] and 0 < option["markPrice"]
    greeks = ann.fetch_greeks(symbol)
    assert greeks["symbol"] == symbol and greeks["markPrice"] == pytest.approx(option["markPrice"], rel=0.5)
    assert greeks["underlyingPrice"] == pytest.approx(ann.fetch_ticker(PERPETUAL)["last"], rel=0.1)
