/** What a case has on disk: its service with repository, environments, people and effect log, alone in one folder. */
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGit } from '../../src/demo/git';
import { DEPLOY_SCRIPT } from './deploy-script';

export const ENVIRONMENTS = ['uat', 'prod'] as const;
export type Stage = (typeof ENVIRONMENTS)[number];
export const PEOPLE = { ann: 'admin', bo: 'manager', cy: 'manager', dev: 'developer' } as const;
export type Person = keyof typeof PEOPLE;

/** What every environment runs before a case begins. */
export const FIRST_VERSION = '1.0.0';
/** Stands in the environment file, and the script says it aloud: it must not be found anywhere else (I7). */
export const CANARY = 'canary-7f3e9a51c2d84b60';

export interface CaseFolder {
  readonly root: string;
  readonly service: string;
  readonly config: string;
  readonly repository: string;
  readonly state: string;
  /** The commit that every environment begins with. */
  readonly firstSha: string;
}

const git = createGit(process.env.PATH ?? '/usr/bin:/bin');
const AT = { name: 'dev', email: 'dev@example.test', date: '2026-01-01T00:00:00Z' };

export const tokenOf = (person: Person): string => `tg_${createHash('sha256').update(person).digest('base64url')}`;
export const targetFolder = (root: string, env: Stage): string => join(root, 'target', env);
export const currentFile = (root: string, env: Stage): string => join(targetFolder(root, env), 'current');

/** The repository that every case copies: main, and on branches a good fix for bugs 1 and 2. */
export async function makeTemplate(folder: string): Promise<void> {
  const work = join(folder, 'work');
  await git(folder, ['init', '--quiet', '--template=', '--initial-branch=main', work]);
  await mkdir(join(work, 'scripts'), { recursive: true });
  await writeFile(join(work, 'scripts/deploy.sh'), DEPLOY_SCRIPT, { mode: 0o755 });
  await writeFile(join(work, 'package.json'), `${JSON.stringify({ name: 'case', version: FIRST_VERSION }, null, 2)}\n`);
  await writeFile(join(work, 'CHANGELOG.md'), `# Changelog\n\n## ${FIRST_VERSION} - 2026-01-01\n\n- First.\n`);
  await writeFile(join(work, '.env.example'), 'FOLDER=\nTARGET=\nPACE=\nSECRET_TOKEN=\n');
  await commit(work, 'First');
  await git(work, ['tag', '--annotate', '--message', FIRST_VERSION, `v${FIRST_VERSION}`], AT);
  for (const bug of ['1', '2']) await branch(work, bug, { [`fixes-${bug}`]: `mends ${bug}\n` });
  await git(folder, ['clone', '--quiet', '--bare', '--template=', work, 'repo.git']);
  await git(join(folder, 'repo.git'), ['remote', 'remove', 'origin']);
}

async function commit(work: string, subject: string): Promise<void> {
  await git(work, ['add', '--all']);
  await git(work, ['commit', '--quiet', '--message', subject], AT);
}

async function branch(work: string, bug: string, files: Readonly<Record<string, string>>): Promise<void> {
  await git(work, ['checkout', '--quiet', '-B', `fix/${bug}`, 'main']);
  for (const [path, text] of Object.entries(files)) await writeFile(join(work, path), text);
  await commit(work, `Mend ${bug}`);
  await git(work, ['checkout', '--quiet', 'main']);
}

/** Puts one more file on the branch of a fix; answers its new head. */
export async function spoil(
  { root, repository }: CaseFolder,
  bug: string,
  path: string,
  text: string,
): Promise<string> {
  const work = join(root, `spoil-${bug}`);
  await git(root, ['clone', '--quiet', '--template=', `--branch=fix/${bug}`, '--', repository, work]);
  await writeFile(join(work, path), text);
  await commit(work, `Mend ${bug} otherwise`);
  await git(work, ['push', '--quiet', 'origin', `fix/${bug}`]);
  return git(work, ['rev-parse', 'HEAD']);
}

export const headOf = ({ repository }: CaseFolder, ref: string): Promise<string> =>
  git(repository, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]);

export interface CaseFolderPlan {
  readonly root: string;
  readonly template: string;
  readonly service: string;
  /** Of the HTTP service that plays every environment. */
  readonly targetUrl: string;
  /** How long a step of the script takes, seconds. */
  readonly pace: string;
}

