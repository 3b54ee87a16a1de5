/** Which fault a case has, where, and when: all from the seed, so that one case can be run again alone. */
import {
  isOfRollback,
  needsProduction,
  ROLLBACK_POINTS,
  SCRIPT_POINTS,
  WHENS,
  WORKER_POINTS,
  type Point,
  type When,
} from './points';
import { randomOf } from './random';

export const STEPS: readonly Point[] = [...WORKER_POINTS, ...SCRIPT_POINTS, ...ROLLBACK_POINTS];

/** A fault as the plan knows it. */
export interface FaultShape {
  readonly name: string;
  /** Rows of 6-faults §3. */
  readonly covers: string;
  /** How often it is chosen, against the others. */
  readonly weight: number;
  /** Where it may strike: `steps` at a step point as well as at any time; `any-time` never at a point. */
  readonly strikes: 'steps' | 'any-time';
  /** `report` walks from a reported bug to production; `request` asks validation's environment for one deployment. */
  readonly journey: Journey | 'either';
  /** What it cannot do without. */
  readonly needs?: 'postgres' | 'namespaces';
}

export type Journey = 'report' | 'request';

export interface CaseSpec {
  readonly index: number;
  /** The run's seed and the case's number: what every choice in the case is drawn from. */
  readonly seed: string;
  readonly fault: string;
  readonly journey: Journey;
  /** null: at a random time. */
  readonly point: Point | null;
  readonly when: When;
  /** The random time, counted from the request. */
  readonly afterMs: number;
  readonly control: boolean;
}

/** One journey in so many walks the whole way to production: it takes twice as long. */
const WHOLE_WAY = 0.15;
const AT_A_POINT = 0.75;
const LONGEST_DELAY_MS = 8_000;

export function planCase(seed: string, index: number, faults: readonly FaultShape[], control: boolean): CaseSpec {
  const own = `${seed}/${index}`;
  const random = randomOf(own);
  const fault = weighted(faults, random.next());
  const atPoint = fault.strikes === 'steps' && random.next() < AT_A_POINT;
  const wholeWay = random.next() < WHOLE_WAY;
  // Without its guards the product fails where its script outlives the worker.
  const point = control ? random.pick(SCRIPT_POINTS) : atPoint ? random.pick(STEPS) : null;
  const when = random.pick(WHENS);
  const afterMs = random.whole(0, LONGEST_DELAY_MS);
  const chosen = fault.journey === 'either' ? (wholeWay ? 'report' : 'request') : fault.journey;
  const whole = point !== null && needsProduction(point) ? 'report' : chosen;
  const journey = control ? 'request' : whole;
  return { index, seed: own, fault: fault.name, journey, point, when, afterMs, control };
}

function weighted(faults: readonly FaultShape[], drawn: number): FaultShape {
  let rest = drawn * faults.reduce((sum, { weight }) => sum + weight, 0);
  const found = faults.find(({ weight }) => (rest -= weight) < 0) ?? faults.at(-1);
  if (!found) throw new Error('there is no fault of that name');
  return found;
}

/** Whether a case's candidate must fail its smoke test, so that the rollback is reached. */
export const goesBack = ({ point }: CaseSpec): boolean => point !== null && isOfRollback(point);
