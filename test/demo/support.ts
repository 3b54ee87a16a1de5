import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGit } from '../../src/demo/git';
import { demoPaths, type DemoPaths, type Stage } from '../../src/demo/paths';
import type { Repository } from '../../src/demo/repository';
import { takeDown, type Shop } from '../../src/demo/shop';
import { freePort } from '../../src/temporal/ports';

/** A state folder with a stage of the shop that nothing runs in yet; `end` stops what was started and removes all. */
export interface Yard {
  readonly paths: DemoPaths;
  readonly repository: Repository;
  shop(stage: Stage): Promise<Shop>;
  end(): Promise<void>;
}

export async function makeYard(): Promise<Yard> {
  // A space in the path: scripts that forget to quote fail here.
  const folder = await mkdtemp(join(tmpdir(), 'tidegate demo-'));
  const paths = demoPaths(folder);
  const shops: Shop[] = [];
  const programs = process.env.PATH ?? '';
  return {
    paths,
    repository: { folder: paths.repository, git: createGit(programs) },
    shop: async (stage) => {
      const port = await freePort(null);
      const shop = { stage, port, url: `http://127.0.0.1:${port}`, target: paths.target(stage), programs };
      shops.push(shop);
      return shop;
    },
    end: async () => {
      await Promise.all(shops.map(takeDown));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
