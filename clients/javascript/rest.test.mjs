// ccxt over HTTP: markets, orders, own trades, positions, balances, and the classes of refusals.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import ccxt from "ccxt";
import { PERPETUAL, cross, desk, farBid, signedSize } from "./desk.mjs";

let ann, bob;
before(async () => {
  [ann, bob] = [await desk(0), await desk(1)];
});
after(async () => {
  await Promise.all([ann.close(), bob.close()]);
});
afterEach(async () => {
  for (const exchange of [ann, bob]) {
    await exchange.cancelAllOrders();
    assert.deepEqual(await exchange.fetchOpenOrders(PERPETUAL), []);
  }
});

describe("market data", () => {
  it("lists every kind of instrument with its terms", () => {
    const markets = Object.values(ann.markets);
    for (const kind of ["swap", "future", "option"]) {
      assert.ok(markets.some((market) => market.type === kind), kind);
    }
    const perpetual = ann.market(PERPETUAL);
    assert.equal(perpetual.id, "BTC-PERPETUAL");
    assert.equal(perpetual.inverse, true);
    assert.equal(perpetual.settle, "BTC");
    assert.equal(perpetual.contractSize, 10);
    assert.equal(perpetual.precision.price, 0.5);
  });

  it("tells the time and that it is open", async () => {
    assert.ok(Math.abs((await ann.fetchTime()) - Date.now()) < 5000);
    assert.equal((await ann.fetchStatus()).status, "ok");
  });

  it("has a ticker whose prices agree with each other", async () => {
    const ticker = await ann.fetchTicker(PERPETUAL);
    const { min_price, max_price, mark_price } = ticker.info;
    assert.ok(0 < ticker.bid && ticker.bid < ticker.ask);
    assert.ok(Number(min_price) < Number(mark_price) && Number(mark_price) < Number(max_price));
    const tickers = await ann.fetchTickers(undefined, { code: "BTC" });
    assert.ok(PERPETUAL in tickers);
    assert.ok(Object.keys(tickers).every((symbol) => ann.market(symbol).settle === "BTC"));
  });

  it("has funding, options with marks, and a past of volatility", async () => {
    const { funding_8h } = (await ann.fetchTicker(PERPETUAL)).info;
    const { fundingRate } = await ann.fetchFundingRate(PERPETUAL);
    assert.ok(Math.abs(fundingRate - Number(funding_8h)) < 1e-4);
    for (const { timestamp } of await ann.fetchFundingRateHistory(PERPETUAL)) {
      assert.equal(timestamp % 3_600_000, 0);
    }
    const chain = Object.values(await ann.fetchOptionChain("BTC"));
    assert.ok(0 < chain.length);
    assert.ok(chain.every(({ markPrice, underlyingPrice }) => 0 < markPrice && 0 < underlyingPrice));
    const [{ symbol }] = chain;
    assert.equal((await ann.fetchOption(symbol)).symbol, symbol);
    const greeks = await ann.fetchGreeks(symbol);
    assert.equal(greeks.delta === undefined, greeks.markImpliedVolatility === undefined);
    assert.ok((await ann.fetchVolatilityHistory("BTC")).every(({ volatility }) => 0 <= volatility));
  });

  it("has a sorted, uncrossed order book", async () => {
    const { bids, asks } = await ann.fetchOrderBook(PERPETUAL, 5);
    const prices = [...bids].reverse().concat(asks).map(([price]) => price);
    assert.ok(2 <= prices.length && prices.length <= 10);
    assert.deepEqual(prices, [...new Set(prices)].sort((a, b) => a - b));
    for (const [price, amount] of [...bids, ...asks]) {
      assert.equal(price % 0.5, 0);
      assert.ok(0 < amount && amount % 10 === 0);
    }
  });

  it("has trades and candles that contain them", async () => {
    const crossing = await cross(ann, bob, PERPETUAL, 10);
    const trades = await ann.fetchTrades(PERPETUAL, undefined, 100);
    const ours = trades.find((trade) => trade.id === crossing.tradeId);
    assert.equal(ours.price, crossing.price);
    assert.equal(ours.amount, 10);
    assert.equal(ours.side, "sell");
    const candles = await ann.fetchOHLCV(PERPETUAL, "1m", undefined, 10);
    for (const [start, open, high, low, close, volume] of candles) {
      assert.equal(start % 60_000, 0);
      assert.ok(low <= open && open <= high && low <= close && close <= high && 0 <= volume);
    }
    const minute = Math.floor(ours.timestamp / 60_000) * 60_000;
    const [, , high, low, , volume] = candles.find(([start]) => start === minute);
    assert.ok(low <= crossing.price && crossing.price <= high && 0 < volume);
  });
});

