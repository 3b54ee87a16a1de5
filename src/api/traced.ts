/** One span for each call. Without an OpenTelemetry of the process it costs next to nothing and tells nobody. */
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { RequestHandler } from 'express';
import { locals } from './middleware';

/** What the call does runs inside its span; the path as called stays out of it, for it may hold anything. */
export const traced: RequestHandler = (req, res, next) => {
  const span = trace.getTracer('tidegate-api').startSpan(req.method, { kind: SpanKind.SERVER });
  res.once('close', () => {
    const { operation = 'unknown' } = locals(res);
    span.updateName(`${req.method} ${operation}`).setAttributes({
      'http.request.method': req.method,
      'http.route': operation,
      'http.response.status_code': res.statusCode,
    });
    if (res.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
  context.with(trace.setSpan(context.active(), span), next);
};
