/** What the ledger's tests share: a throw-away file, and events as the workflows write them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Severity } from '../../src/domain/bug';
import type { LedgerEvent } from '../../src/domain/events';
import { bugSubject, bugWorkflowId, deploymentSubject, environmentSubject, eventId } from '../../src/domain/ids';

/** A folder of its own for each test, gone after it. */
export function useTempFolder(): () => string {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidegate-ledger-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  return () => folder;
}

export const AT = Date.UTC(2026, 10, 3, 12, 0, 0);

const envelope = (id: string, service: string, subject: string, at = AT) => ({
  id,
  service,
  subject,
  at,
  actor: 'dev',
  surface: 'api' as const,
  reason: null,
});

export interface ReportedBug {
  readonly service?: string;
  readonly bug: string;
  readonly title?: string;
  readonly description?: string | null;
  readonly severity?: Severity;
  readonly at?: number;
}

export function reported({ service = 'shop', bug, ...rest }: ReportedBug): LedgerEvent {
  const data = {
    id: bug,
    service,
    title: rest.title ?? `bug ${bug}`,
    description: rest.description ?? null,
    severity: rest.severity ?? 'medium',
    foundIn: 'prod',
    evidence: { stack: null, url: null, version: null },
    modules: [],
    services: [],
    external: null,
  };
  const id = eventId(bugWorkflowId(service, bug), 'run', 1);
  return { ...envelope(id, service, bugSubject(bug), rest.at), kind: 'bug.reported', data };
}

export function analysisStarted(bug: string, seq: number, at = AT): LedgerEvent {
  const id = eventId(bugWorkflowId('shop', bug), 'run', seq);
  return { ...envelope(id, 'shop', bugSubject(bug), at), kind: 'bug.analysis-started', data: {} };
}

export function rejected(bug: string, seq: number): LedgerEvent {
  const id = eventId(bugWorkflowId('shop', bug), 'run', seq);
  return { ...envelope(id, 'shop', bugSubject(bug)), kind: 'bug.rejected', data: {}, reason: 'not a bug' };
}

export function configured(env: string): LedgerEvent {
  const id = eventId(`env/shop/${env}`, 'run', 1);
  const data = { service: 'shop', env, revision: 'r1' };
  return { ...envelope(id, 'shop', environmentSubject(env)), kind: 'environment.configured', data };
}

export function deploymentStarted(id: string, env: string): LedgerEvent {
  return {
    ...envelope(eventId(`deploy/shop/${env}/${id}`, 'run', 1), 'shop', deploymentSubject(id)),
    kind: 'deployment.started',
    data: {
      id,
      service: 'shop',
      env,
      production: env === 'prod',
      strategy: 'all-at-once',
      passengers: [],
      previous: { version: '1.4.2', sha: 'a'.repeat(40) },
      fence: 1,
    },
  };
}
