/**
 * Links every module of the given folders as Node would, and runs none of them: programs may be checked like any other.
 *
 * vitest transforms TypeScript more kindly than Node: an enum, a parameter property, or a type imported without `type`
 * is green there and dies at the start of the program. Type stripping finds the first two, linking the third.
 *
 * Usage: node --experimental-vm-modules test/repository/boot.ts FOLDER... ; exit 1 with one line per fault.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Module, SourceTextModule, SyntheticModule } from 'node:vm';

const modules = new Map<string, Promise<Module>>();
const faults = new Map<string, string>();

function load(file: string): Promise<Module> {
  const known = modules.get(file);
  if (known !== undefined) return known;
  const created = file.endsWith('.json') ? createJsonModule(file) : createSourceModule(file);
  modules.set(file, created);
  return created;
}

async function createSourceModule(file: string): Promise<Module> {
  const text = readFileSync(file, 'utf8');
  const code = file.endsWith('.ts') ? stripTypeScriptTypes(text) : text;
  return new SourceTextModule(code, { identifier: pathToFileURL(file).href });
}

async function createJsonModule(file: string): Promise<Module> {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return new SyntheticModule(['default'], function setDefault() {
    this.setExport('default', value);
  });
}

/** A package or a part of Node: the real one, so that its export names are the real ones. */
async function createForeignModule(specifier: string, importer: string): Promise<Module> {
  const path = specifier.startsWith('node:') ? specifier : import.meta.resolve(specifier, pathToFileURL(importer).href);
  const namespace = (await import(path)) as Record<string, unknown>;
  return new SyntheticModule(Object.keys(namespace), () => {});
}

async function link(specifier: string, referrer: Module): Promise<Module> {
  const importer = fileURLToPath(referrer.identifier);
  if (specifier.startsWith('.')) return load(resolve(importer, '..', specifier));
  const known = modules.get(specifier) ?? createForeignModule(specifier, importer);
  modules.set(specifier, known);
  return known;
}

async function check(file: string): Promise<void> {
  try {
    const module = await load(file);
    if (module.status === 'unlinked') await module.link(link);
  } catch (error) {
    faults.set(file, describeFault(error));
  }
}

/** The message, and the line that Node points at where it does; not the stack, which is that of this program. */
function describeFault(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return (error.stack ?? error.message).split('\n    at ', 1)[0]?.replace(/^:\d+\n/, '\n') ?? error.message;
}

const files = process.argv.slice(2).flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|js)$/.test(name) && !name.includes('node_modules'))
    .map((name) => resolve(join(folder, name))),
);
for (const file of files) await check(file);
for (const [file, fault] of faults) console.error(`${relative('.', file)}: ${fault}`);
console.log(`${files.length} modules link, ${faults.size} do not`);
process.exit(faults.size === 0 ? 0 : 1);
