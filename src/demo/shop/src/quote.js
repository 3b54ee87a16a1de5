'use strict';
const shelves = require('./shelves');

/** What a customer pays for some pieces of a product; null for what we do not sell. */
function quote(sku, pieces) {
  if (!Object.hasOwn(shelves, sku)) return null;
  return { sku, ...shelves[sku](pieces) };
}

module.exports = { quote };
