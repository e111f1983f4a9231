import { resolve } from 'node:path';
import { nearest } from '../config/nearest.ts';
import { AGENT_COMMANDS, COMMAND_TEXTS } from './agent-command-help.ts';
import type { AgentCommand } from './agent-command-help.ts';
import { parseCommand } from './agent-options.ts';
import {
  type AgentCall,
  beatCall,
  decisionsCall,
  draftCall,
  explainUnavailable,
  failCall,
  progressCall,
  versionCall,
} from './agent-calls.ts';
import type { Ask, AskEnd } from './asking.ts';
import type { GatewayAddress, GatewayOutcome } from './gateway-client.ts';
import {
  MAX_DRAFT_BYTES,
  MAX_MEDIA,
  MAX_PATIENCE_MS,
  MAX_PATIENCE_WORDS,
  MAX_SPAN_MS,
  MAX_SPAN_WORDS,
} from './limits.ts';

/** What an agent command touches. */
export interface AgentCommandIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

const DONE = 0;
const REFUSED = 1;
const USAGE = 64; // EX_USAGE
const BAD_DATA = 65; // EX_DATAERR
const UNAVAILABLE = 69; // EX_UNAVAILABLE

/** How long one request waits for the owner's answer. */
const POLL_SECONDS = 20;

interface Parsed {
  readonly values: ReadonlyMap<string, string>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly flags: ReadonlySet<string>;
  readonly words: readonly string[];
}

/** A command's call of the gateway, or why there is none. */
type Prepared =
  | ({ readonly kind: 'call' } & AgentCall)
  | { readonly kind: 'ask'; readonly ask: Ask }
  | { readonly kind: 'wrong'; readonly code: number; readonly reason: string };

type Prepare = (parsed: Parsed, stdin: AgentCommandIo['stdin']) => Prepared | Promise<Prepared>;

/**
 * Runs one agent command, `argv` beginning with its name, and resolves to its exit code; never rejects for what agents
 * or the gateway do. Answers go to stdout, everything else to stderr in one line. What only one command needs is
 * imported by that command: agents call these many times an hour.
 */
export async function runAgentCommand(argv: readonly string[], io: AgentCommandIo): Promise<number> {
  const [name = '', ...rest] = argv;
  function complain(code: number, reason: string): number {
    io.stderr.write(`nightdesk ${name}: ${inOneLine(reason)}\n`);
    return code;
  }

  if (!isCommand(name)) {
    const meant = nearest(name, AGENT_COMMANDS);
    return complain(
      USAGE,
      `unknown command; ${meant === undefined ? `there are ${AGENT_COMMANDS.join(', ')}` : `did you mean ${meant}?`}`,
    );
  }
  const { options, help } = COMMAND_TEXTS[name];
  const parsed = parseCommand(rest, options);
  if (parsed.kind === 'wrong') return complain(USAGE, parsed.reason);
  if (parsed.flags.has('help')) {
    io.stdout.write(help);
    return DONE;
  }
  const address = readAddress(io.env);
  if (typeof address === 'string') return complain(USAGE, address);
  if (name === 'mcp') {
    const { serveStdio } = await import('./mcp-stdio.ts');
    await serveStdio(address, io);
    return DONE;
  }
  const wanted = await PREPARE[name](parsed, io.stdin);
  switch (wanted.kind) {
    case 'wrong':
      return complain(wanted.code, wanted.reason);
    case 'ask':
      return tellEnd(await runAsk(wanted.ask, address));
    case 'call': {
      const { callGateway } = await import('./gateway-client.ts');
      return tell(await callGateway(address, wanted.call), wanted);
    }
  }

  function tell(outcome: GatewayOutcome, { call, print }: AgentCall): number {
    if (outcome.kind === 'refused') return complain(REFUSED, outcome.reason);
    if (outcome.kind === 'unavailable') return complain(UNAVAILABLE, explainUnavailable(outcome, call));
    const printed = print(outcome.answer);
    if (printed === undefined) return complain(UNAVAILABLE, "the control plane's answer cannot be understood");
    if (printed.out !== '') io.stdout.write(printed.out);
    if (printed.hint !== undefined) complain(DONE, printed.hint);
    return printed.code ?? DONE;
  }

  function tellEnd(end: AskEnd): number {
    switch (end.kind) {
      case 'answered':
        io.stdout.write(`${end.answer}\n`);
        return DONE;
      case 'unavailable':
        return complain(UNAVAILABLE, explainUnavailable(end, { repeatable: true }));
      case 'open':
        return complain(REFUSED, `no answer yet; --key ${end.key} goes on waiting`);
      default:
        return complain(REFUSED, end.reason);
    }
  }
}

