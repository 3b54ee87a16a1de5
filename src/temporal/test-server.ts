import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir, cacheEntry, type Environment } from './cache';
import type { Executable } from './cli';
import { isExecutable, onPath, runCommand } from './command';
import { climb, firstLine, found, type Found, type Missing, missing, type Say, type Step } from './ladder';
import { downloadExecutable } from './sdk-download';

const VERSION = '1.31.0';
const CACHE_ENTRY = `temporal-test-server-${VERSION}`;
const FILE_NAME = 'temporal-test-server';
const COPY_GOAL = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const OLDEST_JAVA = 11;
const MINUTE = 60_000;

/** Finds or obtains the time-skipping test server that `simulate` and the workflow tests run on. */
export async function findTestServer(env: Environment, say: Say): Promise<Executable> {
  const { value, source } = await climb('Time-skipping server', steps(env, say), say, ADVICE);
  say(`Time-skipping server: using ${value} (${source}).`);
  return { path: value, source };
}

const ADVICE = `Set TEMPORAL_TEST_SERVER to the executable, or install Maven and Java ${OLDEST_JAVA} or newer.`;

function steps(env: Environment, say: Say): Step<string>[] {
  return [
    { name: 'TEMPORAL_TEST_SERVER', attempt: () => fromVariable(env) },
    { name: 'our cached copy', attempt: () => fromCache(env) },
    { name: "the SDK's official download", attempt: () => fromDownload(env, say) },
    { name: `Maven (io.temporal:temporal-test-server:${VERSION})`, attempt: () => fromMaven(env, say) },
  ];
}

async function fromVariable(env: Environment): Promise<Found<string> | Missing> {
  const path = env.TEMPORAL_TEST_SERVER;
  if (!path) return missing('not set');
  return isExecutable(path) ? found(path) : missing(`${path} is not an executable file`);
}

async function fromCache(env: Environment): Promise<Found<string> | Missing> {
  const path = join(cacheDir(env), CACHE_ENTRY, FILE_NAME);
  return isExecutable(path) ? found(path) : missing(`none in ${cacheDir(env)}`);
}

async function fromDownload(env: Environment, say: Say): Promise<Found<string> | Missing> {
  say('Time-skipping server: asking temporal.download for it …');
  return downloadExecutable({ kind: 'time-skipping', env, entry: CACHE_ENTRY, fileName: FILE_NAME });
}

async function fromMaven(env: Environment, say: Say): Promise<Found<string> | Missing> {
  const maven = onPath(env, 'mvn');
  if (maven === null) return missing('Maven (mvn) is not on PATH');
  const java = await javaVersion(env);
  if (java === null) return missing('Java is not on PATH');
  if (java < OLDEST_JAVA) return missing(`Java ${java} is too old; it needs ${OLDEST_JAVA} or newer`);
  say('Time-skipping server: fetching it with Maven; this takes about a minute, once.');
  try {
    const entry = await cacheEntry(env, CACHE_ENTRY, (folder) => fetchWithMaven(maven, folder, env));
    return found(join(entry, FILE_NAME));
  } catch (error) {
    return missing(firstLine(error));
  }
}

async function fetchWithMaven(maven: string, folder: string, env: Environment): Promise<void> {
  const pom = join(folder, 'pom.xml');
  await writeFile(pom, POM);
  const args = ['-B', '-ntp', '-q', '-f', pom, COPY_GOAL, '-DincludeScope=runtime', '-DoutputDirectory=jars'];
  const { code, tail } = await runCommand(maven, args, { env, timeoutMs: 15 * MINUTE });
  if (code !== 0) throw new Error(`Maven ended with ${code ?? 'no exit code'}: ${tail.split('\n')[0] ?? ''}`);
  const wrapper = join(folder, FILE_NAME);
  await writeFile(wrapper, WRAPPER);
  await chmod(wrapper, 0o755);
}

async function javaVersion(env: Environment): Promise<number | null> {
  const { code, tail } = await runCommand('java', ['-version'], { env, timeoutMs: MINUTE });
  if (code !== 0) return null;
  // Java 8 calls itself 1.8; later ones begin with their own number.
  const match = /version "(?:1\.)?(\d+)/.exec(tail);
  return match ? Number(match[1]) : null;
}

const POM = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>dev.tidegate</groupId>
  <artifactId>test-server</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId>
      <artifactId>temporal-test-server</artifactId>
      <version>${VERSION}</version>
    </dependency>
    <dependency><!-- keeps the logging facade silent -->
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-nop</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`;

/** Where setpriv exists (Linux), the kernel ends the server together with the process that started it. */
const WRAPPER = `#!/bin/sh
here=$(cd -- "$(dirname -- "$0")" && pwd)
set -- java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$here/jars/*" io.temporal.testserver.TestServer "$@"
if command -v setpriv >/dev/null 2>&1; then
  exec setpriv --pdeathsig KILL -- "$@"
fi
exec "$@"
`;
