/** Reads a compose file as far as Tidegate's own ones go: includes, variables, services. Pure: files come as an argument. */
import { parse } from 'yaml';
import { TidegateFailure } from '../domain/failures';

type Condition = 'service_healthy' | 'service_completed_successfully';

export interface Mount {
  /** A path as written (`./deploy/…`), or the name of a volume. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly target: string;
  readonly readOnly: boolean;
}

export interface Service {
  readonly name: string;
  readonly image: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** Names of secrets; each is a file under /run/secrets. */
  readonly secrets: readonly string[];
  readonly networks: readonly string[];
  /** `127.0.0.1:7400:7400`, as written. */
  readonly ports: readonly string[];
  readonly dependsOn: Readonly<Record<string, Condition>>;
  /** Program and arguments of the health check; null without one. */
  readonly health: readonly string[] | null;
  readonly restart: string;
}

export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  /** The file behind each secret. */
  readonly secrets: Readonly<Record<string, string>>;
}

interface RawService {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly networks?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: Condition }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly restart?: string;
}
interface RawCompose {
  readonly include?: readonly string[];
  readonly services?: Readonly<Record<string, RawService>>;
  readonly secrets?: Readonly<Record<string, { readonly file: string }>>;
}

export type Variables = Readonly<Record<string, string | undefined>>;

/** The file with everything that it includes. @throws BadPlan when a variable that must be set is not */
export function readCompose(file: string, read: (file: string) => string, variables: Variables): Compose {
  const raw = interpolated(parse(read(file), { merge: true }), variables) as RawCompose;
  const included = (raw.include ?? []).map((other) => readCompose(other, read, variables));
  const services = Object.entries(raw.services ?? {}).map(
    ([name, service]) => [name, serviceOf(name, service)] as const,
  );
  const secrets = Object.entries(raw.secrets ?? {}).map(([name, secret]) => [name, secret.file] as const);
  return {
    services: Object.fromEntries([...included.flatMap((each) => Object.entries(each.services)), ...services]),
    secrets: Object.fromEntries([...included.flatMap((each) => Object.entries(each.secrets)), ...secrets]),
  };
}

function serviceOf(name: string, raw: RawService): Service {
  const conditions = Object.entries(raw.depends_on ?? {}).map(
    ([needed, { condition }]) => [needed, condition] as const,
  );
  return {
    name,
    image: raw.image,
    entrypoint: raw.entrypoint ?? [],
    command: raw.command ?? [],
    environment: raw.environment ?? {},
    mounts: (raw.volumes ?? []).map(mountOf),
    secrets: raw.secrets ?? [],
    networks: raw.networks ?? ['default'],
    ports: raw.ports ?? [],
    dependsOn: Object.fromEntries(conditions),
    health: raw.healthcheck?.test.slice(1) ?? null,
    restart: raw.restart ?? 'no',
  };
}

/** `source:target` or `source:target:ro`; neither has a colon of its own. */
function mountOf(text: string): Mount {
  const [source = '', target = '', mode] = text.split(':');
  return { source, target, readOnly: mode === 'ro' };
}

/** `${NAME}`, `${NAME:-otherwise}` and `${NAME:?why}` in every text of a value. */
function interpolated(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') return value.replace(VARIABLE, (...groups) => valueOf(groups, variables));
  if (Array.isArray(value)) return value.map((each) => interpolated(each, variables));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, interpolated(each, variables)]));
}

const VARIABLE = /\$\{([A-Za-z_]\w*)(?::([-?])([^}]*))?\}/g;

function valueOf([, name = '', sign, rest = '']: readonly (string | undefined)[], variables: Variables): string {
  const value = variables[name];
  if (value) return value;
  if (sign === '?') throw new TidegateFailure('BadPlan', `The compose file needs ${name}: ${rest}`);
  return rest;
}
