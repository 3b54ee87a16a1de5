'use strict';
const http = require('node:http');
const { answer } = require('./routes');
const metrics = require('./metrics');

const server = http.createServer((request, response) => {
  const done = metrics.begin();
  const { status, type, body } = answer(request);
  response.writeHead(status, { 'content-type': type });
  response.end(body);
  done(status);
});

/** Answers what is open, then leaves; two seconds are enough for anybody. */
function close() {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  setTimeout(() => process.exit(0), 2000).unref();
}

/** `--check` boots on any free port and leaves again: proof that this build can run here. */
function opened() {
  console.log(`open on port ${server.address().port}`);
  if (process.argv.includes('--check')) close();
}

process.on('SIGTERM', close);
process.on('SIGINT', close);
server.listen(process.argv.includes('--check') ? 0 : Number(process.env.PORT), '127.0.0.1', opened);
