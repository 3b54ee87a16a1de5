/** From a deployment's state to the words and figures of its report; the template only lays them out. */
import type { DeploymentState, PhaseRecord, SmokeResult, Target } from '../../domain/deployment';
import type { Question } from '../../domain/deployment-question';
import type { Breach, Sample } from '../../domain/watch';
import { duration, figure, millis, orNone, passFail, percent, sinceStart, timeIn, yesNo } from './format';

type Rows = readonly (readonly string[])[];

export interface ReportView {
  readonly target: string;
  readonly verdict: string;
  readonly header: Rows;
  readonly passengers: Rows;
  readonly left: Rows;
  readonly changes: readonly string[];
  readonly scriptChanged: boolean;
  readonly checks: Rows;
  readonly plan: Rows;
  readonly phases: Rows;
  readonly metadata: Rows;
  readonly smoke: Rows;
  readonly watch: Rows;
  readonly breaches: Rows;
  readonly questions: Rows;
  readonly rollback: Rollback | null;
  readonly evidence: Rows;
}

interface Rollback {
  readonly facts: Rows;
  readonly phases: Rows;
  readonly smoke: Rows;
  readonly watch: Rows;
}

/** The check by which a deployer says whether the previous version still boots (drivers/script). */
const BOOT_CHECK = 'previous version';
const ROLLBACK_PHASES: readonly string[] = ['rollback', 'verify'];

export function reportView(deployment: DeploymentState, samples: readonly Sample[], zone: string): ReportView {
  const { candidate, env } = deployment;
  const verifyAt = startOf(deployment, 'verify');
  const watchAt = startOf(deployment, 'watch');
  return {
    target: `${candidate?.version ?? 'no candidate'} → ${env}`,
    verdict: deployment.verdict ?? 'in progress',
    header: header(deployment, zone),
    passengers: passengers(deployment, zone),
    left: (candidate?.left ?? []).map((left) => [`#${left.bug}`, left.cause, left.reason, list(left.files)]),
    changes: candidate?.changes ?? [],
    scriptChanged: candidate?.scriptChanged ?? false,
    checks: deployment.checks.map((check) => [check.name, passFail(check.ok), check.detail]),
    plan: plan(deployment),
    phases: deployment.phases.map((phase) => phaseRow(phase, zone)),
    metadata: Object.entries(deployment.metadata),
    smoke: deployment.smoke.map(smokeRow),
    watch: watchRows(
      samples.filter((sample) => verifyAt === null || sample.at < verifyAt),
      watchAt,
    ),
    breaches: breaches(deployment),
    questions: deployment.questions.map((question) => questionRow(question, zone)),
    rollback: rollback(deployment, samples, zone),
    evidence: evidence(deployment),
  };
}

const startOf = (deployment: DeploymentState, name: PhaseRecord['phase']): number | null =>
  deployment.phases.find(({ phase }) => phase === name)?.startedAt ?? null;

const list = (items: readonly string[]): string => orNone(items.join(', '));
const unique = (items: readonly string[]): readonly string[] => [...new Set(items)];
const targetText = (target: Target | null): string => (target ? `${target.version} (${target.sha})` : 'nothing');

function header(deployment: DeploymentState, zone: string): Rows {
  const approvers = unique(deployment.passengers.flatMap(({ approvals }) => approvals.map(({ by }) => by)));
  const running = deployment.phase === null ? 'in progress' : `in progress (${deployment.phase})`;
  return [
    ['Service', deployment.service],
    ['Version → environment', `${targetText(deployment.candidate)} → ${deployment.env}`],
    ['Runs before', targetText(deployment.previous)],
    ['Date', `${timeIn(deployment.startedAt, zone)} (${zone})`],
    ['Ended', timeIn(deployment.endedAt, zone)],
    ['Operator', `Tidegate, deployment ${deployment.id}`],
    ['Approved by', approvers.length > 0 ? list(approvers) : 'nobody: this environment asks for no approval'],
    ['Strategy', deployment.strategy],
    ['Verdict', deployment.verdict ?? running],
    ['Reason', orNone(deployment.reason)],
  ];
}

function passengers({ passengers: aboard, candidate }: DeploymentState, zone: string): Rows {
  return aboard.map(({ bug, title, severity, fix, approvals }) => [
    `#${bug}`,
    title,
    severity,
    fix.head,
    candidate === null ? 'not decided yet' : candidate.aboard.includes(bug) ? 'aboard' : 'left behind',
    list(approvals.map(({ by, at, sha }) => `${by} at ${timeIn(at, zone)} for ${sha}`)),
  ]);
}

/** what a rollback would go to, and whether that is known to boot. */
function plan({ previous, checks }: DeploymentState): Rows {
  const boot = checks.find(({ name }) => name === BOOT_CHECK);
  if (!previous) return [['Previous version', 'none: first deployment here, a rollback has nowhere to go']];
  return [
    ['Previous version', previous.version],
    ['Previous SHA', previous.sha],
    ['Verified bootable', boot ? `${yesNo(boot.ok)}: ${boot.detail}` : 'no: not checked'],
  ];
}

