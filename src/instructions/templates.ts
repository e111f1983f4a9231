import { nearest } from '../config/nearest.ts';

/** The templates that instructions are composed of, in the order in which an agent reads them. */
export const TEMPLATES = [
  'run.md',
  'workstate.md',
  'tools.md',
  'drafts.md',
  'tasks.md',
  'progress.md',
  'failure-modes.md',
  'secrets.md',
] as const;

/** The name of a template, ours or the owner's own. */
export type TemplateName = (typeof TEMPLATES)[number];

/** What may stand in double braces. */
export const PLACEHOLDERS = ['agent', 'workdir', 'runtime', 'timeout', 'heartbeat', 'failure_modes'] as const;

/** The name of a placeholder. */
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** More than this is no instruction any more, and would cost each run its context; in bytes, for one template. */
export const LONGEST_TEMPLATE_BYTES = 64 * 1024;

/** A file of the owner's folder, by its name in it; undefined text: it is there, and cannot be read. */
export interface TemplateFile {
  readonly name: string;
  readonly text: string | undefined;
}

/** Puts the values in; throws a sentence about a placeholder that nobody knows, since an agent would read it as it stands. */
export function fillTemplate(name: string, text: string, values: Readonly<Record<Placeholder, string>>): string {
  const [problem] = placeholderProblems(name, text);
  if (problem !== undefined) throw new Error(problem);
  return text.replaceAll(IN_BRACES, (whole, word: string) => (isPlaceholder(word) ? values[word] : whole)).trim();
}

/** What is wrong with the owner's own templates, one sentence each; files that are no Markdown, or hidden, are passed over. */
export function templateProblems(folder: string, files: readonly TemplateFile[]): string[] {
  const own = files.filter(({ name }) => name.endsWith('.md') && !name.startsWith('.'));
  if (own.length === 0) return [`expected at least one template in ${folder} (${TEMPLATES.join(', ')}); found none`];
  return own.flatMap(({ name, text }) => {
    if (!isTemplate(name)) {
      const meant = nearest(name, TEMPLATES);
      return [
        `${folder} has ${name}, which is no template${meant === undefined ? `; there are ${TEMPLATES.join(', ')}` : `; did you mean ${meant}?`}`,
      ];
    }
    if (text === undefined) return [`the template ${name} in ${folder} cannot be read`];
    if (text.trim() === '') return [`the template ${name} in ${folder} is empty; remove it to have ours`];
    if (Buffer.byteLength(text) >= LONGEST_TEMPLATE_BYTES)
      return [`the template ${name} in ${folder} is longer than ${LONGEST_TEMPLATE_BYTES / 1024} KiB`];
    return placeholderProblems(name, text);
  });
}

const IN_BRACES = /\{\{\s*([^{}]*?)\s*\}\}/g;

function placeholderProblems(name: string, text: string): string[] {
  const words = new Set([...text.matchAll(IN_BRACES)].map((match) => match[1] ?? ''));
  return [...words]
    .filter((word) => !isPlaceholder(word))
    .map((word) => {
      const meant = nearest(word, PLACEHOLDERS);
      return `the template ${name} names {{${word}}}; ${meant === undefined ? `there are ${PLACEHOLDERS.join(', ')}` : `did you mean {{${meant}}}?`}`;
    });
}

function isTemplate(name: string): name is TemplateName {
  return TEMPLATES.some((known) => known === name);
}

function isPlaceholder(word: string): word is Placeholder {
  return PLACEHOLDERS.some((known) => known === word);
}
