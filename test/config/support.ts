/** A folder with config files for one test, and a small config that is right. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadConfig } from '../../src/config/load';
import type { LoadedService } from '../../src/config/loaded';
import { ConfigError } from '../../src/config/problems';
import type { Variables } from '../../src/config/secrets';

export const HASH = { ann: 'a'.repeat(64), bo: 'b'.repeat(64), dev: 'c'.repeat(64) };
export const VARIABLES: Variables = {
  ANN_TOKEN_SHA256: HASH.ann,
  BO_TOKEN_SHA256: HASH.bo,
  DEV_TOKEN_SHA256: HASH.dev,
  TELEGRAM_TOKEN: '123456:telegram-secret',
};

/** The smallest config that says all it must; lines are counted in the tests. */
export const SMALL = `version: 1
service: shop
repo: { url: ./shop.git }
timezone: Asia/Bangkok
slots:
  t1: { at: '20:00' }
  t2: { at: '22:00' }
people:
  ann: { roles: [admin] }
environments:
  uat:
    url: http://127.0.0.1:4101
    deploy: { driver: script, script: scripts/deploy.sh }
    watch: { source: { scrape: /metrics } }
  prod:
    url: http://127.0.0.1:4102
    deploy: { driver: script, script: scripts/deploy.sh }
    watch: { source: { scrape: /metrics } }
`;

/** Runs a test in a folder of its own that is gone afterwards. */
export function inFolder<T>(files: Readonly<Record<string, string>>, test: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-config-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return test(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function load(text: string, variables: Variables = VARIABLES): LoadedService {
  return inFolder({ 'tidegate.yaml': text }, (cwd) => {
    const [service] = loadConfig({ configPath: null, cwd, variables, secrets: 'require' });
    if (!service) throw new Error('no service was loaded');
    return service;
  });
}

/** The lines a person would read, or none when the call succeeds. */
export function problemLines(call: () => unknown): readonly string[] {
  try {
    call();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}