const phaseRow = ({ phase, startedAt, endedAt, ok, detail }: PhaseRecord, zone: string): readonly string[] => [
  phase,
  timeIn(startedAt, zone),
  timeIn(endedAt, zone),
  duration(endedAt === null ? null : endedAt - startedAt),
  passFail(ok),
  orNone(detail),
];

const smokeRow = ({ name, ok, status, ms, detail }: SmokeResult): readonly string[] => [
  name,
  passFail(ok),
  status === null ? 'no answer' : String(status),
  duration(ms),
  orNone(detail),
];

function watchRows(samples: readonly Sample[], startedAt: number | null): Rows {
  const start = startedAt ?? samples[0]?.at ?? 0;
  return samples.map((sample) => [
    sinceStart(sample.at - start),
    percent(sample.errorRate),
    figure(sample.requestRate),
    millis(sample.p50),
    millis(sample.p95),
    millis(sample.p99),
    saturation(sample),
    health(sample.health),
  ]);
}

const saturation = ({ cpu, memory, queueDepth }: Sample): string =>
  `cpu ${percent(cpu)}, memory ${percent(memory)}, queue ${figure(queueDepth)}`;

const health = (value: number | null): string => (value === 1 ? 'ok' : value === 0 ? 'down' : percent(value));

/** Every breach that people were asked about, and the one that ended the watch if that is another. */
function breaches(deployment: DeploymentState): Rows {
  const { breach, questions } = deployment;
  const asked = questions.map((question) => breachRow(question.breach, answered(question)));
  const last = questions.at(-1)?.breach;
  const same = last?.rule === breach?.rule && last?.afterMs === breach?.afterMs;
  return breach === null || same ? asked : [...asked, breachRow(breach, decided(deployment))];
}

/** Asked when, until when, what without an answer, whose hands, and what was said. */
function questionRow(question: Question, zone: string): readonly string[] {
  const { breach, since, until, otherwise, owner, escalatedAt, answer } = question;
  return [
    breach.sentence,
    timeIn(since, zone),
    `${timeIn(until, zone)}, then ${otherwise}`,
    escalatedAt === null ? '–' : timeIn(escalatedAt, zone),
    owner === null ? '–' : `${owner.by} at ${timeIn(owner.at, zone)}`,
    answered(question),
    answer === null ? '–' : timeIn(answer.at, zone),
    orNone(answer?.reason ?? null),
  ];
}

function answered({ answer }: Question): string {
  if (answer === null) return 'overtaken: nobody had answered yet';
  const what = answer.minutes === null ? answer.verb : `${answer.verb} by ${answer.minutes} min`;
  return answer.byDefault ? `${what}: nobody answered in time` : `${what}: ${answer.by} by ${answer.surface}`;
}

/** multiplier, T+, hard or soft, and what was decided. */
function breachRow(breach: Breach, decision: string): readonly string[] {
  return [
    breach.rule,
    breach.metric,
    breach.class,
    figure(breach.value, 4),
    figure(breach.baseline, 4),
    breach.multiple === null ? '–' : `${figure(breach.multiple)}×`,
    sinceStart(breach.afterMs),
    breach.sentence,
    decision,
  ];
}

function decided({ verdict, rollback, reason }: DeploymentState): string {
  if (verdict === 'Released-with-override') return `released all the same: ${orNone(reason)}`;
  if (rollback) return 'rolled back without asking';
  if (verdict === 'Rolled-Back') return 'no rollback was possible: a person must look';
  return verdict ?? 'open';
}

function rollback(deployment: DeploymentState, samples: readonly Sample[], zone: string): Rollback | null {
  const phases = deployment.phases.filter(({ phase }) => ROLLBACK_PHASES.includes(phase));
  const { rollback: result } = deployment;
  if (!result && phases.length === 0) return null;
  const verifyAt = startOf(deployment, 'verify');
  return {
    facts: [
      ['From', targetText(deployment.candidate)],
      ['Back to', targetText(result?.to ?? deployment.previous)],
      ['Why', orNone(deployment.breach?.sentence ?? deployment.reason)],
      ['Verified', result ? `${yesNo(result.verified)}: ${result.detail}` : 'not yet'],
    ],
    phases: phases.map((phase) => phaseRow(phase, zone)),
    smoke: (result?.smoke ?? []).map(smokeRow),
    watch: watchRows(verifyAt === null ? [] : samples.filter((sample) => sample.at >= verifyAt), verifyAt),
  };
}

function evidence({ evidence: digests, fence }: DeploymentState): Rows {
  return [
    ['SHA-256 of the samples', digests?.samples ?? 'written at the end'],
    ['SHA-256 of the log', digests?.log ?? 'written at the end'],
    ['Fencing token', String(fence)],
  ];
}
