import fc from 'fast-check';
import { createRedactor, parseEnvFile } from '../../src/drivers/script/environment';
import {
  createLineSplitter,
  MAX_LINE_BYTES,
  parseMetadata,
  tailText,
  type RawLine,
} from '../../src/drivers/script/lines';

function split(output: Buffer, cuts: readonly number[]): readonly RawLine[] {
  const splitter = createLineSplitter(0);
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (output.length + 1)), output.length])].sort((a, b) => a - b);
  const pieces = edges.slice(1).map((edge, index) => output.subarray(edges[index], edge));
  return [...pieces.flatMap((piece) => [...splitter.feed(piece)]), ...splitter.flush()];
}

const outputs = fc
  .array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(Uint8Array.of(10)), fc.constant(new Uint8Array(5_000))))
  .map((parts) => Buffer.concat(parts));

test('a line has one place and one text however the output was read: read twice, it is one row of the log', () => {
  fc.assert(
    fc.property(outputs, fc.array(fc.nat(), { maxLength: 8 }), (output, cuts) => {
      expect(split(output, cuts)).toEqual(split(output, []));
    }),
  );
});

test('a reader that resumes where the last one stopped gives the same lines and leaves none out', () => {
  fc.assert(
    fc.property(outputs, fc.nat(), (output, cut) => {
      const first = createLineSplitter(0);
      const before = first.feed(output.subarray(0, cut % (output.length + 1)));
      const second = createLineSplitter(first.resumeAt);
      const after = [...second.feed(output.subarray(first.resumeAt)), ...second.flush()];
      const byOffset = new Map([...before, ...after].map((line) => [line.offset, line]));
      expect([...byOffset.values()].sort((a, b) => a.offset - b.offset)).toEqual(split(output, []));
    }),
  );
});

test('no line is longer than what is kept of one, and none holds a control character', () => {
  fc.assert(
    fc.property(outputs, (output) => {
      for (const { text } of split(output, [])) {
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(3 * MAX_LINE_BYTES + 32);
        // eslint-disable-next-line no-control-regex -- exactly those must be gone
        expect(text).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/);
      }
    }),
  );
});

test('metadata is only what has its grammar at the beginning of a line, and the last value counts', () => {
  const output = Buffer.from(
    [
      '::tidegate id=1 url=http://x:1/y?a=b platform="two words"',
      'text ::tidegate id=2',
      '::tidegate  id=3   ',
      '::tidegate 1x=no =no empty= -k=no id',
      '::tidegateid=4',
    ].join('\n'),
  );
  expect(parseMetadata(output)).toEqual({ id: '3', url: 'http://x:1/y?a=b', platform: 'two words' });
});

test('a hostile output costs linear time and a bounded number of keys', () => {
  const keys = Array.from({ length: 500 }, (_, index) => `k${index}=v`).join(' ');
  const output = Buffer.from(`::tidegate ${keys}\n::tidegate ${'a="'.repeat(2_000)}\n${'\u001b['.repeat(9_000)}`);
  expect(Object.keys(parseMetadata(output))).toHaveLength(50);
  expect(tailText(output, 16_384).length).toBeLessThanOrEqual(16_384);
});

test('secrets of an environment file are taken out of every text; plain settings stay readable', () => {
  const redact = createRedactor(
    parseEnvFile(
      'PORT=4101\nAPI_KEY="line one\\nline two"\nURL=redis://:p4ssword@host/0\nMODE=production',
      '.env.prod',
    ),
  );
  const text = redact('4101 production line two p4ssword');
  expect(text).toMatch(/^4101 production \S+ \S+$/);
  expect(text).not.toMatch(/line two|p4ssword/);
});
