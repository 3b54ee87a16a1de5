/**
 * One call of the API as data: path, shapes, documents and handler in one place. Routes, validation, OpenAPI and the
 * tests' access matrix are all made from the same list, so none can miss a call.
 */
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import type { Conductor } from '../client/conductor';
import type { Queues } from '../client/queues';
import type { Surface } from '../domain/people';
import type { Calendars } from '../ports/calendars';
import type { Ledger } from '../ports/ledger';
import type { Reports } from '../ports/reports';
import type { Signer } from '../ports/signer';
import type { ApiService, Caller, Door } from './auth';
import type { Pace } from './pace';
import type { Seats } from './stream';

export interface ApiLinks {
  /** Address of Temporal's UI up to and with the namespace: `http://127.0.0.1:8233/namespaces/default`. */
  readonly temporalUi: string | null;
  /** Address of the board. */
  readonly board: string | null;
}

export interface ApiLimits {
  /** Requests a minute of one token, or of one address without a good one; an address as a whole may five times that. */
  readonly perMinute: number;
  /** Decisions a minute on one run, whoever sends them. */
  readonly perRunMinute: number;
  /** How long a report waits for the ledger before it is answered with 202. */
  readonly recordedWithinMs: number;
  /** Time between two looks at the ledger while waiting or following. */
  readonly pollMs: number;
  /** Time between two looks for new events. */
  readonly feedMs: number;
  /** Streams open at the same time, over all callers, and of one person. */
  readonly streams: number;
  readonly streamsEach: number;
  /** Time between two looks whether the token of an open stream still opens anything. */
  readonly recheckMs: number;
}

export interface ApiDeps {
  readonly services: readonly ApiService[];
  readonly ledger: Ledger;
  readonly conductor: Conductor;
  /** Whether anybody works for an environment; absent: that is not asked. */
  readonly queues?: Queues;
  readonly signer: Signer;
  /** The reports of a service: each has a folder of its own, or shares one. */
  reportsOf(service: string): Pick<Reports, 'list' | 'read'>;
  /** null: no forecast of the next T2. */
  readonly calendars: Calendars | null;
  /** Epoch ms. */
  now(): number;
  readonly links: ApiLinks;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly limits: ApiLimits;
  readonly pace: Pace;
  readonly door: Door;
  readonly seats: Seats;
}

/** What a handler is given: input that its schemas let through, and who asks. */
export interface Call<P = unknown, Q = unknown, B = unknown> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly caller: Caller;
  readonly surface: Surface;
  /** Ids of what this call does are made from it, so that a repeat under the same key does nothing twice. */
  readonly seed: string;
  readonly claim: { readonly caller: string; readonly route: string; readonly key: string } | null;
  readonly deps: ApiDeps;
  readonly req: Request;
  readonly res: Response;
}

export type Reply =
  | {
      readonly kind: 'json';
      readonly status: number;
      readonly body: unknown;
      readonly location?: string;
      /** false: not the last word (202, or a part of it could not be asked): a repeat of the key asks again. */
      readonly final?: boolean;
    }
  | { readonly kind: 'text'; readonly type: string; readonly text: string }
  /** The handler has written, or is writing, the response itself. */
  | { readonly kind: 'written' };

export interface AnswerDoc {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Content types besides JSON. */
  readonly text?: readonly string[];
}

export interface OperationSpec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly id: string;
  readonly method: 'get' | 'post';
  /** OpenAPI form: `/v1/bugs/{id}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly access: 'public' | 'people';
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly answers: Readonly<Record<number, AnswerDoc>>;
  /** Problem statuses that this call may answer besides those of every call. */
  readonly problems: readonly number[];
  /** A request that works on the sample data of the tests; shown in the document. */
  readonly example: {
    readonly params?: Readonly<Record<string, string>>;
    readonly query?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  handle(call: Call<z.output<P>, z.output<Q>, z.output<B>>): Promise<Reply>;
}

/** An operation whose types are closed: the list of all of them has one type. */
export type Operation = Omit<OperationSpec<z.ZodType, z.ZodType, z.ZodType>, 'handle'> & {
  handle(call: Call): Promise<Reply>;
};

const nothing = z.strictObject({});

/** Closes an operation; missing shapes mean "nothing goes here". */
export function operation<
  P extends z.ZodType = typeof nothing,
  Q extends z.ZodType = typeof nothing,
  B extends z.ZodType = typeof nothing,
>(spec: OperationSpec<P, Q, B>): Operation {
  // The mount parses with these very schemas before it calls, which is what makes the narrower call type true.
  return {
    query: nothing,
    ...spec,
    handle: (call) => spec.handle(call as Call<z.output<P>, z.output<Q>, z.output<B>>),
  };
}

export const json = (status: number, body: unknown): Reply => ({ kind: 'json', status, body });
