import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load';
import { inFolder, problemLines, SMALL } from './support';

const read = (cwd: string, configPath: string | null = null) =>
  loadConfig({ configPath, cwd, variables: {}, secrets: 'require' });
const names = (cwd: string, configPath: string | null = null): readonly string[] =>
  read(cwd, configPath).map((each) => each.policy.service);
const named = (service: string): string => SMALL.replace('service: shop', `service: ${service}`);

describe('finding the configuration', () => {
  test('from a folder deep in the project the file above is found', () => {
    inFolder({ 'tidegate.yaml': SMALL, 'a/b/c.txt': '' }, (folder) => {
      expect(names(join(folder, 'a/b'))).toEqual(['shop']);
    });
  });

  test('TIDEGATE_CONFIG may name one file, or a folder with a file for each service', () => {
    inFolder({ 'all/b.yml': named('billing'), 'all/a.yaml': SMALL, 'all/readme.md': '#' }, (folder) => {
      expect(names(folder, 'all/b.yml')).toEqual(['billing']);
      expect(names(folder, 'all')).toEqual(['shop', 'billing']);
    });
  });

  test('two files for one service are refused, else each night would ship it twice', () => {
    inFolder({ 'all/a.yaml': SMALL, 'all/b.yaml': SMALL }, (folder) => {
      expect(problemLines(() => read(folder, 'all'))).toEqual([
        'all/b.yaml:2:10 service: found "shop", allowed: a name of its own: all/a.yaml has this one',
      ]);
    });
  });

  test('the mistakes of all files come together', () => {
    inFolder({ 'all/a.yaml': named('A'), 'all/b.yaml': named('B') }, (folder) => {
      const lines = problemLines(() => read(folder, 'all'));
      expect(lines.map((line) => line.split(' ')[0])).toEqual(['all/a.yaml:2:10', 'all/b.yaml:2:10']);
    });
  });

  test('a path that leads nowhere says which and what to do', () => {
    inFolder({}, (folder) => {
      mkdirSync(join(folder, 'empty'));
      expect(problemLines(() => read(folder, 'nope.yaml'))).toEqual([
        'TIDEGATE_CONFIG: found "nope.yaml", allowed: a file or a folder that exists',
      ]);
      expect(problemLines(() => read(folder, 'empty'))).toEqual([
        'TIDEGATE_CONFIG: found "empty", allowed: a folder with a *.yaml or *.yml file for each service',
      ]);
    });
  });
});

describe('smoke checks in a file of their own', () => {
  const withSmoke = SMALL.replace('4102\n', '4102\n    smoke: { file: smoke/prod.yaml }\n');

  test('are read with the same schema, and a mistake names that file and line', () => {
    inFolder(
      { 'tidegate.yaml': withSmoke, 'smoke/prod.yaml': '- name: a\n  get: /a\n  expect: { statsu: 200 }\n' },
      (folder) => {
        expect(problemLines(() => read(folder))).toEqual([
          'smoke/prod.yaml:3:13 [0].expect.statsu: found unknown key "statsu", allowed: status, json, contains; did you mean "status"?',
        ]);
        writeFileSync(join(folder, 'smoke/prod.yaml'), "- { name: a, post: /a, headers: { x-key: '${env:NOPE}' } }\n");
        expect(problemLines(() => read(folder))).toEqual([
          'smoke/prod.yaml:1:42 [0].headers.x-key: found ${env:NOPE}, and NOPE is not set, allowed: a variable that is set: put NOPE into the environment of this process',
        ]);
        writeFileSync(join(folder, 'smoke/prod.yaml'), '- { name: a, post: /a, body: { q: 1 }, timeout: 500ms }\n');
        expect(read(folder)[0]?.policy.environments.prod?.smoke).toEqual([
          {
            name: 'a',
            method: 'POST',
            path: '/a',
            headers: {},
            body: { q: 1 },
            expect: { status: 200, json: null, contains: null },
            timeoutMs: 500,
          },
        ]);
      },
    );
  });
});
