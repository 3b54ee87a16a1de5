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
  /** `scripts`: deployments run a real script by the real driver; everything else has nothing behind it. */
  readonly drivers: 'none' | 'scripts';
  /** A slot of either kind this often. */
  readonly slotMs: number;
  /** Watch window and interval, below what a config file may say. */
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

/** The service of a plan, with the short watch, and who signs. */
export function servicesOf(plan: ProductPlan): {
  readonly services: readonly LoadedService[];
  readonly signing: Signing;
} {
  const signing = signingWith(plan.signingKey);
  const loaded = loadConfig({
    configPath: join(plan.folder, 'tidegate.yaml'),
    cwd: plan.folder,
    variables: {},
    secrets: 'require',
  });
  const services = loaded.map((service) => ({ ...service, policy: withShortWatch(service.policy, plan.watchMs) }));
  return { services: trusting(services, signing.trusted), signing };
}

function withShortWatch(policy: LoadedService['policy'], watchMs: number): LoadedService['policy'] {
  const short = (env: string) => {
    const found = environmentPolicy(policy, env);
    const watch = {
      ...found.watch,
      windowMs: watchMs,
      everyMs: Math.max(1, watchMs / 2),
      baselineMs: watchMs,
      miniWindowMs: watchMs,
    };
    return [env, { ...found, watch }] as const;
  };
  return { ...policy, environments: Object.fromEntries(policy.ladder.map(short)) };
}
