/**
 * OpenTelemetry, off unless OTEL_EXPORTER_OTLP_ENDPOINT is set: then one decision is one trace through API, update,
 * workflow and activity. Loaded only when it is on.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { context, propagation, ROOT_CONTEXT, trace, type Context, type ContextManager } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { Resource } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry';

export interface Tracing {
  /** Goes into the options of every client and worker. */
  readonly plugin: OpenTelemetryPlugin;
  /** Sends what is left. */
  stop(): Promise<void>;
}

/** The attributes that leave this process: ids and words of ours, nothing that a person or a target wrote. */
const SAFE: readonly string[] = [
  'temporalWorkflowId',
  'temporalActivityId',
  'temporalUpdateId',
  'run_id',
  'http.request.method',
  'http.route',
  'http.response.status_code',
];

/** Registers the one tracer of the process. The endpoint and its headers are read from OpenTelemetry's own variables. */
export function startTracing(role: string, version: string): Tracing {
  const resource = new Resource({ 'service.name': `tidegate-${role}`, 'service.version': version });
  const spanProcessor = new BatchSpanProcessor(discreet(new OTLPTraceExporter()));
  const provider = new BasicTracerProvider({ resource, spanProcessors: [spanProcessor] });
  context.setGlobalContextManager(createContextManager());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return {
    plugin: new OpenTelemetryPlugin({ resource, spanProcessor }),
    stop: () => provider.shutdown(),
  };
}

/** Errors are told by their status alone: their sentences may hold titles, lines of scripts, addresses. */
function discreet(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(withoutWords), done),
    shutdown: () => exporter.shutdown(),
  };
}

function withoutWords(span: ReadableSpan): ReadableSpan {
  const attributes = Object.fromEntries(Object.entries(span.attributes).filter(([name]) => SAFE.includes(name)));
  const shown = { attributes, events: [], links: [], status: { code: span.status.code } };
  return Object.assign(Object.create(span) as ReadableSpan, shown);
}

/** The context of a call is that of whoever awaits it. */
function createContextManager(): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, call, self, ...args) => storage.run(active, () => call.call(self as never, ...args)),
    bind: (active, target) =>
      typeof target === 'function'
        ? (((...args: unknown[]) =>
            storage.run(active, () => (target as (...all: unknown[]) => unknown)(...args))) as never)
        : target,
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}
