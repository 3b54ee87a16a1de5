/** Smoke checks, in the file itself or in a file of their own (T-186, A-040). */
import { z } from 'zod';
import { duration, filePath, httpUrl, urlPath, whole, words } from './scalars';
import { section } from './zod-problems';

const PATH_ALLOWED = 'a path that begins with "/", or an http(s) address on the host of this environment';
const target = z.union([urlPath, httpUrl], { error: PATH_ALLOWED });

/** Methods as the keys of a case: `get: /api/version`. */
export const SMOKE_METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const smokeCase = section({
  name: words,
  get: target.optional(),
  post: target.optional(),
  put: target.optional(),
  patch: target.optional(),
  delete: target.optional(),
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/, { error: 'a header name' }), words).optional(),
  body: z.json().optional().describe('JSON body; {{version}}, {{sha}}, {{deployment}} and ${env:NAME} are filled in'),
  expect: section({
    status: whole(100, 599).optional(),
    json: z.json().optional().describe('What the JSON body must contain, compared deeply'),
    contains: words.optional(),
  }).optional(),
  timeout: duration.optional(),
});

export const smokeList = z.array(smokeCase, { error: 'a list of smoke checks' });

export const smoke = z
  .union([smokeList, section({ file: filePath })], {
    error: 'a list of smoke checks, or { file: path of such a list }',
  })
  .describe('HTTP checks after each deployment');

export type SmokeCaseInput = z.infer<typeof smokeCase>;
