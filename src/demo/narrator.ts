import pc from 'picocolors';
import type { Bug } from '../api/schemas/bug';
import { localZone, timeOfDay } from './config';

type Status = Bug['status'];

/** Tells the story, one line for each thing that happens, with the wall clock and the seconds since the start. */
export interface Narrator {
  readonly tell: (line: string) => void;
  /** What happened to a bug since the last look, from its timeline: also statuses that passed between two looks. */
  readonly follow: (bug: Bug) => void;
  /** Lines to copy, without a time in front. */
  readonly show: (lines: readonly string[]) => void;
}

/** The status that an entry of the timeline leads to; the other entries change none. */
const LEADS_TO: Readonly<Record<string, Status>> = {
  'bug.reported': 'submitted',
  'bug.confirmed': 'confirmed',
  'bug.analysis-started': 'analyzing',
  'bug.planned': 'planned',
  'bug.deployed-uat': 'deployed_uat',
  'bug.approved': 'pending_prod',
  'bug.approval-withdrawn': 'deployed_uat',
  'bug.validation-failed': 'planned',
  'bug.deployed-prod': 'deployed_prod',
  'bug.rejected': 'rejected',
  'bug.closed': 'closed',
  'bug.withdrawn': 'closed',
};

type Paint = (text: string) => string;

/** The statuses in the colours that a terminal has for them. */
function paints(colours: ReturnType<typeof pc.createColors>): Readonly<Record<Status, Paint>> {
  return {
    submitted: colours.gray,
    confirmed: colours.blue,
    analyzing: colours.magenta,
    planned: colours.blueBright,
    deployed_uat: colours.cyan,
    pending_prod: colours.yellow,
    deployed_prod: colours.green,
    pending_uat_merge: colours.magenta,
    uat_merged: colours.cyan,
    closed: colours.green,
    rejected: colours.red,
  };
}

export interface NarratorOptions {
  readonly write: (line: string) => void;
  /** Colours are for terminals only. */
  readonly colour: boolean;
  /** Epoch ms. */
  readonly now: () => number;
}

export function createNarrator({ write, colour, now }: NarratorOptions): Narrator {
  const colours = pc.createColors(colour);
  const paint = paints(colours);
  const zone = localZone();
  const startedAt = now();
  const told = new Set<string>();

  function line(at: number, text: string): void {
    const since = `+${Math.round((at - startedAt) / 1000)} s`.padStart(6);
    write(`${colours.dim(`${timeOfDay(at, zone)} ${since}`)}  ${text}`);
  }

  function tellEntry(bug: string, { at, kind, words }: Bug['timeline'][number]): void {
    const key = `${bug} ${kind} ${at}`;
    if (told.has(key) || Date.parse(at) < startedAt) return;
    told.add(key);
    const status = LEADS_TO[kind];
    const now = status ? `${colours.bold(paint[status](status.padEnd(13)))} ` : '';
    line(Date.parse(at), `bug ${bug}  ${now}${words}`);
  }

  return {
    tell: (text) => line(now(), text),
    follow: ({ id, timeline }) => timeline.forEach((entry) => tellEntry(id, entry)),
    show: (lines) => lines.forEach((each) => write(`    ${each}`)),
  };
}
