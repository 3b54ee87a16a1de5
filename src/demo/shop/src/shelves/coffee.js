'use strict';
const { charge } = require('../charge');

module.exports = {
  'house-blend': (pieces) =>
    charge(pieces, {
      name: 'House blend, 250 g',
      unit: 690,
      off: [5],
    }),
  espresso: (pieces) =>
    charge(pieces, {
      name: 'Espresso, 250 g',
      unit: 740,
      off: [5],
    }),
  decaf: (pieces) =>
    charge(pieces, {
      name: 'Decaf, 250 g',
      unit: 720,
      off: [5],
    }),
  'doi-chang': (pieces) =>
    charge(pieces, {
      name: 'Doi Chang, 250 g',
      unit: 980,
      off: [5],
    }),
  robusta: (pieces) =>
    charge(pieces, {
      name: 'Robusta, 250 g',
      unit: 560,
      off: [5],
    }),
  'cold-brew': (pieces) =>
    charge(pieces, {
      name: 'Cold brew, 1 l',
      unit: 480,
      off: [5],
    }),
};
