/** Abuse 22: secrets are sown where people and machines let them slip, one bug goes its real way, and nothing holds one. */
import { appendFile, chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Payload } from '@temporalio/common';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { destination } from 'pino';
import { createLogger } from '../../src/api/logger';
import { createDataConverter } from '../../src/codec/data-converter';
import { claimedWorkflow, open } from '../../src/codec/seal';
import { loadConfig } from '../../src/config/load';
import { describe as reportOf } from '../../src/demo/demo-bugs';
import { findDefect, prepareFix } from '../../src/demo/fixes';
import { demoTokens } from '../../src/demo/people';
import { startAll } from '../../src/up';
import { signingWith } from '../../src/wiring/signing';
import { newKey, sealingWith } from '../codec/keys';
import type { ProductPlan } from '../e2e/product';
import { makeTown, type Running, type Town } from '../e2e/town';
import { devServer } from '../support/environments';
import { SIGNING_KEY } from '../support/signing';
import { temporaryFolder } from '../support/temporary-folder';

const temporal = devServer();
const LIMIT_MS = 180_000;
const SEALED = sealingWith(newKey('k1'));
/** Nothing secret, and nobody's business who only reads Temporal's database. */
const WORDS = 'The wholesale discount is gone';

/** Each has the shape in which its kind of secret slips out. */
const CANARY = {
  envFile: 'canary-envfile-4711',
  stderr: 'canary-stderr-4712',
  title: 'ghp_canaryTitle47130000000000000000000000',
  url: 'canary-url-4714',
  reason: 'canary-reason-4715',
};

let town: Town;
let product: Running;
let folder: string;

async function sealedBundle(): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: require.resolve('../../src/workflows'),
    payloadConverterPath: require.resolve('../../src/codec/payload-converter'),
    failureConverterPath: require.resolve('../../src/codec/failure-converter'),
    ignoreModules: ['crypto'],
    logger: new DefaultLogger('ERROR'),
  });
  const path = join(folder, 'workflow-bundle-sealed.js');
  await writeFile(path, code);
  return path;
}

/** The product as it runs with a key, talking as much as it can. */
async function startSealed({ configPath, stateDir, temporal: address }: ProductPlan): Promise<Running> {
  product = await startAll({
    signing: signingWith(SIGNING_KEY),
    services: loadConfig({ configPath, cwd: stateDir, variables: {}, secrets: 'require' }),
    temporal: {
      ...{ address, namespace: 'default', options: {}, uiUrl: null },
      dataConverter: createDataConverter(SEALED),
    },
    stateDir,
    ledger: join(stateDir, 'ledger.db'),
    listen: { host: '127.0.0.1', port: 0 },
    logger: createLogger('trace', destination({ dest: join(stateDir, 'tidegate.log'), sync: true })),
    workflows: { workflowBundle: { codePath: await sealedBundle() } },
  });
  return product;
}

/** The demo's own script behind one that says what it should not. */
async function talkativeScript(): Promise<string> {
  const path = join(folder, 'deploy.sh');
  const lines = [
    '#!/usr/bin/env bash',
    '# knows --check, --status, --rollback --to',
    `printf 'using %s\\n' "$PAYMENT_KEY"`,
    `printf 'connecting with password=${CANARY.stderr} and %s\\n' "$PAYMENT_KEY" >&2`,
    'exec bash scripts/deploy.sh "$@"',
  ];
  await writeFile(path, `${lines.join('\n')}\n`);
  await chmod(path, 0o755);
  return path;
}

const RAW_OUTPUT = /\/jobs\/[^/]+\/output$/;

/** Everything of a state folder that Tidegate writes; where the secrets come from is not it. */
async function written(dir: string): Promise<readonly { readonly path: string; readonly text: string }[]> {
  const own = /^(tokens|targets|shop\.git|tidegate\.yaml|\.env\..*)$/;
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !own.test(path.slice(dir.length + 1).split('/')[0] ?? ''))
    // The script's own words before anybody read them: on the environment's host, for the worker's user alone.
    .filter((path) => !RAW_OUTPUT.test(path));
  return Promise.all(files.map(async (path) => ({ path, text: await readFile(path, 'latin1') })));
}

const isPayload = (value: unknown): value is Payload =>
  typeof value === 'object' && value !== null && 'metadata' in value && 'data' in value;

