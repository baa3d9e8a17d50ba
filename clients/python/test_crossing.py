"""Two accounts trade with each other, and both see the same trade from their own side."""

import pytest

import desk
from desk import PERPETUAL


def symbols(exchange):
    """One instrument of every shape that the venue lists."""
    markets = sorted(exchange.markets.values(), key=lambda market: market["symbol"])

    def first(wanted):
        return next(market["symbol"] for market in markets if wanted(market))

    return {
        "inverse perpetual": PERPETUAL,
        "linear perpetual": first(lambda m: m["swap"] and m["linear"]),
        "inverse future": first(lambda m: m["future"] and m["inverse"]),
    }


@pytest.mark.parametrize("shape", ["inverse perpetual", "linear perpetual", "inverse future"])
def test_both_sides_see_one_trade_and_opposite_positions(ann, bob, shape):
    symbol = symbols(ann)[shape]
    amount = 2 * desk.smallest(ann, symbol)
    crossing = desk.cross(ann, bob, symbol, amount)

    (trade_id,) = crossing.trade_ids
    made = next(t for t in ann.fetch_my_trades(symbol, limit=50) if t["id"] == trade_id)
    took = next(t for t in bob.fetch_my_trades(symbol, limit=50) if t["id"] == trade_id)
    assert (made["side"], took["side"]) == ("buy", "sell")
    assert (made["takerOrMaker"], took["takerOrMaker"]) == ("maker", "taker")
    assert (made["order"], took["order"]) == (crossing.maker_order["id"], crossing.taker_order["id"])
    for field in ("price", "amount", "timestamp", "symbol"):
        assert made[field] == took[field], field
    assert (made["price"], made["amount"]) == (crossing.price, amount)
    check_fees(ann, symbol, made, took)

    maker_order = ann.fetch_order(crossing.maker_order["id"])
    assert (maker_order["status"], maker_order["filled"]) == ("closed", amount)
    assert maker_order["average"] == crossing.price

    after = [desk.signed_size(exchange, symbol) for exchange in (ann, bob)]
    grown = [now - was for now, was in zip(after, crossing.before)]
    assert grown == pytest.approx([amount, -amount], abs=1e-12)
    assert sum(grown) == pytest.approx(0, abs=1e-12)


def check_fees(exchange, symbol, made, took):
    """Fees are the listed rates of the value traded, rounded by at most one atom."""
    market = exchange.market(symbol)
    price, amount = made["price"], made["amount"]
    value = amount / price if market["inverse"] else amount * price
    atom = 1e-6 if market["settle"] == "USDC" else 1e-8
    rates = exchange.public_get_get_instrument({"instrument_name": market["id"]})["result"]
    for trade, rate in ((made, "maker_commission"), (took, "taker_commission")):
        expected = float(rates[rate]) * value
        fee = float(trade["info"]["fee"])
        assert abs(fee - expected) <= atom, f"{rate}: {fee} for {expected}"
        assert trade["fee"]["currency"] == market["settle"]


def test_positions_have_price_side_and_margin(ann, bob):
    crossing = desk.cross(ann, bob, PERPETUAL, 20)
    for exchange, was in ((ann, crossing.before[0]), (bob, crossing.before[1])):
        size = desk.signed_size(exchange, PERPETUAL)
        if size == 0:
            continue
        position = exchange.fetch_position(PERPETUAL)
        assert position["contracts"] == size
        assert position["side"] == ("long" if 0 < size else "short")
        assert position["info"]["direction"] == ("buy" if 0 < size else "sell")
        assert 0 < position["initialMargin"] and 0 < position["maintenanceMargin"]
        assert position["maintenanceMargin"] <= position["initialMargin"]
        if was == 0:
            assert position["entryPrice"] == crossing.price


def test_a_fresh_position_costs_the_taker_its_fee_and_no_more(ann, bob):
    def balance(exchange):
        return float(exchange.private_get_get_account_summary({"currency": "BTC"})["result"]["balance"])

    def flatten(exchange):
        size = desk.signed_size(exchange, PERPETUAL)
        if size != 0:
            exchange.create_order(PERPETUAL, "market", "sell" if 0 < size else "buy", abs(size))

    # An attempt that a market maker spoils has a fee of its own: only a first attempt is fresh.
    for _ in range(20):
        for exchange in (ann, bob):
            flatten(exchange)
        before = [balance(exchange) for exchange in (ann, bob)]
        crossing = desk.cross(ann, bob, PERPETUAL, 1000)
        if crossing.before == [0, 0] and crossing.attempts == 1:
            break
    else:
        pytest.fail("of 20 crossings none met the other desk at once from two flat positions")
    (trade_id,) = crossing.trade_ids
    paid = []
    for exchange, was in ((ann, before[0]), (bob, before[1])):
        trade = next(t for t in exchange.fetch_my_trades(PERPETUAL, limit=50) if t["id"] == trade_id)
        assert balance(exchange) - was == pytest.approx(-float(trade["info"]["fee"]), abs=1e-9)
        paid.append(float(trade["info"]["fee"]))
    assert 0 < paid[1], "the taker pays"


def test_balances_of_every_domain_are_there_and_agree(ann):
    balance = ann.fetch_balance()
    assert {"BTC", "ETH", "USDC"} <= set(balance["total"])
    for code in ("BTC", "ETH", "USDC"):
        assert 0 < balance[code]["total"]
        assert 0 <= balance[code]["free"] <= balance[code]["total"]
    one = ann.fetch_balance({"code": "ETH"})
    assert one["ETH"]["total"] == pytest.approx(balance["ETH"]["total"], rel=1e-6)


def test_an_open_order_holds_margin_and_a_cancel_frees_it(ann):
    def free():
        result = ann.private_get_get_account_summary({"currency": "ETH"})["result"]
        return float(result["available_funds"])

    symbol = "ETH/USD:ETH"
    before = free()
    order = ann.create_order(symbol, "limit", "buy", 10_000, desk.far_bid(ann, symbol))
    held = before - free()
    assert 0 < held
    ann.cancel_order(order["id"])
    assert abs(free() - before) < held / 10
