import fc from 'fast-check';
import { signed } from '../../src/api/sign';
import { proofOf, proofProblem } from '../../src/domain/proof';
import { attest, CLOCK_SKEW_MS, SIGNATURE_LASTS_MS, type Verify } from '../../src/domain/signed';
import type { BugDecision } from '../../src/domain/verbs';
import { readBugDecision } from '../../src/domain/wire';
import { createEd25519Signer, makeKeyPair, readVerifyKeys, verifyEd25519 } from '../../src/drivers/ed25519/keys';
import { verifySignature } from '../../src/workflows/verify';
import { AT, HEAD, OTHER_HEAD } from '../api/sample';
import { SIGNER, STRANGER } from '../support/signing';
import { decisionTo } from './bugs';

const BO = { id: 'bo', roles: ['manager'], surface: 'api' } as const;
const APPROVE = decisionTo('approve-prod', { actor: BO });
const GATE = { workflow: 'bug/shop/7', round: 5, revision: 'r1', signers: [SIGNER.publicKey] };
const MINUTE = 60_000;

const sent = (change: Partial<typeof GATE> = {}, at = AT, signer = SIGNER): BugDecision =>
  signed(APPROVE, { ...GATE, ...change }, at, signer);
const worth = (decision: BugDecision, now = AT + MINUTE, signers = GATE.signers, verify: Verify = verifySignature) =>
  attest(decision, { ...GATE, signers }, now, verify);

describe('a signature counts for exactly one decision, at one gate, for a short time (6-faults E8)', () => {
  test('what the API signed counts, also once it has travelled as JSON through the reader of the workflows', () => {
    const reading = readBugDecision(JSON.parse(JSON.stringify(sent())), 1);
    expect(reading.ok && worth(reading.value)).toEqual({ kind: 'signed' });
  });

  const forged: readonly (readonly [string, BugDecision])[] = [
    ['another verb', { ...sent(), verb: 'confirm' }],
    ['another SHA', { ...sent(), sha: OTHER_HEAD }],
    ['another person', { ...sent(), actor: { ...BO, id: 'ann' } }],
    ['another role', { ...sent(), actor: { ...BO, roles: ['admin'] } }],
    ['another surface', { ...sent(), actor: { ...BO, surface: 'telegram' } }],
    ['another reason', { ...sent(), reason: 'I looked' }],
    ['another id', { ...sent(), id: 'd2' }],
    ['another severity', { ...sent(), severity: 'low' }],
    ['another branch', { ...sent(), ref: 'fix/8' }],
    ['another place found in', { ...sent(), foundIn: 'uat' }],
    ['another flow', { ...sent(), flow: 'hotfix' }],
    ['nobody behind it', { ...sent(), actor: null }],
    ['no signature', { ...sent(), signature: null }],
    ['half a signature', { ...sent(), signature: sent().signature?.slice(0, -2) ?? null }],
    ['another gate', sent({ workflow: 'bug/shop/8' })],
    ['its own later round', retouched(sent({ round: 4 }), '.4.', '.5.')],
    ['its own later end', retouched(sent({}, AT - SIGNATURE_LASTS_MS), `.${AT}.`, `.${AT + MINUTE * 9}.`)],
    ["a stranger's key under our name", renamed(sent({}, AT, STRANGER))],
  ];

  test.each(forged)('with %s it says nothing of anybody', (_name, decision) => {
    expect(worth(decision)).toEqual({ kind: 'unsigned' });
  });

  const stale: readonly (readonly [string, BugDecision, number, string])[] = [
    ['an earlier round', sent({ round: 4 }), AT, 'was given on an earlier state'],
    ['another revision', sent({ revision: 'r0' }), AT, 'was given under another revision of the policy'],
    ['expiry', sent(), AT + SIGNATURE_LASTS_MS + 1, 'was signed too long ago'],
    ['the future', sent({}, AT + CLOCK_SKEW_MS + 1), AT, 'was signed by an API whose clock is ahead of Temporal'],
  ];

  test.each(stale)('of %s it is refused with the reason, whatever the verb', (_name, decision, now, why) => {
    const sentence = `This approve-prod ${why}: look at how things stand now, then decide again.`;
    expect(worth(decision, now)).toEqual({ kind: 'stale', sentence });
  });

  test('a key that nobody told this run of is asked for, not guessed', () => {
    expect(worth(sent({}, AT, STRANGER))).toEqual({ kind: 'unknown-key' });
    expect(worth(sent({}, AT, STRANGER), AT, [SIGNER.publicKey, STRANGER.publicKey])).toEqual({ kind: 'signed' });
  });

  test("the workflows' verifier and Node's own agree on every text, key and single wrong digit", () => {
    const digit = fc.nat(127);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), digit, fc.boolean(), (text, place, spoil) => {
        const { signingKey } = makeKeyPair();
        const signer = createEd25519Signer(signingKey);
        const value = signer.sign(text);
        const other = value[place] === '0' ? '1' : '0';
        const given = spoil ? value.slice(0, place) + other + value.slice(place + 1) : value;
        expect(verifySignature(text, given, signer.publicKey)).toBe(!spoil);
        expect(verifyEd25519(text, given, signer.publicKey)).toBe(!spoil);
      }),
      { numRuns: 10 },
    );
  });
});

