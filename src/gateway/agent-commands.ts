import { nearest } from '../config/nearest.ts';
import { AGENT_COMMANDS, COMMANDS_TO_COME, COMMAND_TEXTS } from './agent-command-help.ts';
import type { AgentCommand } from './agent-command-help.ts';
import { parseCommand } from './agent-options.ts';
import type { AgentDecision } from './gateway.ts';
import type { GatewayAddress, GatewayCall, GatewayOutcome } from './gateway-client.ts';
import { MAX_DRAFT_BYTES } from './limits.ts';

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

interface Parsed {
  readonly values: ReadonlyMap<string, string>;
  readonly flags: ReadonlySet<string>;
  readonly words: readonly string[];
}

/** A command's call of the gateway, or why there is none. */
type Prepared =
  | {
      readonly kind: 'call';
      readonly call: GatewayCall;
      readonly print: (answer: Readonly<Record<string, unknown>>) => Printed;
    }
  | { readonly kind: 'wrong'; readonly code: number; readonly reason: string };

/** What goes to stdout and stderr; undefined when the answer cannot be understood. */
type Printed = { readonly out: string; readonly hint?: string } | undefined;

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

  if ((COMMANDS_TO_COME as readonly string[]).includes(name))
    return complain(UNAVAILABLE, 'this command is not there yet');
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
  const prepared = await PREPARE[name](parsed, io.stdin);
  if (prepared.kind === 'wrong') return complain(prepared.code, prepared.reason);

  const { callGateway } = await import('./gateway-client.ts');
  const outcome = await callGateway(address, prepared.call);
  if (outcome.kind === 'refused') return complain(REFUSED, outcome.reason);
  if (outcome.kind === 'unavailable') return complain(UNAVAILABLE, explainUnavailable(outcome, prepared.call));
  const printed = prepared.print(outcome.answer);
  if (printed === undefined) return complain(UNAVAILABLE, "the control plane's answer cannot be understood");
  if (printed.out !== '') io.stdout.write(printed.out);
  if (printed.hint !== undefined) complain(DONE, printed.hint);
  return DONE;
}

const PREPARE: Readonly<Record<AgentCommand, Prepare>> = {
  async draft({ values }, stdin) {
    const [kind, to] = [values.get('kind'), values.get('to')];
    if (kind === undefined) return wrong('--kind is missing: what is it, as fleet.yaml names it?');
    if (to === undefined) return wrong('--to is missing: who gets it?');
    const priority = values.get('priority');
    if (priority !== undefined && !/^[1-5]$/.test(priority))
      return wrong('--priority must be 1 (the most urgent) to 5');
    const window = values.get('window');
    const windowMs = window === undefined ? undefined : await readDuration(window);
    if (typeof windowMs === 'string') return wrong(`--window must be ${windowMs}`);
    const body = await readBody(stdin);
    if (body.kind === 'wrong') return body;
    const { url, context, key } = Object.fromEntries(values);
    const call: GatewayCall = {
      method: 'POST',
      target: '/v1/draft',
      // JSON leaves out what is undefined.
      body: {
        kind,
        to,
        url,
        context,
        key,
        windowMs,
        priority: priority === undefined ? undefined : Number(priority),
        body: body.text,
      },
      repeatable: key !== undefined,
    };
    return {
      kind: 'call',
      call,
      print: ({ id }) => (Number.isSafeInteger(id) ? { out: `${String(id)}\n` } : undefined),
    };
  },

  beat({ words }) {
    const note = words.join(' ');
    const body = note === '' ? {} : { note };
    return {
      kind: 'call',
      call: { method: 'POST', target: '/v1/beat', body, repeatable: true },
      print: () => ({ out: '' }),
    };
  },

  progress({ words }) {
    const text = words.join(' ');
    if (text.trim() === '') return wrong('say in a few words what got done');
    const call: GatewayCall = { method: 'POST', target: '/v1/progress', body: { text }, repeatable: true };
    return { kind: 'call', call, print: () => ({ out: '' }) };
  },

  fail({ values, words }) {
    const [tool, kind, credential] = [values.get('tool'), values.get('kind'), values.get('credential')];
    const text = words.join(' ');
    const kinds = ['auth', 'rate-limit', 'not-found', 'other'];
    if (tool === undefined) return wrong('--tool is missing: which tool failed?');
    if (kind === undefined) return wrong(`--kind is missing: one of ${kinds.join(', ')}`);
    if (!kinds.includes(kind)) return wrong(`--kind must be one of ${kinds.join(', ')}`);
    if (text.trim() === '') return wrong('the text is missing: what did the tool say?');
    // Not repeatable: a failure that is counted twice uses up a retry that the agent never made.
    const call: GatewayCall = {
      method: 'POST',
      target: '/v1/fail',
      body: { tool, kind, credential, text },
      repeatable: false,
    };
    return {
      kind: 'call',
      call,
      print: ({ answer }) => (typeof answer === 'string' ? { out: `${answer}\n` } : undefined),
    };
  },

  async decisions({ values, flags }) {
    const given = values.get('since');
    const since = given === undefined ? undefined : await readSince(given);
    if (since === null)
      return wrong('--since must be an ISO 8601 time, as in 2026-07-01T08:00:00Z, or how far back, as in 2h');
    const { renderDecisions } = await import('./render-decisions.ts');
    return {
      kind: 'call',
      call: { method: 'GET', target: `/v1/decisions${since === undefined ? '' : `?since=${since}`}`, repeatable: true },
      print(answer) {
        if (!Array.isArray(answer['decisions'])) return undefined;
        const decisions = answer['decisions'] as readonly AgentDecision[];
        const out = flags.has('json') ? `${JSON.stringify(decisions, null, 2)}\n` : renderDecisions(decisions);
        if (answer['more'] !== true) return { out };
        return since === undefined
          ? { out, hint: 'these are the newest; --since asks for older ones' }
          : { out, hint: `there may be more: go on with --since ${decisions.at(-1)?.at ?? since}` };
      },
    };
  },
};

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
async function readDuration(text: string): Promise<number | string> {
  const { parseDuration } = await import('../config/duration.ts');
  const parsed = parseDuration(text);
  return parsed.kind === 'parsed' ? parsed.value : parsed.expected;
}

/** An ISO time in UTC; null when it is neither a time nor a duration back. */
async function readSince(text: string): Promise<string | null> {
  const { parseInstant } = await import('./instant.ts');
  const backMs = await readDuration(text);
  const at = typeof backMs === 'number' ? Date.now() - backMs : parseInstant(text);
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

function explainUnavailable({ reason, maybe }: GatewayOutcome & { kind: 'unavailable' }, call: GatewayCall): string {
  if (!maybe) return `the control plane cannot be reached (${reason}): nothing was sent`;
  if (call.repeatable) return `the control plane did not answer (${reason}): the same command again is safe`;
  const advice = call.target === '/v1/draft' ? '; with --key it could safely be sent again' : '';
  return `the control plane did not answer (${reason}): whether this was taken is unknown${advice}`;
}
