'use strict';
const http = require('node:http');

/** `node scripts/get.js PATH`: prints what the shop on PORT answers to PATH; exit 1 unless it is a 200. */
const options = { host: '127.0.0.1', port: Number(process.env.PORT), path: process.argv[2], timeout: 2000 };
const request = http.get(options, (response) => {
  response.pipe(process.stdout);
  process.exitCode = response.statusCode === 200 ? 0 : 1;
});
request.on('timeout', () => request.destroy());
request.on('error', () => (process.exitCode = 1));
