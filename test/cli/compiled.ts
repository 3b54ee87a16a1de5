import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { transformSync } from '@swc/core';

const ROOT = resolve(__dirname, '../..');

/**
 * Compiles `src/` into a folder, file by file, as the build would: child processes then start as fast as they do
 * installed, and lazy imports are real ones. Answers the path of the command line's main file.
 */
export function compileInto(folder: string): string {
  const entries = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true });
  for (const entry of entries.filter(({ name }) => name.endsWith('.ts'))) {
    const source = join(entry.parentPath, entry.name);
    const target = join(folder, 'dist', relative(ROOT, source)).replace(/\.ts$/, '.js');
    const { code } = transformSync(readFileSync(source, 'utf8'), {
      filename: source,
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      // The annotation lets a real `import()` see the names, as the compiler's output does.
      module: { type: 'commonjs', ignoreDynamic: true, exportInteropAnnotation: true },
    });
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, 'dist/src/cli/main.js');
}
