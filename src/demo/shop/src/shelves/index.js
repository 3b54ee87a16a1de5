'use strict';

/** Every product by its sku. */
module.exports = {
  ...require('./tea'),
  ...require('./coffee'),
  ...require('./spices'),
  ...require('./sweets'),
};
