import { nearest } from '../config/nearest.ts';
import type { AgentCall } from './agent-calls.ts';
import { MAX_BRIEF_BYTES, MAX_OUTPUT_BYTES, MAX_PHASES } from './limits.ts';
import { type ExpectedText, readStdinText } from './stdin-text.ts';
import {
  taskAddCall,
  taskClaimCall,
  taskDoneCall,
  taskFailCall,
  taskPhaseDoneCall,
  taskShowCall,
} from './task-calls.ts';

/** A `task` command as it was written. */
export interface TaskCommand {
  readonly values: ReadonlyMap<string, string>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly words: readonly string[];
}

/** The call of a `task` command, or what is wrong: with how it was written, or with what stands on stdin. */
export type PreparedTask =
  | { readonly kind: 'call'; readonly call: AgentCall }
  | { readonly kind: 'wrong'; readonly of: 'usage' | 'data'; readonly reason: string };

type Stdin = AsyncIterable<Uint8Array | string>;

const VERBS = ['add', 'claim', 'show', 'phase-done', 'done', 'fail'] as const;
type Verb = (typeof VERBS)[number];

/** Options that each verb takes beside its words. */
const OPTIONS: Readonly<Record<Verb, readonly string[]>> = {
  add: ['for', 'title', 'phase', 'key'],
  claim: [],
  show: ['phase'],
  'phase-done': [],
  done: [],
  fail: [],
};

/** Whole of what a task command prints; a model's tool shortens. */
const WHOLE = { short: false };

/** Reads one `task` command, and stdin where it needs it. */
export async function prepareTask(command: TaskCommand, stdin: Stdin): Promise<PreparedTask> {
  const [verb = '', ...words] = command.words;
  if (!isVerb(verb)) {
    const meant = nearest(verb, VERBS);
    return usage(
      verb === ''
        ? `which one: ${VERBS.join(', ')}?`
        : `${verb} is unknown; ${meant === undefined ? `there are ${VERBS.join(', ')}` : `did you mean ${meant}?`}`,
    );
  }
  const option = [...command.values.keys(), ...command.lists.keys()].find((name) => !OPTIONS[verb].includes(name));
  if (option !== undefined) return usage(`${verb} takes no --${option}`);
  if (verb === 'add') return words.length > 0 ? superfluous(verb, words) : await prepareAdd(command, stdin);
  if (verb === 'claim') return words.length > 0 ? superfluous(verb, words) : called(taskClaimCall(WHOLE));
  const [written = '', ...rest] = words;
  const id = readId(written);
  if (id === undefined)
    return usage(
      written === '' ? `${verb} needs the number of a task` : `${JSON.stringify(written)} is not the number of a task`,
    );
  if (verb === 'fail') {
    const reason = rest.join(' ');
    return reason.trim() === ''
      ? usage('the reason is missing: why can it not be done?')
      : called(taskFailCall(id, reason));
  }
  if (rest.length > 0) return superfluous(verb, rest);
  switch (verb) {
    case 'show': {
      const phases = command.lists.get('phase') ?? [];
      return phases.length > 1 ? usage('show takes one --phase') : called(taskShowCall(id, phases[0], WHOLE));
    }
    case 'done':
      return called(taskDoneCall(id));
    case 'phase-done': {
      const output = await readStdinText(stdin, expected('the output', MAX_OUTPUT_BYTES));
      if (output.kind === 'wrong') return data(output.reason);
      return output.text.trim() === ''
        ? data('the output on stdin is empty: the later phases build on it')
        : called(taskPhaseDoneCall(id, output.text));
    }
  }
}

async function prepareAdd({ values, lists }: TaskCommand, stdin: Stdin): Promise<PreparedTask> {
  const [agent, title, key] = [values.get('for'), values.get('title'), values.get('key')];
  const phases = lists.get('phase') ?? [];
  if (agent === undefined) return usage('--for is missing: which agent is to do it?');
  if (title === undefined) return usage('--title is missing: what is it, in a line?');
  if (title.trim() === '') return usage('--title must not be empty');
  if (phases.some((name) => name.trim() === '')) return usage('--phase must not be empty');
  const twice = phases.find((name, index) => phases.indexOf(name) !== index);
  if (twice !== undefined)
    return usage(`--phase ${JSON.stringify(twice)} is given twice: phases need names of their own`);
  if (phases.length > MAX_PHASES)
    return usage(`a task has at most ${MAX_PHASES} phases, and ${phases.length} are given`);
  const brief = await readStdinText(stdin, expected('the brief', MAX_BRIEF_BYTES));
  if (brief.kind === 'wrong') return data(brief.reason);
  return called(
    taskAddCall({ for: agent, title, brief: brief.text, key, phases: phases.length === 0 ? undefined : phases }),
  );
}

function expected(what: string, maxBytes: number): ExpectedText {
  return { what, maxBytes, tooLong: `${maxBytes / 1024} KiB: put the data into a file, and name it` };
}

function isVerb(word: string): word is Verb {
  return (VERBS as readonly string[]).includes(word);
}

function readId(written: string): number | undefined {
  return /^#?\d{1,15}$/.test(written) ? Number(written.replace('#', '')) : undefined;
}

function superfluous(verb: Verb, words: readonly string[]): PreparedTask {
  return usage(`${verb} takes no ${JSON.stringify(words[0])}`);
}

function called(call: AgentCall): PreparedTask {
  return { kind: 'call', call };
}

function usage(reason: string): PreparedTask {
  return { kind: 'wrong', of: 'usage', reason };
}

function data(reason: string): PreparedTask {
  return { kind: 'wrong', of: 'data', reason };
}
