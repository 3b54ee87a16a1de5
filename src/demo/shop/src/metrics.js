'use strict';
const os = require('node:os');

const BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const requests = new Map();
const buckets = BOUNDS.map(() => 0);
let answered = 0;
let seconds = 0;
let open = 0;
let cpu = { at: process.hrtime.bigint(), usage: process.cpuUsage(), ratio: 0 };

/** Begins to measure a request; call what it returns with the status. */
function begin() {
  const start = process.hrtime.bigint();
  open += 1;
  return (status) => {
    const took = Number(process.hrtime.bigint() - start) / 1e9;
    open -= 1;
    answered += 1;
    seconds += took;
    requests.set(status, (requests.get(status) ?? 0) + 1);
    BOUNDS.forEach((bound, index) => (buckets[index] += took <= bound ? 1 : 0));
  };
}

/** Share of one processor since the last look, at least half a second ago. */
function cpuRatio() {
  const passed = Number(process.hrtime.bigint() - cpu.at) / 1e3;
  if (passed < 5e5) return cpu.ratio;
  const used = process.cpuUsage(cpu.usage);
  cpu = { at: process.hrtime.bigint(), usage: process.cpuUsage(), ratio: (used.user + used.system) / passed };
  return cpu.ratio;
}

const gauge = (name, value) => [`# TYPE ${name} gauge`, `${name} ${value}`];

/** Everything in the Prometheus text format. */
function text() {
  const name = 'http_request_duration_seconds';
  const lines = [
    '# TYPE http_requests_total counter',
    ...[...requests].map(([status, count]) => `http_requests_total{status="${status}"} ${count}`),
    `# TYPE ${name} histogram`,
    ...BOUNDS.map((bound, index) => `${name}_bucket{le="${bound}"} ${buckets[index]}`),
    `${name}_bucket{le="+Inf"} ${answered}`,
    `${name}_sum ${seconds}`,
    `${name}_count ${answered}`,
    ...gauge('process_start_time_seconds', Date.now() / 1000 - process.uptime()),
    ...gauge('cpu_usage_ratio', cpuRatio()),
    ...gauge('memory_usage_ratio', process.memoryUsage.rss() / os.totalmem()),
    // The request that asks for this text is itself open; it is nobody's queue.
    ...gauge('queue_depth', Math.max(0, open - 1)),
  ];
  return `${lines.join('\n')}\n`;
}

module.exports = { begin, text };
