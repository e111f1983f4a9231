/**
 * Makes of each TypeScript source the JavaScript beside it that the npm package carries: Node strips no types below `node_modules`.
 * `node deploy/npm/emit.ts` writes (npm calls it as `prepack`), `node deploy/npm/emit.ts --clean` removes what was written (`postpack`).
 *
 * Types are replaced by blanks, as Node itself does it: lines and columns of a stack trace are those of the source.
 */
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const SOURCES = '{src,commands,conversations,storage}/**/*.ts';
/** A text that may name one of our own files: what is imported, or started as a program of its own. */
const NAMED_FILE = /'([\w./-]+)\.ts'/g;

const isCleaning = process.argv.includes('--clean');
// Without the warning that stripping is young: the checkout runs by it all day.
process.removeAllListeners('warning');

for (const source of globSync(SOURCES, { cwd: ROOT })) {
  const file = join(ROOT, source);
  const target = file.replace(/\.ts$/, '.js');
  if (isCleaning) rmSync(target, { force: true });
  else writeFileSync(target, stripTypeScriptTypes(readFileSync(file, 'utf8')).replace(NAMED_FILE, toJavaScript));

  function toJavaScript(text: string, path: string): string {
    return existsSync(join(dirname(file), `${path}.ts`)) ? `'${path}.js'` : text;
  }
}
