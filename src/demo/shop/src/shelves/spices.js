'use strict';
const { charge } = require('../charge');

module.exports = {
  cardamom: (pieces) =>
    charge(pieces, {
      name: 'Cardamom, 50 g',
      unit: 540,
      off: [5],
    }),
  cinnamon: (pieces) =>
    charge(pieces, {
      name: 'Cinnamon, 50 g',
      unit: 280,
      off: [5],
    }),
  cloves: (pieces) =>
    charge(pieces, {
      name: 'Cloves, 50 g',
      unit: 330,
      off: [5],
    }),
  ginger: (pieces) =>
    charge(pieces, {
      name: 'Ginger, 50 g',
      unit: 210,
      off: [5],
    }),
  'star-anise': (pieces) =>
    charge(pieces, {
      name: 'Star anise, 50 g',
      unit: 310,
      off: [5],
    }),
  turmeric: (pieces) =>
    charge(pieces, {
      name: 'Turmeric, 50 g',
      unit: 190,
      off: [5],
    }),
};
