import { writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import type { DemoPaths, Stage } from './paths';
import { digestFile, PEOPLE, type Person } from './people';
import type { Shop } from './shop';

/** When the next trains leave: instants in epoch ms. */
export interface Tides {
  readonly t1: number;
  readonly t2: number;
}

/** The zone that the wall clock of this machine shows. */
export const localZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** `HH:mm:ss` on the wall clock of a zone. */
export function timeOfDay(at: number, zone: string): string {
  const parts = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
  return new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...parts }).format(at);
}

const SECONDS: Readonly<Record<Stage, { readonly window: number; readonly baseline: number; readonly mini: number }>> =
  {
    uat: { window: 8, baseline: 8, mini: 4 },
    prod: { window: 12, baseline: 12, mini: 5 },
  };

function environment(shop: Shop): string {
  const { window, baseline, mini } = SECONDS[shop.stage];
  return `
  ${shop.stage}:
    url: ${shop.url}
    deploy: { driver: script, script: scripts/deploy.sh, idleTimeout: 30s, timeout: 2m }
    envFile: .env.${shop.stage}
    health: { get: /health }
    rollback: { proof: [check, boot] }
    approvals: { default: { count: 1, roles: [admin, manager], notRequester: true } }
    smoke:
      - { name: open, get: /health, expect: { status: 200, json: { ok: true } } }
      - { name: version, get: /api/version, expect: { status: 200, json: { version: "{{version}}", sha: "{{sha}}" } } }
      - { name: status, get: /api/status, expect: { status: 200, json: { stage: ${shop.stage} } } }
    watch:
      window: ${window}s
      every: 1s
      baseline: ${baseline}s
      miniWindow: ${mini}s
      soft: { ask: 15s, escalate: 5s }
      shortReason: a demo shows in seconds what real life watches for an hour
      source: { scrape: /metrics }
      # Some twenty requests make a noisy sample, so a breach here takes several in a row.
      rules:
        - { id: errors-2x, metric: errorRate, kind: multiple, operator: ">=", bound: 2, consecutive: 3, class: hard }
        - { id: p99-3x, metric: p99, kind: multiple, operator: ">=", bound: 3, consecutive: 3, class: hard }
        - { id: health, metric: health, kind: absolute, operator: "<", bound: 1, consecutive: 3, class: hard }`;
}

function person(paths: DemoPaths, id: Person): string {
  return `  ${id}: { roles: [${PEOPLE[id]}], token: "file:${relative(paths.state, digestFile(paths, id))}" }`;
}

/** The demo's `tidegate.yaml` as text; slots are named by the wall clock, as people would write them. */
export function demoConfig(paths: DemoPaths, shops: readonly Shop[], tides: Tides, zone: string): string {
  return `# Written anew by every start of the demo; the slots lie a short time ahead of that start.
version: 1
service: shop
repo: { url: ./shop.git, main: main, versionFile: package.json, changelog: CHANGELOG.md }
timezone: ${zone}
slots:
  t1: { at: "${timeOfDay(tides.t1, zone)}", days: [mon, tue, wed, thu, fri, sat, sun] }
  t2: { at: "${timeOfDay(tides.t2, zone)}", days: [mon, tue, wed, thu, fri, sat, sun], cutoff: 0s, grace: 60m }
  allowShortGap: true
people:
${(['ann', 'bo', 'dev'] as const).map((id) => person(paths, id)).join('\n')}
environments:${shops.map(environment).join('')}
fix: { provider: branch, pattern: "fix/{{bug}}", mainline: merge }
analysis: { provider: git }
reports: { dir: releases }
`;
}

export async function writeConfig(paths: DemoPaths, shops: readonly Shop[], tides: Tides): Promise<void> {
  await writeFile(paths.config, demoConfig(paths, shops, tides, localZone()));
}
