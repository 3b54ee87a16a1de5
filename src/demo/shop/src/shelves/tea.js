'use strict';
const { charge } = require('../charge');

module.exports = {
  'assam-tea': (pieces) =>
    charge(pieces, {
      name: 'Assam tea, 100 g',
      unit: 450,
      off: [5],
    }),
  darjeeling: (pieces) =>
    charge(pieces, {
      name: 'Darjeeling, 100 g',
      unit: 620,
      off: [5],
    }),
  'green-tea': (pieces) =>
    charge(pieces, {
      name: 'Green tea, 100 g',
      unit: 390,
      off: [5],
    }),
  'jasmine-tea': (pieces) =>
    charge(pieces, {
      name: 'Jasmine tea, 100 g',
      unit: 510,
      off: [5],
    }),
  oolong: (pieces) =>
    charge(pieces, {
      name: 'Oolong, 100 g',
      unit: 780,
      off: [5],
    }),
  rooibos: (pieces) =>
    charge(pieces, {
      name: 'Rooibos, 100 g',
      unit: 350,
      off: [5],
    }),
};
