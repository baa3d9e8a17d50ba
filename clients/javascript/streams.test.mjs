// ccxt.pro: watches of books, tickers, trades, orders, own trades and balances, over a plain socket.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import ccxt from "ccxt";
import { PERPETUAL, cross, desk, farBid, within } from "./desk.mjs";

let ann, bob, annStream, bobStream;
before(async () => {
  [ann, bob, annStream, bobStream] = await Promise.all([desk(0), desk(1), desk(0), desk(1)]);
});
after(async () => {
  await ann.cancelAllOrders();
  await bob.cancelAllOrders();
  await Promise.all([ann, bob, annStream, bobStream].map((exchange) => exchange.close()));
});

/** Runs `watch` again and again until `stopped.now`; `take` gets what it brings. */
async function follow(watch, take, stopped) {
  while (!stopped.now) {
    const news = await Promise.race([watch(), stopped.promise]);
    if (!stopped.now) take(news);
  }
}

function stop() {
  const stopped = { now: false };
  stopped.promise = new Promise((resolve) => {
    stopped.trip = () => {
      stopped.now = true;
      resolve();
    };
  });
  return stopped;
}

it("a watched book is sorted and shows our order come and go", async () => {
  const price = await farBid(ann, PERPETUAL);
  const amountAt = (book) => book.bids.find(([level]) => level === price)?.[1] ?? 0;
  let book = await annStream.watchOrderBook(PERPETUAL);
  const prices = [...book.bids].reverse().concat([...book.asks]).map(([level]) => level);
  assert.deepEqual(prices, [...new Set(prices)].sort((a, b) => a - b));
  const was = amountAt(book);
  const placed = await ann.createOrder(PERPETUAL, "limit", "buy", 770, price);
  while (amountAt(book) < was + 770) book = await annStream.watchOrderBook(PERPETUAL);
  await ann.cancelOrder(placed.id);
  while (was + 770 <= amountAt(book)) book = await annStream.watchOrderBook(PERPETUAL);
});

it("a watched ticker has both sides", async () => {
  const ticker = await annStream.watchTicker(PERPETUAL);
  assert.equal(ticker.symbol, PERPETUAL);
  assert.ok(0 < ticker.bid && ticker.bid < ticker.ask);
});

it("a crossing is seen by the public and by both owners", async () => {
  const [all, made, took] = [new Map(), new Map(), new Map()];
  const stopped = stop();
  const keep = (into) => (trades) => trades.forEach((trade) => into.set(trade.id, trade));
  const follows = [
    follow(() => annStream.watchTrades(PERPETUAL), keep(all), stopped),
    follow(() => annStream.watchMyTrades(PERPETUAL), keep(made), stopped),
    follow(() => bobStream.watchMyTrades(PERPETUAL), keep(took), stopped),
  ];
  // The first crossings may come before a subscription is active: cross until one is seen.
  let crossing;
  let isSeen = false;
  while (!isSeen) {
    crossing = await cross(ann, bob, PERPETUAL, 10);
    isSeen = await within(1000, () => [all, made, took].every((told) => told.has(crossing.tradeId)));
  }
  const [seen, bought, sold] = [all, made, took].map((told) => told.get(crossing.tradeId));
  for (const trade of [seen, bought, sold]) {
    assert.deepEqual([trade.price, trade.amount], [crossing.price, 10]);
  }
  assert.deepEqual([seen.side, bought.side, sold.side], ["sell", "buy", "sell"]);
  assert.deepEqual([bought.takerOrMaker, sold.takerOrMaker], ["maker", "taker"]);
  stopped.trip();
  await Promise.all(follows);
});

it("watched orders tell the life of an order", async () => {
  const price = await farBid(ann, PERPETUAL);
  const lives = new Map();
  const stopped = stop();
  const take = (orders) => {
    for (const { id, status, amount } of orders) {
      const life = lives.get(id) ?? [];
      const state = `${status} ${amount}`;
      if (life.at(-1) !== state) lives.set(id, [...life, state]);
    }
  };
  const following = follow(() => annStream.watchOrders(PERPETUAL), take, stopped);
  let placed;
  let isTold = false;
  while (!isTold) {
    placed = await ann.createOrder(PERPETUAL, "limit", "buy", 30, price);
    isTold = await within(1000, () => lives.get(placed.id)?.includes("open 30"));
  }
  await ann.editOrder(placed.id, PERPETUAL, "limit", "buy", 20, price);
  assert.ok(await within(5000, () => lives.get(placed.id).includes("open 20")));
  await ann.cancelOrder(placed.id);
  assert.ok(await within(5000, () => lives.get(placed.id).includes("canceled 20")));
  assert.deepEqual(lives.get(placed.id), ["open 30", "open 20", "canceled 20"]);
  stopped.trip();
  await following;
});

it("a watched balance starts with the present and follows a fee", async () => {
  let balance = await annStream.watchBalance();
  while (!("BTC" in balance)) balance = await annStream.watchBalance();
  const cash = balance.BTC.info.balance;
  const fetched = await ann.privateGetGetAccountSummary({ currency: "BTC" });
  assert.equal(Number(cash), Number(fetched.result.balance));
  await ann.createOrder(PERPETUAL, "market", "buy", 100);
  while (balance.BTC.info.balance === cash) balance = await annStream.watchBalance();
  await ann.createOrder(PERPETUAL, "market", "sell", 100);
});

it("a socket with a wrong secret is told so", async () => {
  const stranger = await desk(0);
  stranger.secret = "x".repeat(43);
  await assert.rejects(stranger.watchOrders(PERPETUAL), ccxt.ExchangeError);
  await stranger.close();
});
