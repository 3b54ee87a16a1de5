/** The nouns that have a read model: how their events fold, and how their rows are read and written. */
import type { BugEvent, BugState } from '../domain/bug';
import { evolveBug } from '../domain/bug-evolve';
import { evolveDeployment, type DeploymentEvent, type DeploymentState } from '../domain/deployment';
import type { EnvironmentEvent, EnvironmentState } from '../domain/environment';
import { evolveEnvironment } from '../domain/environment-evolve';
import type { Stamped } from '../domain/events';
import { bugSubject, deploymentSubject, environmentSubject, tokenSubject } from '../domain/ids';
import { evolveToken, type TokenEvent, type TokenState } from '../domain/token';
import type { Db } from './schema';
import { searchable } from './text';

interface Identity {
  readonly service: string;
  /** Within the service: a bug's number, an environment's name, a deployment's id. */
  readonly name: string;
}

interface Stored extends Identity {
  readonly firstSeq: number;
  readonly updatedAt: number;
  readonly state: string;
}

/** A row with its state as a value, of the noun's own type; null when it could not be read. */
export interface Folded extends Identity {
  readonly firstSeq: number;
  readonly updatedAt: number;
  readonly state: unknown;
}

export interface Model {
  /** What the kinds of its events begin with, before the dot. */
  readonly noun: string;
  readonly subjectPrefix: string;
  readonly evolve: (state: unknown, event: Stamped) => unknown;
  /** The same for two rows that are one to the database. */
  readonly key: (identity: Identity) => string;
  /** Rows of these names, of whatever service. */
  readonly load: (tx: Db, names: readonly string[]) => Promise<readonly Stored[]>;
  /** Inserts or replaces the rows; `firstSeq` stays what it was. */
  readonly save: (tx: Db, rows: readonly Folded[]) => Promise<void>;
  readonly clear: (tx: Db) => Promise<unknown>;
}

const byServiceAndName = ({ service, name }: Identity): string => `${service}\n${name}`;

export const BUGS: Model = {
  noun: 'bug',
  subjectPrefix: bugSubject(''),
  evolve: (state, event) => evolveBug(state as BugState | null, event as Stamped<BugEvent>),
  key: byServiceAndName,
  load: (tx, names) =>
    tx
      .selectFrom('bug')
      .select(['service', 'id as name', 'first_seq as firstSeq', 'updated_at as updatedAt', 'state'])
      .where('id', 'in', names)
      .execute(),
  save: async (tx, rows) => {
    const values = rows.map(({ service, name, firstSeq, updatedAt, state }) => {
      const { status, severity, title, description } = state as BugState;
      const search = searchable(`${title}\n${description ?? ''}`);
      const written = { status, severity, search, updated_at: updatedAt, state: JSON.stringify(state) };
      return { service, id: name, first_seq: firstSeq, ...written };
    });
    await tx
      .insertInto('bug')
      .values(values)
      .onConflict((conflict) =>
        conflict.columns(['service', 'id']).doUpdateSet(({ ref }) => ({
          status: ref('excluded.status'),
          severity: ref('excluded.severity'),
          search: ref('excluded.search'),
          updated_at: ref('excluded.updated_at'),
          state: ref('excluded.state'),
        })),
      )
      .execute();
  },
  clear: (tx) => tx.deleteFrom('bug').execute(),
};

export const ENVIRONMENTS: Model = {
  noun: 'environment',
  subjectPrefix: environmentSubject(''),
  evolve: (state, event) => evolveEnvironment(state as EnvironmentState | null, event as Stamped<EnvironmentEvent>),
  key: byServiceAndName,
  load: (tx, names) =>
    tx
      .selectFrom('environment')
      .select(['service', 'env as name', 'first_seq as firstSeq', 'updated_at as updatedAt', 'state'])
      .where('env', 'in', names)
      .execute(),
  save: async (tx, rows) => {
    const values = rows.map(({ service, name, firstSeq, updatedAt, state }) => {
      return { service, env: name, first_seq: firstSeq, updated_at: updatedAt, state: JSON.stringify(state) };
    });
    await tx
      .insertInto('environment')
      .values(values)
      .onConflict((conflict) =>
        conflict.columns(['service', 'env']).doUpdateSet(({ ref }) => ({
          updated_at: ref('excluded.updated_at'),
          state: ref('excluded.state'),
        })),
      )
      .execute();
  },
  clear: (tx) => tx.deleteFrom('environment').execute(),
};

export const DEPLOYMENTS: Model = {
  noun: 'deployment',
  subjectPrefix: deploymentSubject(''),
  evolve: (state, event) => evolveDeployment(state as DeploymentState | null, event as Stamped<DeploymentEvent>),
  key: ({ name }) => name,
  load: (tx, names) =>
    tx
      .selectFrom('deployment')
      .select(['service', 'id as name', 'first_seq as firstSeq', 'updated_at as updatedAt', 'state'])
      .where('id', 'in', names)
      .execute(),
  save: async (tx, rows) => {
    const values = rows.map(({ name, firstSeq, updatedAt, state }) => {
      const { service, env, verdict } = state as DeploymentState;
      const written = { verdict, updated_at: updatedAt, state: JSON.stringify(state) };
      return { id: name, service, env, first_seq: firstSeq, ...written };
    });
    await tx
      .insertInto('deployment')
      .values(values)
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet(({ ref }) => ({
          verdict: ref('excluded.verdict'),
          updated_at: ref('excluded.updated_at'),
          state: ref('excluded.state'),
        })),
      )
      .execute();
  },
  clear: (tx) => tx.deleteFrom('deployment').execute(),
};

export const TOKENS: Model = {
  noun: 'token',
  subjectPrefix: tokenSubject(''),
  evolve: (state, event) => evolveToken(state as TokenState | null, event as Stamped<TokenEvent>),
  key: ({ name }) => name,
  load: (tx, names) =>
    tx
      .selectFrom('token')
      .select(['service', 'id as name', 'first_seq as firstSeq', 'updated_at as updatedAt', 'state'])
      .where('id', 'in', names)
      .execute(),
  save: async (tx, rows) => {
    const values = rows.map(({ service, name, firstSeq, updatedAt, state }) => {
      const { sha256 } = state as TokenState;
      return { id: name, service, sha256, first_seq: firstSeq, updated_at: updatedAt, state: JSON.stringify(state) };
    });
    await tx
      .insertInto('token')
      .values(values)
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet(({ ref }) => ({
          updated_at: ref('excluded.updated_at'),
          state: ref('excluded.state'),
        })),
      )
      .execute();
  },
  clear: (tx) => tx.deleteFrom('token').execute(),
};
