'use strict';
const { charge } = require('../charge');

module.exports = {
  'almond-brittle': (pieces) =>
    charge(pieces, {
      name: 'Almond brittle, 200 g',
      unit: 590,
      off: [5],
    }),
  'coconut-bar': (pieces) =>
    charge(pieces, {
      name: 'Coconut bar, 60 g',
      unit: 120,
      off: [5],
    }),
  'dried-mango': (pieces) =>
    charge(pieces, {
      name: 'Dried mango, 150 g',
      unit: 430,
      off: [5],
    }),
  'ginger-snaps': (pieces) =>
    charge(pieces, {
      name: 'Ginger snaps, 200 g',
      unit: 340,
      off: [5],
    }),
  honey: (pieces) =>
    charge(pieces, {
      name: 'Honey, 350 g',
      unit: 650,
      off: [5],
    }),
  nougat: (pieces) =>
    charge(pieces, {
      name: 'Nougat, 150 g',
      unit: 470,
      off: [5],
    }),
};
