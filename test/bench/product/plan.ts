/** What both of the product's processes are told; plain data. */
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeKeyPair } from '../../../src/drivers/ed25519/keys';
import { loadConfig } from '../../../src/config/load';
import type { LoadedService } from '../../../src/config/loaded';
import { environmentPolicy } from '../../../src/domain/policy';
import { signingWith, trusting, type Signing } from '../../../src/wiring/signing';

export interface ProductPlan {
  readonly service: string;
  readonly folder: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly ledger: string;
  readonly bundle: string;
  readonly signingKey: string;
  /** Deployments run a real script that takes so long, by the real driver; null: nothing is behind them either. */
  readonly scriptSeconds: number | null;
  /** A slot of either kind this often. */
  readonly slotMs: number;
  /** Whether trains carry one fix each. */
  readonly oneByOne: boolean;
  /** Watch window, below what a config file may say. */
  readonly watchMs: number;
}

/** Tokens of the two people of a bench: who reports, and who decides. */
export interface BenchTokens {
  readonly dev: string;
  readonly ann: string;
}

export function writeConfig(folder: string, service: string): BenchTokens {
  const tokens = { dev: newToken(), ann: newToken() };
  for (const [name, token] of Object.entries(tokens)) {
    writeFileSync(join(folder, `${name}.sha256`), createHash('sha256').update(token).digest('hex'));
  }
  writeFileSync(
    join(folder, 'tidegate.yaml'),
    [
      'version: 1',
      `service: ${service}`,
      'repo: { url: ./none.git, main: main, versionFile: package.json, changelog: CHANGELOG.md }',
      'timezone: UTC',
      'slots: { t1: { at: "20:00" }, t2: { at: "22:00" } }',
      'people:',
      '  ann: { roles: [admin], token: "file:ann.sha256" }',
      '  dev: { roles: [developer], token: "file:dev.sha256" }',
      'environments:',
      ...['uat', 'prod'].flatMap((env) => [
        `  ${env}:`,
        '    url: http://127.0.0.1:9',
        '    deploy: { driver: script, script: deploy.sh }',
        '    smoke: [{ name: open, get: /, expect: { status: 200 } }]',
        '    watch: { window: 15m, every: 1m, source: { scrape: /metrics }, rules: default }',
      ]),
      '',
    ].join('\n'),
  );
  return tokens;
}

const newToken = (): string => `tg_${randomBytes(32).toString('base64url')}`;

export const newSigningKey = (): string => makeKeyPair().signingKey;

/** The service of a plan, with what a bench needs otherwise, and who signs. */
export function servicesOf(plan: ProductPlan): {
  readonly services: readonly LoadedService[];
  readonly signing: Signing;
} {
  const signing = signingWith(plan.signingKey);
  const service = loadedService(plan.folder);
  const services = [{ ...service, policy: benched(service.policy, plan) }];
  return { services: trusting(services, signing.trusted), signing };
}

/** The one service of a folder's config, as people wrote it. */
export function loadedService(folder: string): LoadedService {
  const configPath = join(folder, 'tidegate.yaml');
  const [service] = loadConfig({ configPath, cwd: folder, variables: {}, secrets: 'require' });
  if (!service) throw new Error(`${configPath} has no service`);
  return service;
}

function benched(policy: LoadedService['policy'], { watchMs, oneByOne }: ProductPlan): LoadedService['policy'] {
  const short = (env: string) => {
    const found = environmentPolicy(policy, env);
    // The interval stays: the worker takes readings of its own that often, which nobody should pay for here.
    const watch = { ...found.watch, windowMs: watchMs, miniWindowMs: watchMs };
    return [env, { ...found, watch }] as const;
  };
  const train = oneByOne ? { ...policy.train, mode: 'one-by-one' as const } : policy.train;
  return { ...policy, train, environments: Object.fromEntries(policy.ladder.map(short)) };
}
