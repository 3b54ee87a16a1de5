/** Puts the queries of this room together as the Ledger port, over whatever database the store is. */
import { sql } from 'kysely';
import type { Ledger } from '../ports/ledger';
import { appendEvents, endOfChain } from './append';
import { fromRow, pageOfEvents } from './chain';
import { deleteSamples, digestEvidence, findLog, findSamples, insertLog, insertSample } from './evidence';
import { rebuildReadModels } from './fold';
import { inGroups } from './group';
import { allocateBug, answerKey, claimKey } from './keys';
import {
  findBug,
  findBugs,
  findBugServices,
  findDeployment,
  findDeployments,
  findEnvironment,
  findEnvironments,
  findToken,
  findTokens,
  pageSize,
} from './nouns';
import type { Db, LedgerStore } from './schema';
import { findStep, settleStep, writeIntent } from './steps';
import { verifyChain } from './verify';

/** The port, and what only an administrator asks for. */
export interface RebuildableLedger extends Ledger {
  /** Makes the read models anew from the events; returns how many events were read. */
  rebuild(): Promise<number>;
}

export function createLedger(store: LedgerStore): RebuildableLedger {
  const { read, write } = store;
  return {
    ...recordOf(store),

    bug: (service, id) => read((db) => findBug(db, service, id)),
    bugServices: (id) => read((db) => findBugServices(db, id)),
    bugs: (filter) => read((db) => findBugs(db, filter)),
    environment: (service, env) => read((db) => findEnvironment(db, service, env)),
    environments: () => read(findEnvironments),
    deployment: (id) => read((db) => findDeployment(db, id)),
    deployments: (filter) => read((db) => findDeployments(db, filter)),
    token: (by, value) => read((db) => findToken(db, by, value)),
    tokens: (service) => read((db) => findTokens(db, service)),

    step: (deployment, step) => read((db) => findStep(db, deployment, step)),
    intend: (intent) => write((tx) => writeIntent(tx, intent)),
    settle: (deployment, step, state, proof, result, at) =>
      write((tx) => settleStep(tx, deployment, step, { state, proof, result, at })),

    addSample: (subject, at, reading, sample) => write((tx) => insertSample(tx, subject, { at, reading, sample })),
    samples: (subject, fromAt) => read((db) => findSamples(db, subject, fromAt)),
    forgetSamples: (subject, before) => write((tx) => deleteSamples(tx, subject, before)),
    addLog: (deployment, lines) => write((tx) => insertLog(tx, deployment, lines)),
    log: (deployment, afterOffset, limit) => read((db) => findLog(db, deployment, afterOffset, limit)),
    digests: (deployment) => read((db) => digestEvidence(db, deployment)),

    claimKey: (caller, route, key, digest, at) => write((tx) => claimKey(tx, { caller, route, key }, digest, at)),
    answerKey: (caller, route, key, status, body) => write((tx) => answerKey(tx, { caller, route, key }, status, body)),
    allocateBug: (service, claimed) => write((tx) => allocateBug(tx, service, claimed)),

    ping: () => read(ping),
    close: store.close,
  };
}

/** The part of the port that is the record itself. */
function recordOf(
  store: LedgerStore,
): Pick<RebuildableLedger, 'append' | 'timeline' | 'eventsAfter' | 'hasEvent' | 'head' | 'verify' | 'rebuild'> {
  return {
    append: inGroups((events) =>
      store.write(async (tx) => {
        await store.alone(tx);
        await appendEvents(tx, events);
      }),
    ),
    timeline: (service, subject, limit) =>
      store.read(async (db) => {
        const query = db.selectFrom('event').selectAll().where('service', '=', service).where('subject', '=', subject);
        const newest = await query.orderBy('seq', 'desc').limit(pageSize(limit)).execute();
        return newest.reverse().map(fromRow);
      }),
    eventsAfter: (seq, limit) => store.read(async (db) => (await pageOfEvents(db, seq, pageSize(limit))).map(fromRow)),
    hasEvent: (id) =>
      store.read(async (db) => {
        const row = await db.selectFrom('event').select('seq').where('id', '=', id).executeTakeFirst();
        return row !== undefined;
      }),
    head: () => store.read(endOfChain),
    verify: (checkpoints) => verifyChain(store, checkpoints),
    rebuild: () => rebuildReadModels(store),
  };
}

/** Asks for a row of ours, so that an empty or foreign database does not pass. */
async function ping(db: Db): Promise<void> {
  await db
    .selectFrom('chain_head')
    .select(sql<number>`1`.as('one'))
    .executeTakeFirstOrThrow();
}
