import { processVariables } from '../config/process-env';
import { productVersion } from '../config/product-version';
import type { Tracing } from './tracing';

/** Tracing where an OTLP endpoint is set, else null: nothing of it is loaded then. */
export async function tracingOf(role: 'api' | 'worker' | 'up'): Promise<Tracing | null> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT } = processVariables();
  if (!OTEL_EXPORTER_OTLP_ENDPOINT && !OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) return null;
  return (await import('./tracing.js')).startTracing(role, productVersion());
}
