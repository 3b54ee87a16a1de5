/** `tidegate init`: a first tidegate.yaml from what is there; it never overwrites one. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collectFacts } from './facts';
import type { Facts } from './facts';
import { CONFIG_FILE } from './find';
import { ConfigError } from './problems';

export interface Initialised {
  readonly path: string;
  readonly facts: Facts;
  /** What a person does next, one sentence each. */
  readonly next: readonly string[];
}

/** Writes the file into `cwd`. @throws ConfigError when there is one already */
export async function initConfig(cwd: string): Promise<Initialised> {
  const facts = await collectFacts(cwd);
  const path = join(cwd, CONFIG_FILE);
  try {
    // `wx`: the file system itself refuses a file that is there, also one that came this instant.
    await writeFile(path, renderConfig(facts), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new ConfigError([
      {
        file: CONFIG_FILE,
        line: null,
        column: null,
        path: '(file)',
        found: 'a file that is there already',
        allowed: 'a folder without one: edit the file, or move it away first',
        didYouMean: null,
      },
    ]);
  }
  return { path, facts, next: nextSteps(facts) };
}

function nextSteps(facts: Facts): readonly string[] {
  return [
    'Set the two addresses under environments to where the service really answers.',
    ...(facts.deployScript === null ? ['Write scripts/deploy.sh: no deploy script was found.'] : []),
    'Make a token for each person with: tidegate auth token. Set ADMIN_TOKEN_SHA256 and DEV_TOKEN_SHA256 to the hashes.',
    'See what it means: tidegate config check',
    'For help in the editor: tidegate config schema > tidegate.schema.json',
  ];
}

/** The text of a first config; JSON strings are YAML strings, so whatever was found is quoted safely. */
export function renderConfig(facts: Facts): string {
  const quote = (value: string): string => JSON.stringify(value);
  const script = facts.deployScript ?? 'scripts/deploy.sh';
  const note = facts.deployScript === null ? ' # not found: write it' : '';
  const environment = (env: string, port: number, window: string): readonly string[] => [
    `  ${env}:`,
    `    url: http://127.0.0.1:${port} # where ${env} answers`,
    `    deploy: { driver: script, script: ${quote(script)} }${note}`,
    ...(facts.envFiles ? [`    envFile: .env.${env} # checked against .env.example`] : []),
    '    smoke: [{ name: version, get: /api/version, expect: { json: { version: "{{version}}" } } }]',
    `    watch: { window: ${window}, source: { scrape: /metrics } }`,
  ];
  return [
    '# yaml-language-server: $schema=./tidegate.schema.json',
    'version: 1',
    `service: ${facts.service}`,
    `repo: { url: ${quote(facts.remote ?? '.')}, main: ${quote(facts.branch)}, versionFile: ${quote(facts.versionFile)}, changelog: ${quote(facts.changelog)} }`,
    facts.lastTag === null ? '# no version tag yet' : `# last version tag: ${JSON.stringify(facts.lastTag)}`,
    `timezone: ${quote(facts.zone)}`,
    'slots:',
    '  t1: { at: "20:00" } # confirmed fixes leave for uat',
    '  t2: { at: "22:00" } # approved fixes leave for prod',
    'people: # each token is the SHA-256 of that person’s bearer token',
    '  admin: { roles: [admin], token: "${env:ADMIN_TOKEN_SHA256}" }',
    '  dev: { roles: [developer], token: "${env:DEV_TOKEN_SHA256}" }',
    'environments: # ladder order: the last is production, the one before it validates fixes',
    ...environment('uat', 4101, '15m'),
    ...environment('prod', 4102, '60m'),
    '',
  ].join('\n');
}
