import type { DemoApi } from './api';
import type { Narrator } from './narrator';
import type { DemoPaths } from './paths';
import type { Repository } from './repository';
import type { Shop } from './shop';

/** Who presses the buttons: a person, or the demo itself; `break` ships a fix that production can not stand. */
export type Mode = 'interactive' | 'auto' | 'break';

/** Everything a story plays with. */
export interface Scene {
  readonly mode: Mode;
  readonly api: DemoApi;
  readonly apiUrl: string;
  readonly paths: DemoPaths;
  readonly repository: Repository;
  readonly uat: Shop;
  readonly prod: Shop;
  readonly narrator: Narrator;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
}
