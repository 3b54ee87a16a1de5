/**
 * AES-256-GCM over one payload, bound to its owner: a ciphertext that was copied to another run or namespace does not
 * open there (6-faults E13, abuse 23). Ids and names are never sealed, so the owner may stand beside its ciphertext.
 */
import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import type { Encryption } from './keys';

/** Whose payload it is. */
export interface Owner {
  readonly namespace: string;
  readonly workflowId: string;
}

export type Opened =
  | { readonly ok: true; readonly payload: Payload }
  /** Why not, in words that name the run and the key and nothing of the content. */
  | { readonly ok: false; readonly reason: string };

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Part of what is authenticated: another format cannot be taken for this one. */
const VERSION = 'tidegate-1';

/** The name that Temporal's own tools know. */
export const SEALED = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const WORKFLOW_ID = 'tidegate-workflow';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const words = (value: Uint8Array | null | undefined): string => (value ? Buffer.from(value).toString('utf8') : '');

export const isSealed = ({ metadata }: Payload): boolean => words(metadata?.['encoding']) === SEALED;

/** The run that a sealed payload says it belongs to; only opening it proves that. */
export const claimedWorkflow = ({ metadata }: Payload): string => words(metadata?.[WORKFLOW_ID]);

const bound = (keyId: string, { namespace, workflowId }: Owner): Uint8Array =>
  bytes(JSON.stringify([VERSION, keyId, namespace, workflowId]));

/** Seals a payload, metadata and all, with the first key. */
export function seal({ keys: [{ id, key }] }: Encryption, owner: Owner, payload: Payload): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(bound(id, owner));
  const sealed = [cipher.update(packed(payload)), cipher.final()];
  return {
    metadata: { encoding: bytes(SEALED), [KEY_ID]: bytes(id), [WORKFLOW_ID]: bytes(owner.workflowId) },
    data: Buffer.concat([nonce, ...sealed, cipher.getAuthTag()]),
  };
}

/** Opens what `seal` made for this owner. Never throws. */
export function open({ keys }: Encryption, owner: Owner, payload: Payload): Opened {
  const claimed = claimedWorkflow(payload);
  if (claimed !== owner.workflowId) return { ok: false, reason: `sealed for ${claimed}, not for ${owner.workflowId}` };
  const id = words(payload.metadata?.[KEY_ID]);
  const known = keys.find((each) => each.id === id);
  if (!known) return { ok: false, reason: `sealed with the key ${id}, which this process does not have` };
  try {
    return { ok: true, payload: unpacked(opened(known.key, bound(id, owner), Buffer.from(payload.data ?? []))) };
  } catch {
    return { ok: false, reason: `sealed with another key named ${id} or elsewhere, or changed since` };
  }
}

function opened(key: KeyObject, aad: Uint8Array, data: Buffer): Buffer {
  const tag = data.subarray(Math.max(NONCE_BYTES, data.length - TAG_BYTES));
  const decipher = createDecipheriv(CIPHER, key, data.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(aad).setAuthTag(tag);
  return Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, data.length - TAG_BYTES)), decipher.final()]);
}

/** Length of the metadata, metadata as JSON with base64 values, data. */
function packed({ metadata, data }: Payload): Buffer {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]);
  const head = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  return Buffer.concat([length, head, data ?? Buffer.alloc(0)]);
}

function unpacked(content: Buffer): Payload {
  const end = 4 + content.readUInt32BE(0);
  const head = JSON.parse(content.subarray(4, end).toString('utf8')) as Record<string, string>;
  const metadata = Object.fromEntries(
    Object.entries(head).map(([name, value]) => [name, Buffer.from(value, 'base64') as Uint8Array]),
  );
  return { metadata, data: content.subarray(end) };
}
