/** The corpus of hostile texts, through every field of every POST route, through git and into every sink. */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import type { Operation } from '../../src/api/operation';
import { operations } from '../../src/api/operations';
import { problemSchema } from '../../src/api/schemas/common';
import { createGitSource } from '../../src/drivers/git/source';
import { createFileReports } from '../../src/drivers/reports/file-reports';
import { askedEvents, environmentEvents, tokenEvents, tokenOf, validatedBug } from '../api/sample';
import { createWorld, pathOf, type World } from '../api/support';
import { createGitFixture } from '../support/git-fixture';
import { temporaryFolder } from '../support/temporary-folder';
import { hostileTexts } from './corpus';

let folder = '';
let canary = '';
let corpus: readonly string[] = [];
let world: World & { close(): Promise<void> };
let server: Server;
let url = '';

beforeAll(async () => {
  folder = await temporaryFolder();
  canary = join(folder, 'canary');
  corpus = hostileTexts(canary);
  const many = 1_000_000;
  world = await createWorld({ limits: { perMinute: many, perRunMinute: many } });
  await world.ledger.append([
    ...[...validatedBug('1'), ...validatedBug('2'), ...askedEvents('shop-prod-2')],
    ...[...environmentEvents('prod'), ...tokenEvents('6b6f1d2a9c3b')],
  ]);
  server = createServer(world.app).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await world.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(() => {
  expect(existsSync(canary)).toBe(false);
});

type Shape = {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Shape>>;
  readonly type?: unknown;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly additionalProperties?: Shape | boolean;
};
type Path = readonly (string | number)[];

/** Where a body takes a value: every leaf of its schema. */
function leaves(shape: Shape, defs = shape.$defs ?? {}, path: Path = []): readonly Path[] {
  const named = defs[shape.$ref?.split('/').at(-1) ?? ''];
  if (named) return leaves(named, defs, path);
  if (shape.properties)
    return Object.entries(shape.properties).flatMap(([key, each]) => leaves(each, defs, [...path, key]));
  if (shape.items) return leaves(shape.items, defs, [...path, 0]);
  if (typeof shape.additionalProperties === 'object') return leaves(shape.additionalProperties, defs, [...path, '1']);
  return [path];
}

/** The body with a value at a path, whatever stood there. */
function withValue(body: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  if (typeof key === 'number') return [withValue(undefined, rest, value)];
  const members = (body ?? {}) as Readonly<Record<string, unknown>>;
  return { ...members, [key]: withValue(members[key], rest, value) };
}

const posts = operations.filter(({ method }) => method === 'post');
const named = posts.map((operation) => [operation.path, operation] as const);

async function send(operation: Operation, body: unknown): Promise<{ status: number; text: string }> {
  const headers = { Authorization: `Bearer ${tokenOf('ann')}`, 'Content-Type': 'application/json' };
  const reply = await fetch(`${url}${pathOf(operation)}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: reply.status, text: await reply.text() };
}

async function expectHarmless(operation: Operation, body: unknown, what: unknown): Promise<void> {
  const { status, text } = await send(operation, body);
  const about = JSON.stringify(what).slice(0, 100);
  expect([about, [200, 201, 403, 404, 409, 413, 422].includes(status)]).toEqual([about, true]);
  if (status >= 400) expect(problemSchema.safeParse(JSON.parse(text)).success).toBe(true);
  expect(text).not.toMatch(/node_modules|\\n {4}at /);
}

test('the corpus is large, and no text is in it twice', () => {
  expect(corpus.length).toBeGreaterThanOrEqual(300);
  expect(new Set(corpus).size).toBe(corpus.length);
});

test.each(named)(
  'POST %s takes every hostile text in every field as text, or refuses it, and does nothing else',
  async (_path, operation) => {
    const { body: schema, example } = operation;
    if (!schema) throw new Error(`${operation.id} takes no body: say what is driven through it`);
    const paths = leaves(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape);
    expect(paths.length).toBeGreaterThan(1);
    const takesText = (path: Path): boolean => schema.safeParse(withValue(example.body, path, 'Any text: ü')).success;
    const free = paths.filter(takesText);
    // Fields of free text are independent of each other: one request fills them all.
    for (const text of corpus) {
      const all = free.reduce((body, path) => withValue(body, path, text), example.body);
      await expectHarmless(operation, all, text);
    }
    for (const path of paths.filter((each) => !free.includes(each))) {
      for (const text of corpus) {
        const body = withValue(example.body, path, text);
        const refused = !schema.safeParse(body).success;
        // What the schema refuses never reaches a handler: a few of those through the app are enough.
        if (!refused || text.length % 25 === 3) await expectHarmless(operation, body, [path, text]);
      }
    }
  },
);

test('git is asked for no hostile name, and runs nothing when it is given one', async () => {
  const shop = createGitFixture();
  try {
    const source = createGitSource({
      ...{ url: shop.url, main: 'main', versionFile: 'package.json', changelog: 'CHANGELOG.md' },
      mirrorDir: join(shop.folder, 'mirror'),
    });
    await source.fetch();
    const sha = shop.git('rev-parse', 'main');
    const before = shop.git('for-each-ref');
    for (const text of corpus) {
      const answers = await Promise.allSettled([
        source.resolve(text),
        source.fix(text),
        source.versionAt(text),
        source.differs(sha, text, 'package.json'),
        source.move([{ ref: text, from: null, to: sha }]),
        source.tag(text, 'not a sha', text, 0),
      ]);
      for (const answer of answers) {
        if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ kind: 'BadRef' });
      }
      const did = answers.flatMap(({ status }, index) =>
        index > 1 && status === 'fulfilled' ? [[text.slice(0, 80), index]] : [],
      );
      expect(did).toEqual([]);
    }
    expect(shop.git('for-each-ref')).toBe(before);
  } finally {
    shop.destroy();
  }
});

test('a hostile name of a report reads nothing, least of all what lies beside the folder', async () => {
  await mkdir(join(folder, 'releases'), { recursive: true });
  for (const name of ['secret.md', 'secret.json', '.md', 'passwd.md']) await writeFile(join(folder, name), 'secret');
  const reports = createFileReports({ dir: join(folder, 'releases'), zone: 'Asia/Bangkok' });
  for (const text of [...corpus, '../secret', '..%2fsecret', './../secret', join(folder, 'secret')]) {
    const read = [await reports.read(text, 'md'), await reports.read(text, 'json')];
    expect([text.slice(0, 80), ...read]).toEqual([text.slice(0, 80), null, null]);
  }
});
