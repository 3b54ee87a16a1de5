import { join, resolve } from 'node:path';

/** The two stages of the demo's shop, in ladder order. */
export const STAGES = ['uat', 'prod'] as const;
export type Stage = (typeof STAGES)[number];

/** Everything the demo keeps lies in one folder; removing the folder resets the demo. */
export interface DemoPaths {
  readonly state: string;
  /** The shop's bare git repository. */
  readonly repository: string;
  readonly config: string;
  /** Ports that were chosen, so that the links of yesterday still work. */
  readonly ports: string;
  /** Tokens of the demo's people, one file each. */
  readonly tokens: string;
  readonly reports: string;
  readonly lock: string;
  envFile(stage: Stage): string;
  /** Where the shop's builds, pid file and log of a stage lie. */
  target(stage: Stage): string;
}

export function demoPaths(stateDir: string): DemoPaths {
  const state = resolve(stateDir);
  return {
    state,
    repository: join(state, 'shop.git'),
    config: join(state, 'tidegate.yaml'),
    ports: join(state, 'ports.json'),
    tokens: join(state, 'tokens'),
    reports: join(state, 'releases'),
    lock: join(state, 'demo.pid'),
    envFile: (stage) => join(state, `.env.${stage}`),
    target: (stage) => join(state, 'targets', stage),
  };
}
