import type { OpenWork } from '../../storage/checkpoint-store.ts';
import type { RunRow } from '../../storage/run-store.ts';
import { fillOf } from '../runs/context-stops.ts';
import type { GitState } from './git-state.ts';

/** What can be seen of a run from outside. */
export interface SeenWork {
  readonly run: RunRow;
  readonly now: number;
  /** The last things said and done, readable. */
  readonly tail: string;
  /** What it was asked: the prompt, as far as it is known. */
  readonly asked: string;
  readonly open: readonly OpenWork[];
  readonly git: GitState | undefined;
  /** What the agent wrote before; undefined: nothing. */
  readonly before: string | undefined;
}

/** So much of each part is taken over: together far below what a WORKSTATE.md may have. */
const LONGEST_TAIL = 8 * 1024;
const LONGEST_PROMPT = 2 * 1024;
const LONGEST_BEFORE = 64 * 1024;

/** The words with which a WORKSTATE.md begins that we wrote. */
const OURS = 'Written by Nightdesk, without a model';
/** The line above what was said and done; whatever others wrote is quoted or indented, and never this line. */
const LAST_SEEN = 'What was said and done last:';

/** Puts a WORKSTATE.md together from what could be seen; it is valid by our own rules. */
export function writeMechanically(seen: SeenWork): string {
  const { run, git } = seen;
  const percent = fillOf(run);
  return [
    `${OURS}, at ${timeOf(seen.now)}: run ${run.id} of ${run.agent} ended (${reasonOf(run)}${percent === undefined ? '' : `, ${Math.floor(percent)} % of its context full`}), and this is what could be seen of it from outside. Check it before you rely on it.`,
    '',
    '# Active Tasks',
    '',
    `- Run ${run.id}, begun ${timeOf(run.startedAt ?? run.wantedAt)} (${run.cause}), did not end by itself.`,
    ...seen.open.map(
      ({ kind, id, what, state }) => `- ${kind === 'task' ? 'Task' : 'Draft'} #${id} (${state}): ${oneLine(what)}`,
    ),
    ...(seen.open.length === 0 ? ['- No task is open, and no draft waits.'] : []),
    ...(run.progressNote === null ? [] : [`- It last got done: ${oneLine(run.progressNote)}`]),
    '',
    '# Critical Context',
    '',
    ...(seen.asked.trim() === '' ? [] : ['What it was asked:', '', quoted(seen.asked, LONGEST_PROMPT), '']),
    ...(git === undefined
      ? []
      : ['What git says of the workdir:', '', ...[...git.status, ...git.commits].map(indented), '']),
    LAST_SEEN,
    '',
    seen.tail.trim() === '' ? indented('(nothing is left of it)') : indentedEnd(seen.tail),
    '',
    '# Next',
    '',
    '- Compare this with the workdir, and go on where it broke off.',
    '- Then write this file anew, in your own words.',
    ...(seen.before === undefined ? [] : ['', '# The WORKSTATE.md before', '', quoted(seen.before, LONGEST_BEFORE)]),
    '',
  ].join('\n');
}

/**
 * Without what differs each time by itself: by it two such texts are compared. Why a run began is such a part, and so is what was said
 * and done: a session that only talks, or tries one thing after the other, got nothing done.
 */
export function coreOf(text: string): string {
  if (!text.startsWith(OURS)) return text;
  const [core = ''] = text.slice(text.indexOf('\n')).split('\n# The WORKSTATE.md before\n');
  return core.slice(0, core.lastIndexOf(`\n${LAST_SEEN}\n`)).replace(/^- Run \d+, begun .*$/m, '');
}

function reasonOf(run: RunRow): string {
  return (
    run.stopReason ?? (run.state === 'lost' ? 'Nightdesk ended while it ran' : 'it ended before it had written this')
  );
}

function timeOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 300);
}

function indented(line: string): string {
  return `    ${line}`;
}

/** The end of what was said, as code: nothing in it becomes a heading. */
function indentedEnd(text: string): string {
  const end = text.trimEnd().slice(-LONGEST_TAIL).toWellFormed();
  return end.split('\n').map(indented).join('\n');
}

function quoted(text: string, longest: number): string {
  const kept = text.length <= longest ? text : `${text.slice(0, longest).toWellFormed()}\n… (cut)`;
  return kept
    .trimEnd()
    .split(/\r\n|\n|\r/)
    .map((line) => `> ${line}`)
    .join('\n');
}