const PREPARE: Readonly<Record<Exclude<AgentCommand, 'mcp'>, Prepare>> = {
  async draft({ values, lists }, stdin) {
    const [kind, to] = [values.get('kind'), values.get('to')];
    const revises = values.get('revises');
    if (revises !== undefined) return await prepareVersion(revises, { values, lists }, stdin);
    if (kind === undefined) return wrong('--kind is missing: what is it, as fleet.yaml names it?');
    if (to === undefined) return wrong('--to is missing: who gets it?');
    const priority = values.get('priority');
    if (priority !== undefined && !/^[1-5]$/.test(priority))
      return wrong('--priority must be 1 (the most urgent) to 5');
    const window = values.get('window');
    const windowMs = window === undefined ? undefined : await readSpan(window);
    if (typeof windowMs === 'string') return wrong(`--window must be ${windowMs}`);
    const media = lists.get('media');
    if (media !== undefined && media.length > MAX_MEDIA)
      return wrong(`--media can be given at most ${MAX_MEDIA} times`);
    const body = await readBody(stdin);
    if (body.kind === 'wrong') return body;
    const { url, context, key } = Object.fromEntries(values);
    return prepared(
      draftCall({
        kind,
        to,
        url,
        context,
        key,
        windowMs,
        priority: priority === undefined ? undefined : Number(priority),
        body: body.text,
        // Where the command was called is not where the control plane is.
        media: media?.map((path) => resolve(path)),
      }),
    );
  },

  async beat({ values, words }) {
    const note = words.join(' ');
    const step = values.get('for');
    const forMs = step === undefined ? undefined : await readSpan(step, MAX_PATIENCE_MS, MAX_PATIENCE_WORDS);
    if (typeof forMs === 'string') return wrong(`--for must be ${forMs}`);
    return prepared(beatCall(note === '' ? undefined : note, forMs));
  },

  progress({ words }) {
    const text = words.join(' ');
    return text.trim() === '' ? wrong('say in a few words what got done') : prepared(progressCall(text));
  },

  fail({ values, words }) {
    const [tool, kind, credential] = [values.get('tool'), values.get('kind'), values.get('credential')];
    const text = words.join(' ');
    const kinds = ['auth', 'rate-limit', 'not-found', 'other'];
    if (tool === undefined) return wrong('--tool is missing: which tool failed?');
    if (kind === undefined) return wrong(`--kind is missing: one of ${kinds.join(', ')}`);
    if (!kinds.includes(kind)) return wrong(`--kind must be one of ${kinds.join(', ')}`);
    if (text.trim() === '') return wrong('the text is missing: what did the tool say?');
    return prepared(failCall({ tool, kind, credential, text }));
  },

  async decisions({ values, flags }) {
    const given = values.get('since');
    const since = given === undefined ? undefined : await readSince(given);
    if (since === null)
      return wrong('--since must be an ISO 8601 time, as in 2026-07-01T08:00:00Z, or how far back, as in 2h');
    return prepared(decisionsCall(since, '--since', flags.has('json')));
  },

  async task(parsed, stdin) {
    const { prepareTask } = await import('./task-commands.ts');
    const task = await prepareTask(parsed, stdin);
    return task.kind === 'call' ? prepared(task.call) : wrong(task.reason, task.of === 'usage' ? USAGE : BAD_DATA);
  },

  async checkpoint(_parsed, stdin) {
    const { prepareCheckpoint } = await import('./checkpoint-command.ts');
    const checkpoint = await prepareCheckpoint(stdin);
    return checkpoint.kind === 'call' ? prepared(checkpoint.call) : wrong(checkpoint.reason, REFUSED);
  },

  async ask({ values, lists, words }) {
    const text = words.join(' ');
    if (text.trim() === '') return wrong('the text is missing: what do you ask?');
    const within = values.get('within');
    const withinMs = within === undefined ? undefined : await readSpan(within);
    if (typeof withinMs === 'string') return wrong(`--within must be ${withinMs}`);
    return { kind: 'ask', ask: { text, options: lists.get('option') ?? [], withinMs, key: values.get('key') } };
  },
};

/** What a version cannot change: it is the same draft, in other words. */
const NOT_WITH_REVISES = ['url', 'context', 'window', 'priority'] as const;

