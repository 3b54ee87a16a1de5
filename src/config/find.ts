/** Where the configuration is: what TIDEGATE_CONFIG names, or the nearest tidegate.yaml upward. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from './problems';

export const CONFIG_FILE = 'tidegate.yaml';
const NAMES = [CONFIG_FILE, 'tidegate.yml'];

/** Absolute paths of the config files, one per service. @throws ConfigError when there is none. */
export function findConfigFiles(configPath: string | null, cwd: string): readonly string[] {
  if (configPath === null) return [nearest(cwd)];
  const path = resolve(cwd, configPath);
  const kind = statSync(path, { throwIfNoEntry: false });
  if (kind?.isFile()) return [path];
  if (!kind?.isDirectory()) throw missing(configPath, 'a file or a folder that exists');
  const files = readdirSync(path)
    .filter((each) => /\.ya?ml$/.test(each))
    .sort()
    .map((each) => join(path, each))
    .filter((each) => statSync(each, { throwIfNoEntry: false })?.isFile());
  if (files.length === 0) throw missing(configPath, 'a folder with a *.yaml or *.yml file for each service');
  return files;
}

function nearest(cwd: string): string {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const found = NAMES.map((each) => join(folder, each)).find((each) => existsSync(each));
    if (found !== undefined) return found;
    if (dirname(folder) === folder) break;
  }
  throw missing(null, `a ${CONFIG_FILE} here or in a folder above: write one with tidegate init`);
}

function missing(configPath: string | null, allowed: string): ConfigError {
  return new ConfigError([
    {
      file: null,
      line: null,
      column: null,
      path: configPath === null ? CONFIG_FILE : 'TIDEGATE_CONFIG',
      found: configPath === null ? 'nothing' : `"${configPath}"`,
      allowed,
      didYouMean: null,
    },
  ]);
}
