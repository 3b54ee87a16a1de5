// Runs one TypeScript file in a process of its own, for tests that kill it: node run-typescript.cjs FILE [ARGUMENT…]
const { transformFileSync } = require('@swc/core');

require.extensions['.ts'] = (module, file) => {
  const { code } = transformFileSync(file, {
    swcrc: false,
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs', ignoreDynamic: true },
  });
  module._compile(code, file);
};

require(process.argv[2]);