/** Another version of a draft: its kind and whom it goes to stay what they are. */
async function prepareVersion(
  revises: string,
  { values, lists }: Pick<Parsed, 'values' | 'lists'>,
  stdin: AgentCommandIo['stdin'],
): Promise<Prepared> {
  if (!/^[1-9]\d{0,14}$/.test(revises)) return wrong('--revises must be the number of a draft, as in --revises 12');
  const given = NOT_WITH_REVISES.find((name) => values.has(name));
  if (given !== undefined)
    return wrong(`--${given} cannot be given with --revises: another version changes the text only`);
  const media = lists.get('media');
  if (media !== undefined && media.length > MAX_MEDIA) return wrong(`--media can be given at most ${MAX_MEDIA} times`);
  const body = await readBody(stdin);
  if (body.kind === 'wrong') return body;
  const paths = media?.map((path) => resolve(path));
  return prepared(versionCall({ revises: Number(revises), body: body.text, media: paths }));
}

/** Asks and waits, as long as the question is open. */
async function runAsk(ask: Ask, address: GatewayAddress): Promise<AskEnd> {
  const [{ askOwner }, { askPace, callGateway }] = await Promise.all([
    import('./asking.ts'),
    import('./gateway-client.ts'),
  ]);
  return await askOwner(ask, {
    ...askPace,
    call: async (call) => await callGateway(address, call),
    pollSeconds: POLL_SECONDS,
    limitMs: Number.POSITIVE_INFINITY,
    gone: new AbortController().signal,
  });
}

function prepared({ call, print }: AgentCall): Prepared {
  return { kind: 'call', call, print };
}

function isCommand(name: string): name is AgentCommand {
  return Object.hasOwn(COMMAND_TEXTS, name);
}

function wrong(reason: string, code = USAGE): Prepared & { kind: 'wrong' } {
  return { kind: 'wrong', code, reason };
}

/** A reason stays one line, whoever wrote it. */
function inOneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}

/** The gateway that the run's environment names, or a sentence. */
function readAddress(env: AgentCommandIo['env']): GatewayAddress | string {
  const [url = '', token = ''] = [env['NIGHTDESK_URL'], env['NIGHTDESK_TOKEN']];
  if (url === '' || token === '') {
    return "this works only inside an agent's run: NIGHTDESK_URL and NIGHTDESK_TOKEN are not set";
  }
  if (!URL.canParse(url) || new URL(url).protocol !== 'http:')
    return 'NIGHTDESK_URL is not the http:// address that the run was given';
  if (!/^[\w.~+/=-]{1,512}$/.test(token)) return 'NIGHTDESK_TOKEN is not the token that the run was given';
  return { url: new URL(url), token };
}

/** Milliseconds, or what should have been written. */
async function readSpan(text: string, maxMs = MAX_SPAN_MS, maxWords = MAX_SPAN_WORDS): Promise<number | string> {
  const { parseDuration } = await import('../config/duration.ts');
  const parsed = parseDuration(text);
  if (parsed.kind === 'refused') return parsed.expected;
  return parsed.value <= maxMs ? parsed.value : maxWords;
}

/** An ISO time in UTC; null when it is neither a time nor a duration back. */
async function readSince(text: string): Promise<string | null> {
  const { readPast } = await import('./instant.ts');
  const at = readPast(text, Date.now());
  return at === undefined ? null : new Date(at).toISOString();
}

/** The body as text, without any change: a byte-order mark and the last newline are the agent's own too. */
async function readBody(
  stdin: AgentCommandIo['stdin'],
): Promise<{ kind: 'body'; text: string } | (Prepared & { kind: 'wrong' })> {
  const bytes = await readAll(stdin).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
  if (bytes instanceof Error) return wrong(`the body on stdin cannot be read (${bytes.message})`, BAD_DATA);
  if (bytes === undefined)
    return wrong(`the body has more than ${MAX_DRAFT_BYTES} bytes: a person has to read all of it`, BAD_DATA);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return wrong('the body on stdin is not UTF-8', BAD_DATA);
  }
  if (text.trim() === '') return wrong('the body on stdin is empty', BAD_DATA);
  if (text.includes('\0')) return wrong('the body on stdin holds a NUL character', BAD_DATA);
  return { kind: 'body', text };
}

/** All bytes up to the end; undefined as soon as there are too many for a draft. */
async function readAll(stdin: AgentCommandIo['stdin']): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of stdin) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    sizeBytes += bytes.length;
    if (sizeBytes > MAX_DRAFT_BYTES) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
