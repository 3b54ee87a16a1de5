'use strict';
const { alarms } = require('./charge');
const metrics = require('./metrics');
const { quote } = require('./quote');
const release = require('./release');
const shelves = require('./shelves');

const json = (status, value) => ({ status, type: 'application/json', body: JSON.stringify(value) });

const ROUTES = {
  '/health': () => json(200, { ok: true }),
  '/api/status': () => json(200, { ok: true, stage: process.env.SHOP_ENV, uptime: process.uptime(), alarms }),
  '/api/version': () => json(200, release),
  '/api/products': () =>
    json(
      200,
      Object.keys(shelves).map((sku) => quote(sku, 1)),
    ),
  '/api/price': (query) => price(query.get('sku'), Number(query.get('pieces') ?? 1)),
  // The supplier's line is closed more often than not; our customers know.
  '/api/stock': () => json(503, { error: 'the supplier does not answer' }),
  '/metrics': () => ({ status: 200, type: 'text/plain; version=0.0.4', body: metrics.text() }),
};

function price(sku, pieces) {
  if (!Number.isSafeInteger(pieces) || pieces < 1) return json(400, { error: 'pieces is a whole number from 1' });
  const quoted = quote(sku, pieces);
  return quoted ? json(200, quoted) : json(404, { error: 'we do not sell that' });
}

/** The answer to a request; whatever goes wrong inside is a 500, and the log says what. */
function answer(request) {
  const { pathname, searchParams } = new URL(request.url, 'http://shop');
  const route = Object.hasOwn(ROUTES, pathname) ? ROUTES[pathname] : () => json(404, { error: 'no such page' });
  try {
    return route(searchParams);
  } catch (error) {
    console.error(error.stack);
    return json(500, { error: 'something went wrong' });
  }
}

module.exports = { answer };
