"""A second exchange, small and naive: price-time matching of limit and market orders, edits, cancels.

It shares no code with the first. It is given commands in the order of the log, and says which events about
orders must follow. Whether an order is refused (money, self-trade, limits) it does not judge: that is
taken from the log, and must then have had no effect.
"""

BUY, SELL = "buys", "sells"
EDGE = {BUY: 2**62, SELL: 0}  # The worst price that a market order takes.


class Order:
    """An order that was accepted."""

    __slots__ = ("order", "account", "instrument", "side", "price", "size", "filled", "label")

    def __init__(self, order, account, instrument, side, price, size, label):
        self.order, self.account, self.instrument, self.side = order, account, instrument, side
        self.price, self.size, self.filled, self.label = price, size, 0, label

    @property
    def open(self):
        return self.size - self.filled


class Model:
    """The books, and every order that rests."""

    def __init__(self):
        self.books = {}  # By instrument and side: orders in the order in which they took their places.
        self.resting = {}

    def side(self, instrument, side):
        return self.books.setdefault((instrument, side), [])

    def place(self, order, may_rest):
        """Returns its trades, (size, price, maker), and what became of the orders, (kind, order, …)."""
        trades, ends = self.cross(order)
        if order.open == 0:
            ends.append(("filled", order.order))
        elif may_rest:
            ends.append(self.rest(order))
        else:
            ends.append(("cancelled", order.order))
        return trades, ends

    def edit(self, order, size, price):
        """ORD-6: less at the same price keeps the place; anything else goes to the back. To exactly what is
        filled it ends the order, whatever the price."""
        size, price = size or order.size, price or order.price
        price = order.price if size == order.filled else price
        keeps_place = price == order.price and size <= order.size
        order.size, order.price = size, price
        place = "in its place" if keeps_place else "at the back"
        ends = [("amended", order.order, size, price, place)]
        if order.open == 0:
            self.remove(order)
            return [], [*ends, ("filled", order.order)]
        if keeps_place:
            return [], ends
        self.remove(order)
        trades, more = self.cross(order)
        more.append(("filled", order.order) if order.open == 0 else self.rest(order))
        return trades, ends + more

    def cancel(self, order):
        self.remove(order)
        return [("cancelled", order.order)]

    def cross(self, taker):
        trades, ends = [], []
        book = self.side(taker.instrument, SELL if taker.side == BUY else BUY)
        while taker.open and (maker := best(book)) is not None and meets(taker, maker):
            size = min(taker.open, maker.open)
            taker.filled += size
            maker.filled += size
            trades.append((size, maker.price, maker.order))
            if maker.open == 0:
                self.remove(maker)
                ends.append(("filled", maker.order))
        return trades, ends

    def rest(self, order):
        self.side(order.instrument, order.side).append(order)
        self.resting[order.order] = order
        return ("rests", order.order, order.open, order.price)

    def remove(self, order):
        self.side(order.instrument, order.side).remove(order)
        del self.resting[order.order]


def best(book):
    """The best price; at one price the first that took its place there (`min` and `max` keep the first)."""
    if not book:
        return None
    choose = max if book[0].side == BUY else min
    return choose(book, key=lambda order: order.price)


def meets(taker, maker):
    return maker.price <= taker.price if taker.side == BUY else taker.price <= maker.price