describe("orders", () => {
  it("rest, are edited, are found, are cancelled", async () => {
    const price = await farBid(ann, PERPETUAL);
    const placed = await ann.createOrder(PERPETUAL, "limit", "buy", 30, price);
    assert.deepEqual([placed.status, placed.price, placed.amount, placed.filled], ["open", price, 30, 0]);
    assert.deepEqual((await ann.fetchOpenOrders(PERPETUAL)).map(({ id }) => id), [placed.id]);
    const edited = await ann.editOrder(placed.id, PERPETUAL, "limit", "buy", 50, price - 5);
    assert.deepEqual([edited.id, edited.price, edited.amount], [placed.id, price - 5, 50]);
    const cancelled = await ann.cancelOrder(placed.id);
    assert.deepEqual([cancelled.id, cancelled.status], [placed.id, "canceled"]);
    assert.equal((await ann.fetchOrder(placed.id)).status, "canceled");
  });

  it("at the market trade at the book", async () => {
    const size = await signedSize(ann, PERPETUAL);
    const bought = await ann.createOrder(PERPETUAL, "market", "buy", 20);
    assert.deepEqual([bought.status, bought.filled], ["closed", 20]);
    assert.equal(await signedSize(ann, PERPETUAL), size + 20);
    const sold = await ann.createOrder(PERPETUAL, "market", "sell", 20);
    assert.equal(sold.filled, 20);
    assert.equal(await signedSize(ann, PERPETUAL), size);
    const closed = (await ann.fetchClosedOrders(PERPETUAL)).map(({ id }) => id);
    assert.ok(closed.includes(bought.id) && closed.includes(sold.id));
  });

  it("that are reduce-only never turn a position", async () => {
    const size = await signedSize(ann, PERPETUAL);
    if (size !== 0) {
      await ann.createOrder(PERPETUAL, "market", 0 < size ? "sell" : "buy", Math.abs(size));
    }
    await ann.createOrder(PERPETUAL, "market", "buy", 20);
    const reduced = await ann.createOrder(PERPETUAL, "market", "sell", 50, undefined, { reduceOnly: true });
    assert.equal(reduced.filled, 20);
    assert.equal(await signedSize(ann, PERPETUAL), 0);
    const again = ann.createOrder(PERPETUAL, "market", "sell", 50, undefined, { reduceOnly: true });
    await assert.rejects(again, ccxt.ExchangeError);
  });
});

describe("two accounts", () => {
  it("see one trade from both sides, and opposite positions", async () => {
    const crossing = await cross(ann, bob, PERPETUAL, 20);
    const own = async (exchange) =>
      (await exchange.fetchMyTrades(PERPETUAL, undefined, 50)).find(({ id }) => id === crossing.tradeId);
    const [made, took] = [await own(ann), await own(bob)];
    assert.deepEqual([made.side, took.side], ["buy", "sell"]);
    assert.deepEqual([made.takerOrMaker, took.takerOrMaker], ["maker", "taker"]);
    assert.deepEqual([made.order, took.order], [crossing.bought.id, crossing.sold.id]);
    for (const trade of [made, took]) {
      assert.deepEqual([trade.price, trade.amount], [crossing.price, 20]);
    }
    const grown = [
      (await signedSize(ann, PERPETUAL)) - crossing.before[0],
      (await signedSize(bob, PERPETUAL)) - crossing.before[1],
    ];
    assert.deepEqual(grown, [20, -20]);
  });

  it("have balances in every domain", async () => {
    for (const exchange of [ann, bob]) {
      const balance = await exchange.fetchBalance();
      for (const code of ["BTC", "ETH", "USDC"]) {
        assert.ok(0 < balance[code].total && balance[code].free <= balance[code].total, code);
      }
    }
  });
});

describe("refusals arrive as the class that a user catches", () => {
  it("InvalidOrder: post-only would take, price off tick, price outside the band", async () => {
    const ask = (await ann.fetchOrderBook(PERPETUAL, 1)).asks[0][0];
    const postOnly = ann.createOrder(PERPETUAL, "limit", "buy", 10, ask + 50, { postOnly: true });
    await assert.rejects(postOnly, ccxt.InvalidOrder);
    const order = { instrument_name: "BTC-PERPETUAL", amount: "10", type: "limit" };
    const offTick = ann.privateGetBuy({ ...order, price: `${(await farBid(ann, PERPETUAL)) + 0.3}` });
    await assert.rejects(offTick, ccxt.InvalidOrder);
    const tooHigh = ann.createOrder(PERPETUAL, "limit", "buy", 10, ask * 2);
    await assert.rejects(tooHigh, ccxt.InvalidOrder);
  });

  it("InsufficientFunds: more than the margin allows", async () => {
    // A short option needs at least a tenth of its underlying: ten times the balance is too much.
    const { symbol } = Object.values(ann.markets).find(({ option, settle }) => option && settle === "BTC");
    const ask = (await ann.fetchOrderBook(symbol, 1)).asks[0][0];
    const { free } = (await ann.fetchBalance({ code: "BTC" })).BTC;
    const tooMuch = ann.createOrder(symbol, "limit", "sell", Math.round(free * 10), ask);
    await assert.rejects(tooMuch, ccxt.InsufficientFunds);
  });

  it("OrderNotFound, AuthenticationError, BadRequest", async () => {
    await assert.rejects(ann.cancelOrder("999999999999"), ccxt.OrderNotFound);
    await assert.rejects(ann.publicGetTicker({ instrument_name: "BTC-NEVER" }), ccxt.BadRequest);
    const stranger = await desk(0);
    stranger.secret = "x".repeat(43);
    await assert.rejects(stranger.fetchBalance(), ccxt.AuthenticationError);
    await stranger.close();
  });
});