export async function makeCaseFolder(plan: CaseFolderPlan): Promise<CaseFolder> {
  const { root, template, service } = plan;
  const state = join(root, 'state');
  const repository = join(root, 'repo.git');
  await mkdir(state, { recursive: true });
  await cp(join(template, 'repo.git'), repository, { recursive: true });
  const config = join(root, 'tidegate.yaml');
  const folder = { root, service, config, repository, state };
  const firstSha = await headOf({ ...folder, firstSha: '' }, 'main');
  for (const env of ENVIRONMENTS) {
    const target = targetFolder(root, env);
    await mkdir(target, { recursive: true });
    const runs = `${JSON.stringify({ version: FIRST_VERSION, sha: firstSha, deployment: '', broken: false })}\n`;
    await writeFile(currentFile(root, env), runs);
    await writeFile(join(target, `kept.${firstSha}`), runs);
    const variables = { FOLDER: root, TARGET: target, PACE: plan.pace, SECRET_TOKEN: CANARY };
    await writeFile(
      join(root, `.env.${env}`),
      Object.entries(variables)
        .map((pair) => `${pair.join('=')}\n`)
        .join(''),
    );
  }
  for (const person of Object.keys(PEOPLE) as Person[]) {
    await writeFile(join(root, `${person}.sha256`), createHash('sha256').update(tokenOf(person)).digest('hex'));
  }
  await writeFile(join(root, 'effects'), '');
  await writeFile(config, configText(plan));
  return { ...folder, firstSha };
}

function environmentText({ service, targetUrl }: CaseFolderPlan, env: Stage): string {
  const at = `/${service}/${env}`;
  return `  ${env}:
    url: ${targetUrl}
    deploy: { driver: script, script: scripts/deploy.sh, idleTimeout: 15s, timeout: 40s }
    envFile: .env.${env}
    version: { get: ${at}/version }
    health: { get: ${at}/health }
    approvals: { default: { count: 1, roles: [admin, manager], notRequester: true } }
    smoke:
      - { name: version, get: ${at}/version, expect: { status: 200, json: { version: "{{version}}", sha: "{{sha}}" } } }
      - { name: health, get: ${at}/health, expect: { status: 200 } }
    watch:
      window: 2s
      every: 500ms
      baseline: 2s
      miniWindow: 1s
      shortReason: a harness has a thousand runs to make
      source: { scrape: ${at}/metrics }
      rules: [{ id: health, metric: health, kind: absolute, operator: "<", bound: 1, consecutive: 2, class: hard }]
`;
}

function configText(plan: CaseFolderPlan): string {
  const people = Object.entries(PEOPLE).map(
    ([id, role]) => `  ${id}: { roles: [${role}], token: "file:${id}.sha256" }`,
  );
  return `version: 1
service: ${plan.service}
repo: { url: ./repo.git, main: main, versionFile: package.json, changelog: CHANGELOG.md }
timezone: UTC
slots:
  t1: { at: "20:00", days: [mon, tue, wed, thu, fri, sat, sun] }
  t2: { at: "22:00", days: [mon, tue, wed, thu, fri, sat, sun] }
people:
${people.join('\n')}
environments:
${ENVIRONMENTS.map((env) => environmentText(plan, env)).join('')}fix: { provider: branch, pattern: "fix/{{bug}}", mainline: merge }
analysis: { provider: none }
reports: { dir: releases }
`;
}

/** One line of the effect log. */
export interface Effect {
  /** Epoch ms. */
  readonly at: number;
  readonly kind: 'begin' | 'intent' | 'commit' | 'end';
  readonly env: Stage;
  readonly act: 'deploy' | 'rollback' | 'hand';
  readonly deployment: string;
  readonly fence: number;
  readonly pid: number;
  readonly sha: string;
}

export function readEffect(line: string): Effect {
  const [at, kind, env, act, deployment = '', fence, pid, sha = ''] = line.split(' ');
  const known = { kind: kind as Effect['kind'], env: env as Stage, act: act as Effect['act'] };
  return { at: Number(at) / 1e6, ...known, deployment, fence: Number(fence), pid: Number(pid), sha };
}

export async function readEffects(root: string): Promise<readonly Effect[]> {
  const text = await readFile(join(root, 'effects'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(readEffect);
}
