/** Deployments as the ledger gives them, for the tests of the reports. */
import type { DeploymentState } from '../../../src/domain/deployment';
import type { Passenger } from '../../../src/domain/environment';
import type { Sample } from '../../../src/domain/watch';
import { proofBy } from '../../support/signing';

export const ZONE = 'Asia/Bangkok';
/** 22:00 in Bangkok. */
export const START = Date.UTC(2026, 10, 3, 15, 0, 0);
const minute = (n: number): number => START + n * 60_000;
const sha = (letter: string): string => letter.repeat(40);

const passenger = (bug: string, title: string): Passenger => ({
  bug,
  title,
  severity: 'high',
  modules: ['cart'],
  fix: {
    ref: `fix/${bug}`,
    head: sha('f'),
    base: sha('a'),
    patchIds: [sha('9')],
    files: ['src/cart.js'],
    authors: ['dev@example.com'],
    diff: null,
  },
  approvals: [
    {
      by: 'ann',
      at: minute(-90),
      sha: sha('f'),
      productionSha: sha('a'),
      proof: proofBy('ann', sha('f'), '7', minute(-90)),
    },
  ],
});

/** A train whose fix raises the error rate: left at 22:00, broke the rule at T+3:00, went back, was verified. */
export const rolledBack: DeploymentState = {
  id: 'shop-prod-12',
  service: 'shop',
  env: 'prod',
  production: true,
  strategy: 'all-at-once',
  passengers: [passenger('7', 'Cart loses items'), passenger('8', 'Total | <b>wrong</b> `by one`')],
  previous: { version: '1.4.2', sha: sha('a') },
  candidate: {
    version: '1.4.3',
    sha: sha('c'),
    base: { version: '1.4.2', sha: sha('a') },
    aboard: ['7'],
    left: [{ bug: '8', cause: 'conflict', reason: 'does not apply on 1.4.2', files: ['src/total.js', 'src/tax.js'] }],
    changes: ['fix: keep items of a cart', '# chore: release 1.4.3'],
    scriptChanged: true,
  },
  fence: 12,
  revision: 'r1',
  questions: [],
  abort: null,
  startedAt: START,
  endedAt: minute(6),
  phase: null,
  phases: [
    { phase: 'preflight', startedAt: START, endedAt: START + 850, ok: true, detail: '' },
    { phase: 'execute', startedAt: START + 900, endedAt: minute(1), ok: true, detail: 'deploy.sh exited 0' },
    { phase: 'watch', startedAt: minute(1), endedAt: minute(4), ok: false, detail: 'hard breach' },
    { phase: 'rollback', startedAt: minute(4), endedAt: minute(5), ok: true, detail: '' },
    { phase: 'verify', startedAt: minute(5), endedAt: minute(6), ok: true, detail: '' },
  ],
  checks: [
    { name: 'script', ok: true, detail: 'scripts/deploy.sh is there and executable' },
    { name: 'previous version', ok: true, detail: '1.4.2 can be pulled and booted (--check)' },
  ],
  smoke: [{ name: 'version', ok: true, status: 200, ms: 12, detail: '' }],
  metadata: { url: 'https://bo:hunter2hunter2@shop.example.com/', id: 'run\u001b[31m-9\u202e' },
  breach: {
    rule: 'error-rate',
    metric: 'errorRate',
    class: 'hard',
    value: 0.2,
    baseline: 0.004,
    multiple: 50,
    afterMs: 180_000,
    sentence: 'error rate 20 % is 50 times the baseline at T+3 min',
  },
  verdict: 'Rolled-Back',
  reason: 'error rate 20 % is 50 times the baseline at T+3 min',
  rollback: {
    to: { version: '1.4.2', sha: sha('a') },
    verified: true,
    smoke: [{ name: 'version', ok: true, status: 200, ms: 9, detail: '' }],
    detail: '1.4.2 answers: 1 smoke checks passed and the mini watch held',
  },
  evidence: { samples: sha('1').slice(0, 32).repeat(2), log: sha('2').slice(0, 32).repeat(2) },
};

const sample = (at: number, errorRate: number): Sample => ({
  at,
  errorRate,
  requestRate: 12.5,
  p50: 0.012,
  p95: 0.08,
  p99: 0.1234,
  cpu: 0.45,
  memory: null,
  queueDepth: 3,
  health: 1,
  loginSuccess: null,
});

export const samples: readonly Sample[] = [
  sample(minute(2), 0.004),
  sample(minute(4), 0.2),
  sample(minute(5.5), 0.003),
];
