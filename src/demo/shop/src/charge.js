'use strict';
const path = require('node:path');

const ROOT = path.dirname(__dirname) + path.sep;
const KEPT = 20;

/** The latest pricing alarms, newest first: `{ at, stack }`. */
const alarms = [];

/** Tells that a product has no price for so many pieces; the stack begins at the product's own line. */
function raise(product, pieces) {
  const alarm = new Error(`${product.name}: no bulk price for ${pieces} pieces, charging the full price`);
  Error.captureStackTrace(alarm, charge);
  const stack = alarm.stack.replaceAll(ROOT, '');
  console.error(stack);
  alarms.unshift({ at: new Date().toISOString(), stack });
  alarms.length = Math.min(alarms.length, KEPT);
}

/** What `pieces` of a product cost in cents: `off` lists the percentages for 10, 20, 30 … pieces. */
function charge(pieces, product) {
  const tens = Math.floor(pieces / 10);
  const off = tens === 0 ? 0 : product.off[tens - 1];
  if (off === undefined) raise(product, pieces);
  const total = Math.round((product.unit * pieces * (100 - (off ?? 0))) / 100);
  return { name: product.name, unit: product.unit, pieces, total };
}

module.exports = { alarms, charge };
