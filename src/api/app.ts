/** The HTTP API as an express app: everything it needs is handed in, nothing is looked up. */
import express, { type Express } from 'express';
import helmet from 'helmet';
import { Gauge, Registry } from 'prom-client';
import swaggerUi from 'swagger-ui-express';
import { createDoor } from './auth';
import { answerProblems, identify, limitAddress, limitRate, observe, requestId } from './middleware';
import { mountOperations } from './mount';
import { openApiDocument } from './openapi';
import type { ApiDeps, ApiLimits } from './operation';
import { operations } from './operations';
import { createPace } from './pace';
import { ApiProblem } from './problems';
import { createSeats } from './stream';
import { traced } from './traced';

export const DEFAULT_LIMITS: ApiLimits = {
  perMinute: 1_200,
  perRunMinute: 120,
  recordedWithinMs: 10_000,
  pollMs: 100,
  feedMs: 500,
  streams: 200,
  streamsEach: 10,
  recheckMs: 2_000,
};

/** One address may be several people: a team behind one proxy. */
const PEOPLE_PER_ADDRESS = 5;

/** What a caller of `createApp` gives: limits and registry have defaults. */
export type AppOptions = Omit<ApiDeps, 'limits' | 'registry' | 'pace' | 'door' | 'seats'> & {
  readonly limits?: Partial<ApiLimits>;
  readonly registry?: Registry;
};

/** Builds the app; listening is the caller's matter. */
export function createApp(options: AppOptions): Express {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const pace = createPace(limits.perRunMinute, options.now);
  const door = createDoor(options.services, options.ledger, options.now);
  const seats = createSeats(limits.streams, limits.streamsEach);
  const deps: ApiDeps = { ...options, limits, pace, door, seats, registry: options.registry ?? new Registry() };
  countStreams(deps);
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(requestId, traced, observe(deps.logger, deps.registry), helmet(HEADERS));
  app.use(limitAddress(PEOPLE_PER_ADDRESS * limits.perMinute), identify(door), limitRate(limits.perMinute));
  mountOperations(app, operations, deps);
  mountDocs(app, openApiDocument(operations));
  app.use((req, _res, next) =>
    next(new ApiProblem('not-found', `There is no ${req.method} ${req.path.slice(0, 100)}: see /docs.`)),
  );
  app.use(answerProblems(deps.logger));
  return app;
}

function countStreams({ registry, seats }: ApiDeps): void {
  const help = 'Server-sent event streams that are open';
  new Gauge({
    ...{ name: 'tidegate_http_streams', help, registers: [registry] },
    collect() {
      this.set(seats.open());
    },
  });
}

/** No script or style from elsewhere, no frame around us; swagger-ui styles its elements in place. */
const HEADERS: Parameters<typeof helmet>[0] = {
  contentSecurityPolicy: {
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      // On loopback there is no https to be upgraded to.
      upgradeInsecureRequests: null,
    },
  },
};

function mountDocs(app: Express, document: object): void {
  app.get('/openapi.json', (_req, res) => void res.json(document));
  app.use('/docs', swaggerUi.serve, swaggerUi.setup(null, { swaggerOptions: { url: '/openapi.json' } }));
}