describe('the proof that stays of an approval', () => {
  const proof = proofOf('bug/shop/7', sent()) ?? { text: '', signature: '' };
  const claimed = { workflow: 'bug/shop/7', verb: 'approve-prod', by: 'bo', sha: HEAD, at: AT + MINUTE };
  const check = (change: Partial<typeof claimed> = {}, given = proof, signers = GATE.signers) =>
    proofProblem(given, { ...claimed, ...change }, signers, verifyEd25519);

  test('holds for the person, bug, commit and time it was given for, and for nothing else', () => {
    expect(check()).toBeNull();
    expect(check({ by: 'ann' })).toBe('is approve-prod of bo');
    expect(check({ workflow: 'bug/shop/8' })).toBe('is for bug/shop/7');
    expect(check({ sha: OTHER_HEAD })).toBe(`is for ${HEAD.slice(0, 7)}`);
    expect(check({ at: AT + SIGNATURE_LASTS_MS + 1 })).toBe('was taken after it had expired');
    expect(check({}, { ...proof, text: proof.text.replace(HEAD, OTHER_HEAD) })).toBe(
      'does not belong to its signature',
    );
    expect(check({}, { ...proof, signature: '' })).toBe('carries no signature');
    expect(check({}, proof, [STRANGER.publicKey])).toContain('which this worker does not trust');
  });
});

describe('keys', () => {
  test('one kind is never taken for the other, and a wrong one is never repeated', () => {
    const { signingKey, verifyKey } = makeKeyPair();
    expect(readVerifyKeys(`${verifyKey},\n${verifyKey}`)).toHaveLength(2);
    expect(() => readVerifyKeys(signingKey)).toThrow('key 1 is no public key');
    expect(() => createEd25519Signer(verifyKey)).toThrow('no signing key');
    for (const wrong of [() => readVerifyKeys(signingKey), () => createEd25519Signer(verifyKey)]) {
      expect(wrong).not.toThrow(new RegExp(signingKey.slice(4, 20)));
    }
  });
});

function retouched(decision: BugDecision, from: string, to: string): BugDecision {
  const signature = decision.signature?.replace(from, to) ?? null;
  if (signature === decision.signature) throw new Error('nothing was retouched');
  return { ...decision, signature };
}

/** Puts our key's name on somebody else's signature. */
function renamed(decision: BugDecision): BugDecision {
  return retouched(decision, STRANGER.publicKey.slice(0, 16), SIGNER.publicKey.slice(0, 16));
}
