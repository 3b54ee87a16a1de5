import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import * as fc from 'fast-check';
import { open, seal, type Owner } from '../../src/codec/seal';
import { createPayloadCodec } from '../../src/codec/payload-codec';
import { payloadConverter } from '../../src/codec/payload-converter';
import { newKey, sealingWith } from './keys';

const [k1, k2] = [newKey('k1'), newKey('k2')];
const OWNER: Owner = { namespace: 'prod', workflowId: 'bug/shop/1' };
const context = { type: 'workflow', ...OWNER } as const;

const payloads: fc.Arbitrary<Payload> = fc.record({
  metadata: fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), fc.uint8Array({ maxLength: 40 })),
  data: fc.uint8Array({ maxLength: 2_000 }),
});
const plain = (payload: Payload): object => ({
  metadata: Object.fromEntries(
    Object.entries(payload.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('hex')]),
  ),
  data: Buffer.from(payload.data ?? []).toString('hex'),
});

describe('a sealed payload', () => {
  it('opens for its owner as it was, byte for byte, and shows nothing of it before', () => {
    fc.assert(
      fc.property(payloads, (payload) => {
        const sealed = seal(sealingWith(k1), OWNER, payload);
        const opened = open(sealingWith(k1), OWNER, sealed);
        expect(opened.ok && plain(opened.payload)).toEqual(plain(payload));
        const text = Buffer.from(payload.data ?? []);
        if (text.length > 8) expect(Buffer.from(sealed.data ?? []).includes(text)).toBe(false);
      }),
    );
  });

  it('opens nowhere else and not after a change: an approval cannot be copied to another bug or namespace', () => {
    fc.assert(
      fc.property(payloads, fc.nat(), fc.integer({ min: 1, max: 255 }), (payload, at, flip) => {
        const sealed = seal(sealingWith(k1), OWNER, payload);
        const data = Buffer.from(sealed.data ?? []);
        const changed = Buffer.from(data);
        changed[at % data.length] = (changed[at % data.length] ?? 0) ^ flip;
        const renamed = (name: string, value: string): Payload => ({
          ...sealed,
          metadata: { ...sealed.metadata, [name]: Buffer.from(value) },
        });
        const other = { ...OWNER, workflowId: 'bug/shop/2' };
        const attempts: readonly (readonly [Owner, Payload])[] = [
          [other, sealed],
          [{ ...OWNER, namespace: 'test' }, sealed],
          [other, renamed('tidegate-workflow', other.workflowId)],
          [OWNER, renamed('encryption-key-id', 'k2')],
          [OWNER, { ...sealed, data: changed }],
          [OWNER, { ...sealed, data: data.subarray(0, at % data.length) }],
        ];
        expect(attempts.map(([owner, attempt]) => open(sealingWith(k1, [k2]), owner, attempt).ok)).toEqual(
          attempts.map(() => false),
        );
      }),
    );
  });

  it('never uses a nonce twice: two equal payloads look different', () => {
    const payload = defaultPayloadConverter.toPayload({ verb: 'approve-prod' });
    const nonces = Array.from({ length: 1_000 }, () =>
      Buffer.from(seal(sealingWith(k1), OWNER, payload).data ?? [])
        .subarray(0, 12)
        .toString('hex'),
    );
    expect(new Set(nonces).size).toBe(nonces.length);
  });
});

describe('the codec', () => {
  const decision = defaultPayloadConverter.toPayload({ verb: 'retry' });

  it('changes keys without a gap: what the old key sealed opens while both are there, new things take the new key', async () => {
    const [old] = await createPayloadCodec(sealingWith(k1)).encode([decision], context);
    const overlap = createPayloadCodec(sealingWith(k2, [k1]));
    const [fresh] = await overlap.encode([decision], context);
    const both = await overlap.decode([old ?? {}, fresh ?? {}], context);
    expect(both.map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual([
      { verb: 'retry' },
      { verb: 'retry' },
    ]);
    const [opened] = await createPayloadCodec(sealingWith(k2)).decode([fresh ?? {}], context);
    expect(defaultPayloadConverter.fromPayload(opened ?? {})).toEqual({ verb: 'retry' });
  });

  it('gives a run words instead of what it cannot open, so that no message poisons it; its own results it waits for', async () => {
    const [sealed = {}] = await createPayloadCodec(sealingWith(k1)).encode([decision], context);
    const reasons: readonly (readonly [Payload, RegExp])[] = [
      [decision, /not sealed at all/],
      [sealed, /sealed with the key k1, which this process does not have/],
      [{ metadata: sealed.metadata ?? {} }, /sealed with the key k1/],
    ];
    for (const [payload, reason] of reasons) {
      const [refused = {}] = await createPayloadCodec(sealingWith(k2)).decode([payload], context);
      expect(payloadConverter.fromPayload(refused, context)).toEqual({ undecodable: expect.stringMatching(reason) });
      const result = { ...context, type: 'activity', isLocal: false } as const;
      expect(() => payloadConverter.fromPayload(refused, result)).toThrow(reason);
      // Clients and activities have the SDK's own converter.
      expect(() => defaultPayloadConverter.fromPayload(refused)).toThrow(reason);
    }
  });

  it('takes plaintext only while it is told to, and seals nothing that belongs to nobody', async () => {
    const [accepted = {}] = await createPayloadCodec(sealingWith(k1, [], 'accept')).decode([decision], context);
    expect(payloadConverter.fromPayload(accepted, context)).toEqual({ verb: 'retry' });
    await expect(createPayloadCodec(sealingWith(k1)).encode([decision])).rejects.toThrow('belongs to no run');
  });
});
