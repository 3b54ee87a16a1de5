import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Town } from './town';

export interface SlowScript {
  /** Every real act so far: the deployment, and `deploy` or what it was called with. */
  acts(): Promise<readonly string[]>;
  /** Lets the act on PROD go on. */
  letGo(): Promise<void>;
}

/** The shop's own script behind one that writes down each real act and waits, on PROD, until the test lets it go. */
export async function slowScript({ paths }: Town): Promise<SlowScript> {
  const [effects, gate, slow] = ['effects', 'let-go', 'slow.sh'].map((name) => join(paths.state, name)) as [
    string,
    string,
    string,
  ];
  const script = `#!/usr/bin/env bash
# Knows what it hands on: --rollback and --check.
set -euo pipefail
case "\${1:-}" in
  --status | --check) ;;
  *)
    printf '%s %s\\n' "$TIDEGATE_DEPLOYMENT_ID" "\${1:-deploy}" >>'${effects}'
    while [[ $TIDEGATE_ENV == prod && ! -e '${gate}' ]]; do sleep 0.1; done
    ;;
esac
exec scripts/deploy.sh "$@"
`;
  await writeFile(slow, script);
  await chmod(slow, 0o755);
  return {
    async acts() {
      const lines = await readFile(effects, 'utf8').catch(() => '');
      return lines.split('\n').filter((line) => line !== '');
    },
    letGo: () => writeFile(gate, ''),
  };
}
