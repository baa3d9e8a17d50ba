"""The two desks that most tests use, with their markets loaded once."""

import pytest

import desk


@pytest.fixture(scope="session")
def ann():
    exchange = desk.rest(0)
    exchange.load_markets()
    return exchange


@pytest.fixture(scope="session")
def bob():
    exchange = desk.rest(1)
    exchange.load_markets()
    return exchange


@pytest.fixture(autouse=True)
def no_open_orders(ann, bob):
    """Every test leaves both desks without open orders."""
    yield
    for exchange in (ann, bob):
        exchange.cancel_all_orders()
        assert exchange.fetch_open_orders(desk.PERPETUAL) == []
