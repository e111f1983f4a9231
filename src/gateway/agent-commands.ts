import { nearest } from '../config/nearest.ts';
import { AGENT_COMMANDS, COMMAND_TEXTS } from './agent-command-help.ts';
import type { AgentCommand } from './agent-command-help.ts';
import { parseCommand } from './agent-options.ts';
import { type AgentCall, beatCall, decisionsCall, explainUnavailable, failCall, progressCall } from './agent-calls.ts';
import type { Ask, AskEnd } from './asking.ts';
import type { GatewayAddress, GatewayOutcome } from './gateway-client.ts';
import { MAX_PATIENCE_MS, MAX_PATIENCE_WORDS } from './limits.ts';

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
  async draft(parsed, stdin) {
    const { prepareDraft } = await import('./draft-command.ts');
    const draft = await prepareDraft(parsed, stdin);
    return draft.kind === 'call' ? prepared(draft.call) : wrong(draft.reason, draft.of === 'usage' ? USAGE : BAD_DATA);
  },

  async beat({ values, words }) {
    const note = words.join(' ');
    const step = values.get('for');
    const forMs = step === undefined ? undefined : await readWrittenSpan(step, MAX_PATIENCE_MS, MAX_PATIENCE_WORDS);
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
    const withinMs = within === undefined ? undefined : await readWrittenSpan(within);
    if (typeof withinMs === 'string') return wrong(`--within must be ${withinMs}`);
    return { kind: 'ask', ask: { text, options: lists.get('option') ?? [], withinMs, key: values.get('key') } };
  },
};

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
async function readWrittenSpan(text: string, maxMs?: number, maxWords?: string): Promise<number | string> {
  const { readSpan } = await import('./written-span.ts');
  return readSpan(text, maxMs, maxWords);
}

/** An ISO time in UTC; null when it is neither a time nor a duration back. */
async function readSince(text: string): Promise<string | null> {
  const { readPast } = await import('./instant.ts');
  const at = readPast(text, Date.now());
  return at === undefined ? null : new Date(at).toISOString();
}
