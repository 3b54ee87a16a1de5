/** The OpenAPI 3.1 document, made from the same operations that answer (4-interfaces §4). */
import type { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import type { AnswerDoc, Operation } from './operation';
import { problemSchema } from './schemas/common';

const PROBLEM_WORDS: Readonly<Record<number, string>> = {
  400: 'The request cannot be read',
  401: 'No token, or one that nobody has',
  403: 'Role or four-eyes (`not-allowed`): the sentence names who may; or not your service (`no-access`)',
  404: 'There is no such thing',
  409: 'Not possible in this state (`wrong-state`), or the SHA is stale (`stale`, with `presentSha`)',
  413: 'The body is larger than 256 kB',
  415: 'The body is not JSON',
  422: 'Invalid; `errors` lists each mistake. `key-reused`: the idempotency key came with another body before',
  423: 'Frozen: until when, by whom, how to override',
  429: 'Too many requests: see Retry-After',
  503: 'Temporal or the ledger cannot be reached; nothing was accepted',
};

const problemContent = { 'application/problem+json': { schema: problemSchema } };

/** The version of the calls, `/v1`: which build answers is not for strangers (6-faults abuse 35). */
const API_VERSION = '1';

/** The document as plain data. */
export function openApiDocument(operations: readonly Operation[]): object {
  const paths: ZodOpenApiPathsObject = {};
  for (const each of operations) paths[each.path] = { ...paths[each.path], [each.method]: operationDoc(each) };
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Tidegate',
      version: API_VERSION,
      description:
        'Takes a bug fix from report to production. Errors are RFC 9457 problems; instants are ISO-8601 UTC.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'A token `tg_…` of a person' } },
    },
  });
}

function operationDoc(operation: Operation): ZodOpenApiOperationObject {
  const { id, tag, summary, access, params, query, body, example } = operation;
  const parameters = { ...(params && { path: asObject(params) }), ...(query && { query: asObject(query) }) };
  return {
    operationId: id,
    tags: [tag],
    summary,
    security: access === 'public' ? [] : [{ bearer: [] }],
    requestParams: parameters,
    ...(operation.method === 'post' && { parameters: [idempotencyKeyDoc] }),
    ...(body && {
      requestBody: { required: true, content: { 'application/json': { schema: body, example: example.body } } },
    }),
    responses: responsesOf(operation),
  };
}

const idempotencyKeyDoc = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Same key and body, same answer, for 24 hours; a repeat does nothing twice',
  schema: { type: 'string', maxLength: 255 },
} as const;

/** Every operation's params and query are objects; the list's common type has forgotten it. */
const asObject = (schema: z.ZodType): z.ZodObject => schema as z.ZodObject;

function responsesOf({ access, method, answers, problems }: Operation): ZodOpenApiOperationObject['responses'] {
  const always = access === 'public' ? [429] : [400, 401, 429, 503];
  const forBodies = method === 'post' ? [413, 415] : [];
  const statuses = [...new Set([...always, ...forBodies, ...problems])].filter((status) => !(status in answers)).sort();
  return {
    ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, answerDoc(answer)])),
    ...Object.fromEntries(
      statuses.map((status) => [
        String(status),
        { description: PROBLEM_WORDS[status] ?? 'Problem', content: problemContent },
      ]),
    ),
  };
}

function answerDoc({ description, schema, text = [] }: AnswerDoc) {
  return {
    description,
    content: {
      ...(schema && { 'application/json': { schema } }),
      ...Object.fromEntries(text.map((type) => [type, { schema: { type: 'string' as const } }])),
    },
  };
}
