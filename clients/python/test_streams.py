"""ccxt.pro watches: books, tickers, trades, orders, own trades and balances, over one socket."""

import asyncio

import pytest

import desk
from desk import PERPETUAL

PATIENCE_S = 30


def run(story):
    """Runs `story(ann, bob)` with two streaming desks, and closes them."""

    async def main():
        ann, bob = desk.stream(0), desk.stream(1)
        try:
            await ann.load_markets()
            await bob.load_markets()
            await asyncio.wait_for(story(ann, bob), PATIENCE_S)
        finally:
            await ann.close()
            await bob.close()

    asyncio.run(main())


async def until(watch, wanted):
    """Watches until `wanted(news)`."""
    while True:
        news = await watch()
        if wanted(news):
            return news


async def in_thread(call, *arguments):
    return await asyncio.get_running_loop().run_in_executor(None, call, *arguments)


def test_a_watched_book_is_sorted_and_shows_our_order_come_and_go(ann):
    price = desk.far_bid(ann, PERPETUAL)

    async def story(streamed, _):
        def amount_at(book):
            return {level[0]: level[1] for level in book["bids"]}.get(price, 0)

        book = await streamed.watch_order_book(PERPETUAL)
        bids = [level[0] for level in book["bids"]]
        asks = [level[0] for level in book["asks"]]
        assert bids == sorted(set(bids), reverse=True) and asks == sorted(set(asks))
        assert bids[0] < asks[0]
        was = amount_at(book)
        placed = await in_thread(ann.create_order, PERPETUAL, "limit", "buy", 770, price)
        await until(lambda: streamed.watch_order_book(PERPETUAL), lambda b: was + 770 <= amount_at(b))
        await in_thread(ann.cancel_order, placed["id"])
        await until(lambda: streamed.watch_order_book(PERPETUAL), lambda b: amount_at(b) < was + 770)

    run(story)


def test_a_watched_book_equals_the_fetched_one_once_both_are_of_one_change(ann):
    """The rebuilt book of a quiet option equals the book over REST."""
    options = [m["symbol"] for m in ann.markets.values() if m["option"] and m["base"] == "BTC"]

    async def story(streamed, _):
        for _ in range(20):
            watched = await streamed.watch_order_book(options[0])
            fetched = await in_thread(ann.fetch_order_book, options[0], 10_000)
            same = all(
                [list(level[:2]) for level in watched[side]] == [list(l[:2]) for l in fetched[side]]
                for side in ("bids", "asks")
            )
            if same:
                return
        raise AssertionError(f"never equal: {watched} and {fetched}")

    run(story)


def test_a_watched_ticker_has_both_sides(ann):
    async def story(streamed, _):
        ticker = await streamed.watch_ticker(PERPETUAL)
        assert ticker["symbol"] == PERPETUAL
        assert 0 < ticker["bid"] < ticker["ask"]
        assert 0 < ticker["info"]["mark_price"] and 0 < ticker["info"]["index_price"]

    run(story)


def test_a_crossing_is_seen_by_the_public_and_by_both_owners(ann, bob):
    async def story(ann_stream, bob_stream):
        public, made, took = {}, {}, {}
        watches = [
            asyncio.ensure_future(collect(lambda: ann_stream.watch_trades(PERPETUAL), public)),
            asyncio.ensure_future(collect(lambda: ann_stream.watch_my_trades(PERPETUAL), made)),
            asyncio.ensure_future(collect(lambda: bob_stream.watch_my_trades(PERPETUAL), took)),
        ]
        # The first crossings may come before a subscription is active: cross until one is seen.
        seen_by_all = False
        while not seen_by_all:
            crossing = await in_thread(desk.cross, ann, bob, PERPETUAL, 10)
            (trade_id,) = crossing.trade_ids
            everywhere = lambda: all(trade_id in told for told in (public, made, took))
            seen_by_all = await within(1.0, watches, everywhere)
        for trade in (public[trade_id], made[trade_id], took[trade_id]):
            assert (trade["price"], trade["amount"]) == (crossing.price, crossing.amount)
        assert public[trade_id]["side"] == took[trade_id]["side"] == "sell"
        assert made[trade_id]["side"] == "buy"
        roles = (made[trade_id]["takerOrMaker"], took[trade_id]["takerOrMaker"])
        assert roles == ("maker", "taker")
        for watch in watches:
            watch.cancel()

    run(story)


async def collect(watch, into):
    """Keeps what a watch brings, by id."""
    while True:
        for item in await watch():
            into[item["id"]] = item


async def within(patience_s, watches, wanted):
    """Whether `wanted()` comes true in time, while no watch has failed."""
    deadline = asyncio.get_running_loop().time() + patience_s
    while asyncio.get_running_loop().time() < deadline:
        for watch in watches:
            assert not watch.done(), watch
        if wanted():
            return True
        await asyncio.sleep(0.02)
    return False


def test_watched_orders_tell_the_life_of_an_order(ann):
    price = desk.far_bid(ann, PERPETUAL)

    async def story(streamed, _):
        lives = {}

        async def follow():
            while True:
                for order in await streamed.watch_orders(PERPETUAL):
                    state = (order["status"], order["amount"])
                    life = lives.setdefault(order["id"], [])
                    if life[-1:] != [state]:
                        life.append(state)

        watch = asyncio.ensure_future(follow())
        # The first orders may come before the subscription is active: place until one is seen.
        is_told = False
        while not is_told:
            placed = await in_thread(ann.create_order, PERPETUAL, "limit", "buy", 30, price)
            life = lambda: lives.get(placed["id"], [])
            is_told = await within(1.0, [watch], lambda: ("open", 30) in life())
        await in_thread(ann.edit_order, placed["id"], PERPETUAL, "limit", "buy", 20, price)
        assert await within(5.0, [watch], lambda: ("open", 20) in life())
        await in_thread(ann.cancel_order, placed["id"])
        assert await within(5.0, [watch], lambda: ("canceled", 20) in life())
        assert life() == [("open", 30), ("open", 20), ("canceled", 20)]
        watch.cancel()

    run(story)


def test_a_watched_balance_starts_with_the_present_and_follows_a_fee(ann, bob):
    async def story(streamed, _):
        first = await streamed.watch_balance()
        while "BTC" not in first:
            first = await streamed.watch_balance()
        cash = float(first["BTC"]["info"]["balance"])
        fetched = await in_thread(ann.private_get_get_account_summary, {"currency": "BTC"})
        assert cash == pytest.approx(float(fetched["result"]["balance"]), rel=1e-9)
        await in_thread(ann.create_order, PERPETUAL, "market", "buy", 100)

        def changed(balance):
            return float(balance["BTC"]["info"]["balance"]) != cash

        await until(streamed.watch_balance, changed)
        await in_thread(ann.create_order, PERPETUAL, "market", "sell", 100)

    run(story)
