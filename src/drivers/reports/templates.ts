/** The layout of both reports, as eta templates: `<%= %>` escapes for Markdown, so untrusted text goes only there. */
import { Eta } from 'eta';
import { inline } from './markdown';
import type { ReportView } from './view';

/** What a template gets: the view, and the name of the evidence file beside it with its digest. */
export interface Page extends ReportView {
  readonly evidenceFile: string;
  readonly evidenceSha256: string;
  /** Name of the other report of the pair, or null. */
  readonly pair: string | null;
}

const TABLE = `<% if (it.rows.length === 0) { -%>
<%= it.none %>

<% } else { -%>
|<% for (const head of it.heads) { %> <%= head %> |<% } %>
|<% for (const head of it.heads) { %> --- |<% } %>
<% for (const row of it.rows) { -%>
|<% for (const cell of row) { %> <%= cell %> |<% } %>
<% } -%>

<% } -%>
`;

const FACTS = `<% for (const [name, value] of it.rows) { -%>
- **<%= name %>:** <%= value %>
<% } -%>
`;

const PHASE_HEADS = `['Phase', 'Start', 'End', 'Duration', 'Result', 'Detail']`;
const SMOKE_HEADS = `['Check', 'Result', 'Status', 'Time', 'Detail']`;
const WATCH_HEADS = `['T+', 'Error rate', 'Requests/s', 'p50', 'p95', 'p99', 'Saturation', 'Health']`;

const ROLLBACK_SECTION = `<%~ include('@facts', { rows: it.rollback.facts }) -%>

<%~ include('@table', { heads: ${PHASE_HEADS}, rows: it.rollback.phases, none: 'No phase of it has begun.' }) -%>
**Smoke checks after the rollback**

<%~ include('@table', { heads: ${SMOKE_HEADS}, rows: it.rollback.smoke, none: 'None ran.' }) -%>
<% if (it.rollback.watch.length > 0) { -%>
**Mini watch after the rollback**

<%~ include('@table', { heads: ${WATCH_HEADS}, rows: it.rollback.watch, none: '' }) -%>
<% } -%>
`;

const EVIDENCE_SECTION = `## Evidence

<%~ include('@facts', { rows: [...it.evidence, ['Data of this report', it.evidenceFile], ['Its SHA-256', it.evidenceSha256]] }) -%>
`;

const RELEASE = `# Release <%= it.target %>: <%= it.verdict %>

<%~ include('@facts', { rows: it.header }) -%>

## Passengers

<%~ include('@table', { heads: ['Bug', 'Title', 'Severity', 'Fix', 'Place', 'Approvals'], rows: it.passengers, none: 'Nobody: this deployment carries no fix.' }) -%>
### Left behind

<%~ include('@table', { heads: ['Bug', 'Cause', 'Reason', 'Files'], rows: it.left, none: 'Nobody.' }) -%>
## Changes

<% if (it.scriptChanged) { -%>
**The deploy script is not the one that runs now.**

<% } -%>
<% for (const change of it.changes) { -%>
- <%= change %>
<% } -%>
<% if (it.changes.length === 0) { -%>
None.
<% } -%>

## Checks

<%~ include('@table', { heads: ['Check', 'Result', 'Detail'], rows: it.checks, none: 'None ran.' }) -%>
## Rollback plan

<%~ include('@facts', { rows: it.plan }) -%>

## Phases

<%~ include('@table', { heads: ${PHASE_HEADS}, rows: it.phases, none: 'None has begun.' }) -%>
## Script metadata

<%~ include('@table', { heads: ['Key', 'Value'], rows: it.metadata, none: 'The script said nothing about itself.' }) -%>
## Smoke checks

<%~ include('@table', { heads: ${SMOKE_HEADS}, rows: it.smoke, none: 'None ran.' }) -%>
## Watch

<%~ include('@table', { heads: ${WATCH_HEADS}, rows: it.watch, none: 'No sample was taken.' }) -%>
### Breaches

<%~ include('@table', { heads: ['Rule', 'Metric', 'Class', 'Value', 'Baseline', 'Multiple', 'T+', 'In words', 'Decision'], rows: it.breaches, none: 'None.' }) -%>
<% if (it.questions.length > 0) { -%>
### Questions to people

<%~ include('@table', { heads: ['In words', 'Asked', 'Deadline', 'Escalated', 'Taken by', 'Answer', 'Answered', 'Reason'], rows: it.questions, none: '' }) -%>
<% } -%>
## Rollback

<% if (it.rollback) { -%>
<%~ include('@rollback', it) -%>
<% if (it.pair) { -%>
The same alone: <%= it.pair %>.md

<% } -%>
<% } else { -%>
None.

<% } -%>
<%~ include('@evidence', it) -%>
`;

const ROLLBACK = `# Rollback of <%= it.target %>: <%= it.verdict %>

<%~ include('@rollback', it) -%>
## Breaches

<%~ include('@table', { heads: ['Rule', 'Metric', 'Class', 'Value', 'Baseline', 'Multiple', 'T+', 'In words', 'Decision'], rows: it.breaches, none: 'None.' }) -%>
## The release it ends

<%~ include('@facts', { rows: it.header }) -%>

The whole story: <%= it.pair %>.md

<%~ include('@evidence', it) -%>
`;

const eta = new Eta({ autoTrim: false, escapeFunction: inline });
for (const [name, template] of Object.entries({
  '@table': TABLE,
  '@facts': FACTS,
  '@rollback': ROLLBACK_SECTION,
  '@evidence': EVIDENCE_SECTION,
  '@release-report': RELEASE,
  '@rollback-report': ROLLBACK,
})) {
  eta.loadTemplate(name, template);
}

export const renderRelease = (page: Page): string => eta.render('@release-report', page);
export const renderRollback = (page: Page): string => eta.render('@rollback-report', page);
