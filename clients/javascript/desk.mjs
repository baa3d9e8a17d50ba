// Two traders' desks at the venue under test: unpatched ccxt, of which only the addresses are set.
// The address and the accounts come from the environment, where clients/run puts them.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import ccxt from "ccxt";

export const ACCOUNTS = JSON.parse(process.env.PLIMSOLL_ACCOUNTS);
export const PERPETUAL = "BTC/USD:BTC";

/** A client of the account; `close()` it when it has watched something. */
export async function desk(accountIndex) {
  const account = ACCOUNTS[accountIndex];
  const exchange = new ccxt.pro.deribit({ apiKey: account.client_id, secret: account.client_secret });
  exchange.urls.api = { rest: process.env.PLIMSOLL_HTTP, ws: process.env.PLIMSOLL_WS };
  await exchange.loadHttpProxyAgent(); // ccxt wants this once before it opens a plain ws:// address.
  await exchange.loadMarkets();
  return exchange;
}

/** A price that rests: well under the best bid, and inside the band. */
export async function farBid(exchange, symbol) {
  const ticker = await exchange.fetchTicker(symbol);
  const price = Math.max((ticker.bid + Number(ticker.info.min_price)) / 2, ticker.bid * 0.99);
  return Number(exchange.priceToPrecision(symbol, price));
}

/** The position in the dialect's units: above zero is long. */
export async function signedSize(exchange, symbol) {
  const rows = (await exchange.fetchPositions([symbol])).filter((row) => row.symbol === symbol);
  assert.ok(rows.length <= 1, "one row for each instrument");
  return rows.length === 1 ? rows[0].contracts : 0;
}

/**
 * Makes `taker` sell `amount` to `maker` inside the spread. The venue's own market makers move all the
 * time and may step in between; then what is left of the attempt is cancelled and the next one is made.
 */
export async function cross(maker, taker, symbol, amount, attemptsMax = 40) {
  const tick = maker.market(symbol).precision.price;
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const book = await maker.fetchOrderBook(symbol, 1);
    const price = Number(maker.priceToPrecision(symbol, book.bids[0][0] + tick));
    if (book.asks[0][0] <= price) {
      await sleep(200); // The spread is one tick: wait for the makers to move.
      continue;
    }
    const before = [await signedSize(maker, symbol), await signedSize(taker, symbol)];
    let bought;
    try {
      bought = await maker.createOrder(symbol, "limit", "buy", amount, price, { postOnly: true });
    } catch (refusal) {
      if (refusal instanceof ccxt.InvalidOrder) continue; // The ask came down to our price.
      throw refusal;
    }
    const sold = await taker.createOrder(symbol, "limit", "sell", amount, price, { timeInForce: "IOC" });
    const made = (await maker.fetchOrderTrades(bought.id)).map((trade) => trade.id);
    const took = (await taker.fetchOrderTrades(sold.id)).map((trade) => trade.id);
    if (sold.filled === amount && made.length === 1 && made.join() === took.join()) {
      return { price, amount, before, bought, sold, tradeId: made[0] };
    }
    if ((await maker.fetchOrder(bought.id)).status === "open") {
      await maker.cancelOrder(bought.id).catch(ignoreClosed);
    }
  }
  throw new Error(`no attempt of ${attemptsMax} on ${symbol} met the other desk alone`);
}

function ignoreClosed(refusal) {
  const closed = refusal instanceof ccxt.InvalidOrder || refusal instanceof ccxt.OrderNotFound;
  if (!closed) throw refusal; // Otherwise it was filled since we asked.
}

/** Resolves once `wanted()`, within `patienceMs`; tells whether it did. */
export async function within(patienceMs, wanted) {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    if (wanted()) return true;
    await sleep(20);
  }
  return wanted();
}
