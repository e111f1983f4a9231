import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LONGEST_TEMPLATE_BYTES, type TemplateFile, templateProblems } from '../instructions/templates.ts';
import { printable } from './printable.ts';

/** What is wrong with a folder of instruction templates, one sentence each; the same sentences that a run would fail with. */
export function instructionFolderProblems(folder: string): string[] {
  const shown = printable(folder, 200);
  try {
    const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
    return templateProblems(
      shown,
      names.map(({ name }) => readTemplate(folder, name)),
    );
  } catch {
    return [`expected a folder at ${shown}; found none that this user can read`];
  }
}

function readTemplate(folder: string, name: string): TemplateFile {
  const file = join(folder, name);
  try {
    return { name, text: statSync(file).isFile() ? readBeginning(file) : undefined };
  } catch {
    return { name, text: undefined };
  }
}

/** As much as shows that a file is too long. */
function readBeginning(file: string): string {
  const buffer = Buffer.alloc(LONGEST_TEMPLATE_BYTES);
  const descriptor = openSync(file, 'r');
  try {
    return buffer.toString('utf8', 0, readSync(descriptor, buffer));
  } finally {
    closeSync(descriptor);
  }
}
