/** The durable reports: list, and each as Markdown, as JSON evidence, or both in one. */
import { z } from 'zod';
import { visibleServices, type Caller } from '../auth';
import { json, operation, type ApiDeps, type Call, type Operation } from '../operation';
import { pageOf } from '../paging';
import { ApiProblem } from '../problems';
import { iso, listOf } from '../schemas/common';
import { reportEntrySchema, reportSchema, reportsQuery } from '../schemas/inbox';

const params = z.object({ name: z.string().max(300).meta({ description: 'As the list gives it' }) });
const example = { params: { name: 'release_1.4.3_prod_2026-11-20-2200' } };

const listReports = operation({
  id: 'listReports',
  method: 'get',
  path: '/v1/reports',
  tag: 'Reports',
  summary: 'List reports, newest first',
  access: 'people',
  query: reportsQuery,
  answers: { 200: { description: 'A page of reports', schema: listOf(reportEntrySchema) } },
  problems: [422],
  example: {},
  handle: async ({ deps, caller, query }) => {
    const lists = await Promise.all(visibleReports(deps, caller).map((reports) => reports.list()));
    const byName = new Map(lists.flat().map((report) => [report.name, report])); // services may share a folder
    const reports = [...byName.values()].sort((a, b) => b.at - a.at || (a.name < b.name ? 1 : -1));
    const page = pageOf(reports, query, ({ name }) => name);
    return json(200, { items: page.items.map(({ name, at }) => ({ name, at: iso(at) })), next: page.next });
  },
});

const markdownReport = operation({
  id: 'markdownReport',
  method: 'get',
  path: '/v1/reports/{name}.md',
  tag: 'Reports',
  summary: 'A report as Markdown',
  access: 'people',
  params,
  answers: { 200: { description: 'The report', text: ['text/markdown'] } },
  problems: [404],
  example,
  handle: async (call) => {
    const text = await read(call, 'md');
    return { kind: 'text', type: 'text/markdown; charset=utf-8', text };
  },
});

const jsonReport = operation({
  id: 'jsonReport',
  method: 'get',
  path: '/v1/reports/{name}.json',
  tag: 'Reports',
  summary: 'The evidence of a report as JSON',
  access: 'people',
  params,
  answers: { 200: { description: 'The evidence', schema: z.unknown().meta({ override: {} }) } },
  problems: [404],
  example,
  handle: async (call) => json(200, JSON.parse(await read(call, 'json'))),
});

const showReport = operation({
  id: 'showReport',
  method: 'get',
  path: '/v1/reports/{name}',
  tag: 'Reports',
  summary: 'A report: its text and its evidence',
  access: 'people',
  params,
  answers: { 200: { description: 'The report', schema: reportSchema } },
  problems: [404],
  example,
  handle: async (call) => {
    const markdown = await read(call, 'md');
    const evidence: unknown = JSON.parse((await find(call, 'json')) ?? 'null');
    return json(200, { name: call.params.name, markdown, evidence });
  },
});

type Wanted = Call<z.infer<typeof params>>;

async function read(call: Wanted, format: 'md' | 'json'): Promise<string> {
  const text = await find(call, format);
  if (text !== null) return text;
  throw new ApiProblem('not-found', 'There is no such report: GET /v1/reports lists them.');
}

async function find({ deps, caller, params: { name } }: Wanted, format: 'md' | 'json'): Promise<string | null> {
  for (const reports of visibleReports(deps, caller)) {
    const text = await reports.read(name, format);
    if (text !== null) return text;
  }
  return null;
}

const visibleReports = (deps: ApiDeps, caller: Caller): readonly ReturnType<ApiDeps['reportsOf']>[] =>
  visibleServices(deps.services, caller).map(({ policy }) => deps.reportsOf(policy.service));

/** The suffixed paths first: the plain one would match them too. */
export const reportOperations: readonly Operation[] = [listReports, markdownReport, jsonReport, showReport];
