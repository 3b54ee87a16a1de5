/** What a service of the compose file becomes without Docker: a process with its variables, files and health check. Pure. */
import { join } from 'node:path';
import type { Compose, Mount, Service } from './compose';

/** Where the things of the compose file are on this machine. */
export interface Ground {
  /** The folder of the compose file, with the built product. */
  readonly project: string;
  /** Each service gets a folder here that stands for the root of its container. */
  readonly roots: string;
  /** Each named volume gets a folder here. */
  readonly volumes: string;
  /** Which programs stand for an image; by the image's name without its version. */
  readonly images: Readonly<Record<string, readonly string[]>>;
  /** What a container's network would do, done to the variables by name: `PGHOST` is loopback, and so on. */
  readonly network: (service: Service) => Readonly<Record<string, string>>;
  readonly path: string;
}

/** A place in the pretended container, and what lies there. */
export interface Link {
  readonly at: string;
  readonly to: string;
}

export interface Plan {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly links: readonly Link[];
  /** Folders of named volumes that must be there. */
  readonly volumes: readonly string[];
  readonly root: string;
  /** Program and arguments; null: somebody else tells when it is healthy. */
  readonly health: readonly string[] | null;
  /** Whether it is started again when it ends by itself. */
  readonly restarts: boolean;
}

/** Where the image keeps the product. */
const APP = '/app';
const SECRETS = '/run/secrets';

export function planOf(compose: Compose, name: string, ground: Ground): Plan {
  const service = compose.services[name];
  if (service === undefined) throw new Error(`The compose file has no service ${name}.`);
  const root = join(ground.roots, name);
  const links = [
    { at: join(root, APP), to: ground.project },
    ...service.mounts.map((mount) => ({ at: join(root, mount.target), to: sourceOf(mount, ground) })),
    ...service.secrets.map((secret) => secretLink(secret, root, compose, ground)),
  ];
  const places = Object.fromEntries([
    ...[APP, ...service.secrets.map((secret) => `${SECRETS}/${secret}`)].map((at) => [at, join(root, at)]),
    // State lies in its volume itself: a checkout knows its real path.
    ...service.mounts.map((mount) => [
      mount.target,
      isVolume(mount) ? sourceOf(mount, ground) : join(root, mount.target),
    ]),
  ]) as Readonly<Record<string, string>>;
  const here = (text: string): string => onThisMachine(text, places);
  const image = ground.images[service.image.split(':')[0] ?? ''] ?? [];
  const program = service.entrypoint.length > 0 ? service.entrypoint : image;
  const variables = Object.entries(service.environment).map(([key, value]) => [key, here(value)] as const);
  return {
    name,
    command: [...program, ...service.command].map(here),
    env: {
      PATH: ground.path,
      HOME: root,
      LANG: 'C.UTF-8',
      ...Object.fromEntries(variables),
      ...ground.network(service),
    },
    links,
    volumes: service.mounts.filter(isVolume).map((mount) => sourceOf(mount, ground)),
    root,
    health: service.health?.[0] === 'node' ? service.health.map(here) : null,
    restarts: service.restart === 'unless-stopped',
  };
}

const isVolume = ({ source }: Mount): boolean => !/^[./]/.test(source);

function sourceOf(mount: Mount, { project, volumes }: Ground): string {
  return isVolume(mount) ? join(volumes, mount.source) : absolute(mount.source, project);
}

function secretLink(secret: string, root: string, compose: Compose, { project }: Ground): Link {
  const file = compose.secrets[secret];
  if (file === undefined) throw new Error(`The compose file has no secret ${secret}.`);
  return { at: join(root, SECRETS, secret), to: absolute(file, project) };
}

const absolute = (path: string, project: string): string => (path.startsWith('/') ? path : join(project, path));

/** A path of the container, alone or behind `file:`, as the path of the same thing on this machine. */
function onThisMachine(text: string, places: Readonly<Record<string, string>>): string {
  const [, scheme = '', path = ''] = /^(file:)?(\/.*)$/.exec(text) ?? [];
  const found = Object.entries(places).find(([at]) => path === at || path.startsWith(`${at}/`));
  return found ? `${scheme}${found[1]}${path.slice(found[0].length)}` : text;
}

/** The services that must be ready before this one starts. */
export const neededBy = (compose: Compose, name: string): readonly string[] =>
  Object.keys(compose.services[name]?.dependsOn ?? {});

/** Whether a service does its work and ends: somebody waits for its completion. */
export const isOneShot = (compose: Compose, name: string): boolean =>
  Object.values(compose.services).some(({ dependsOn }) => dependsOn[name] === 'service_completed_successfully');