/** Every history, as it lies in the database and as somebody with the key reads it. */
async function histories(): Promise<{ readonly raw: string; readonly opened: string }> {
  const raw: string[] = [];
  const opened: string[] = [];
  const { client } = temporal();
  for await (const { workflowId, runId, memo, typedSearchAttributes } of client.workflow.list()) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    raw.push(JSON.stringify([memo, typedSearchAttributes]));
    const visit = (value: unknown): void => {
      if (value instanceof Uint8Array) return void raw.push(Buffer.from(value).toString('latin1'));
      if (isPayload(value) && claimedWorkflow(value) !== '') {
        const result = open(SEALED, { namespace: 'default', workflowId: claimedWorkflow(value) }, value);
        opened.push(result.ok ? Buffer.from(result.payload.data ?? []).toString() : result.reason);
      }
      if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) visit(member);
      else if (typeof value === 'string') raw.push(value);
    };
    events?.forEach(visit);
  }
  return { raw: raw.join('\n'), opened: opened.join('\n') };
}

/** The canaries that a text holds. */
const sungIn = (text: string): readonly string[] => Object.values(CANARY).filter((canary) => text.includes(canary));

beforeAll(async () => {
  folder = await temporaryFolder();
  const script = await talkativeScript();
  town = await makeTown({
    temporal,
    launch: startSealed,
    config: (text) =>
      text.replaceAll('script: scripts/deploy.sh,', `script: scripts/deploy.sh, scriptFrom: "${script}",`),
  });
  for (const stage of ['uat', 'prod'] as const) {
    await appendFile(town.paths.envFile(stage), `PAYMENT_KEY=${CANARY.envFile}\n`);
  }
  await town.start('T1');
  const defect = await findDefect(town.repository, () => false);
  const report = await reportOf(town.prod, defect);
  await town.post('dev', '/v1/bugs', {
    ...report,
    title: `${WORDS} ${CANARY.title}`,
    description: `Seen with postgres://shop:${CANARY.url}@db.example/shop; ${report.description}`,
  });
  await prepareFix(town.repository, '1', defect, { breaking: false, now: new Date() });
  const reason = `I looked with token=${CANARY.reason}`;
  await town.post('dev', '/v1/bugs/1/decisions', { verb: 'approve-prod', sha: 'f'.repeat(40), reason });
  await town.post('ann', '/v1/bugs/1/decisions', { verb: 'confirm', reason });
  await town.untilBug('1', ({ status }) => status === 'deployed_uat');
}, LIMIT_MS);

afterAll(async () => {
  await town.end();
  await rm(folder, { recursive: true, force: true });
}, LIMIT_MS);

it('keeps every secret that slipped into a title, a reason, a URL or a script out of all that is stored', async () => {
  const files = await written(town.paths.state);
  expect(files.map(({ path }) => path)).toContainEqual(expect.stringContaining('ledger.db'));
  expect(files.filter(({ text }) => sungIn(text).length > 0).map(({ path, text }) => [path, ...sungIn(text)])).toEqual(
    [],
  );
  const { raw, opened } = await histories();
  expect(opened).toContain(WORDS);
  expect([sungIn(raw), sungIn(opened)]).toEqual([[], []]);
});

it('answers nobody with one, whatever they ask the API', async () => {
  const { ann } = await demoTokens(town.paths);
  const answer = async (path: string): Promise<string> =>
    (await fetch(new URL(path, product.url), { headers: { authorization: `Bearer ${ann}` } })).text();
  const lists = [
    '/v1/bugs',
    '/v1/bugs/1',
    '/v1/inbox',
    '/v1/environments',
    '/v1/deployments',
    '/v1/reports',
    '/metrics',
  ];
  for (const path of [...lists, '/v1/deployments/shop-uat-1', '/v1/deployments/shop-uat-1/log']) {
    expect([path, ...sungIn(await answer(path))]).toEqual([path]);
  }
  // They did sing: the words are there, and the secret in them is not.
  expect(await answer('/v1/deployments/shop-uat-1/log')).toMatch(/connecting with password=\*+REDACTED/);
  expect(await answer('/v1/bugs/1')).toMatch(/wholesale discount is gone \*+REDACTED/);
});

it('lets nobody read a run in Temporal’s database without the key: not even what a bug is called', async () => {
  const { raw } = await histories();
  expect(raw).toContain('binary/encrypted');
  expect(raw).not.toContain(WORDS);
});
