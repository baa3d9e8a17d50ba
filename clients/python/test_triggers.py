"""ccxt places, changes, finds and cancels trigger orders, and sees one fire."""

import time

import ccxt
import pytest

import desk
from desk import PERPETUAL


@pytest.fixture()
def price(ann):
    ann.cancel_all_orders()
    yield ann.fetch_ticker(PERPETUAL)["last"] or ann.fetch_ticker(PERPETUAL)["bid"]
    ann.cancel_all_orders()


def on_grid(ann, price):
    return float(ann.price_to_precision(PERPETUAL, price))


def triggers_at(order):
    return float(order["info"]["trigger_price"])


def test_a_stop_loss_waits_is_found_and_is_cancelled(ann, price):
    level = on_grid(ann, price * 0.95)
    placed = ann.create_order(PERPETUAL, "market", "sell", 10, None, {"stopLossPrice": level})
    assert placed["status"] == "open" and placed["info"]["order_state"] == "untriggered"
    assert placed["info"]["order_type"] == "stop_market" and triggers_at(placed) == level
    fetched = ann.fetch_order(placed["id"])
    assert (fetched["id"], fetched["status"]) == (placed["id"], "open")
    assert [order["id"] for order in ann.fetch_open_orders(PERPETUAL)] == [placed["id"]]
    gone = ann.cancel_order(placed["id"], PERPETUAL)
    assert (gone["id"], gone["status"]) == (placed["id"], "canceled")
    assert ann.fetch_open_orders(PERPETUAL) == []


def test_a_take_profit_with_a_limit_keeps_its_price(ann, price):
    level, limit = on_grid(ann, price * 1.05), on_grid(ann, price * 1.04)
    placed = ann.create_order(PERPETUAL, "limit", "sell", 10, limit, {"takeProfitPrice": level})
    assert placed["info"]["order_type"] == "take_limit"
    assert (placed["price"], triggers_at(placed)) == (limit, level)


def test_a_trailing_stop_stays_its_distance_behind(ann, price):
    placed = ann.create_order(PERPETUAL, "market", "sell", 10, None, {"trailingAmount": 500})
    assert placed["info"]["order_type"] == "trailing_stop"
    best = float(placed["info"]["trigger_reference_price"])
    assert triggers_at(placed) == best - 500


def test_a_trigger_whose_price_is_there_is_refused(ann, price):
    with pytest.raises(ccxt.InvalidOrder, match="11036"):
        level = on_grid(ann, price * 1.05)
        ann.create_order(PERPETUAL, "market", "sell", 10, None, {"stopLossPrice": level})


def test_a_stop_fires_when_the_price_gets_there(ann, price):
    """The demo's prices walk, so a stop a few ticks away from the mark is reached."""
    def stop(side, way):
        """A few ticks from the mark; when that has moved there meanwhile, from where it is then."""
        for _ in range(20):
            mark = float(ann.fetch_ticker(PERPETUAL)["info"]["mark_price"])
            level = on_grid(ann, mark + way * 10 * desk.tick(ann, PERPETUAL))
            params = {"stopLossPrice": level, "trigger": "mark_price"}
            try:
                return ann.create_order(PERPETUAL, "market", side, 10, None, params)
            except ccxt.InvalidOrder:
                continue
        raise AssertionError("the mark runs away from every stop")

    stops = [stop("sell", -1), stop("buy", 1)]
    deadline = time.monotonic() + 60
    states = []
    while "triggered" not in states:
        assert time.monotonic() < deadline, f"a walking mark reaches ten ticks: {states}"
        time.sleep(0.25)
        states = [ann.fetch_order(stop["id"])["info"]["order_state"] for stop in stops]
    fired = stops[states.index("triggered")]["id"]
    history = ann.private_get_get_trigger_order_history({"currency": "BTC", "count": 100})
    row = next(r for r in history["result"]["entries"] if r["trigger_order_id"] == fired)
    born = ann.fetch_order(row["order_id"])
    assert born["info"]["trigger_order_id"] == fired and born["status"] == "closed"
