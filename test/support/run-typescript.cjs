// Runs one TypeScript file in a process of its own, for tests that kill it: node run-typescript.cjs FILE [ARGUMENT…]
// With TIDEGATE_COMPILED naming a folder, what was compiled once is only read from then on, as a built product would be.
const { createHash } = require('node:crypto');
const { existsSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const folder = process.env.TIDEGATE_COMPILED;

function compile(file) {
  return require('@swc/core').transformFileSync(file, {
    swcrc: false,
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs', ignoreDynamic: true },
  }).code;
}

function compiledOnce(file) {
  const kept = join(folder, `${createHash('sha1').update(file).digest('hex')}.js`);
  if (existsSync(kept)) return readFileSync(kept, 'utf8');
  const code = compile(file);
  writeFileSync(`${kept}.${process.pid}`, code);
  renameSync(`${kept}.${process.pid}`, kept);
  return code;
}

require.extensions['.ts'] = (module, file) => module._compile(folder ? compiledOnce(file) : compile(file), file);

require(process.argv[2]);
