import { plainText } from '../../runtimes/evidence.ts';
import { parseRecord } from '../../runtimes/json-fields.ts';
import type { LogEntry, LogLineReader } from '../../runtimes/log-entries.ts';
import { dollarText, shorten } from './words.ts';

/** What is told of one call, failure or line that nobody understands: a few rows on a phone. */
const SHORT_CHARACTERS = 200;
/** The longest line that is no JSON: what is longer is mostly half a line of JSON, where a log was cut. */
const PLAIN_CHARACTERS = 1_000;
/** How the CLIs name the tools of Nightdesk's own MCP server. */
const OWN_TOOL = /^mcp_{1,2}nightdesk_{1,2}/;

/**
 * Turns the raw log of an agent CLI into what a person wants to read: what the agent said, a line for each call, and how it ended.
 * What is no JSON stays as it is. Gives text that is not yet cleaned of control characters.
 */
export function describeLog(log: string, read: LogLineReader): string {
  const page = createPage();
  for (const line of log.split('\n')) {
    if (line.trim() === '') continue;
    const message = parseRecord(line);
    if (message === undefined) {
      page.write(shorten(line, PLAIN_CHARACTERS));
      continue;
    }
    const entries = read(message);
    if (entries === undefined) page.write(shorten(line, SHORT_CHARACTERS));
    else entries.forEach(page.add);
  }
  return page.text();
}

/** Puts entries below each other; neighbours that say the same become one. */
function createPage(): { add(entry: LogEntry): void; write(line: string): void; text(): string } {
  const written: string[] = [];
  const tools = new Map<string, string>();
  let last: LogEntry | undefined;

  function write(line: string): void {
    last = undefined;
    written.push(line);
  }

  function add(entry: LogEntry): void {
    if (entry.kind === 'call' || entry.kind === 'asked') {
      const id = entry.kind === 'call' ? entry.id : entry.callId;
      const isShown = id !== '' && tools.has(id);
      tools.set(id, entry.tool);
      if (isShown && entry.kind === 'call') return;
    }
    if (last !== undefined && repeats(entry, last)) written.pop();
    if (entry.kind === 'said' && entry.isPart === true && last?.kind === 'said') {
      written.push(`${written.pop() ?? ''}${entry.text}`);
    } else if (entry.kind !== 'said' || entry.text !== '') {
      written.push(describe(entry, last, (id) => tools.get(id)));
    } else {
      last = undefined;
      return;
    }
    last = entry;
  }

  return { add, write, text: () => written.join('\n') };
}

/** Whether an entry makes the one before it needless: of tries the newest counts, and a failure is often told twice. */
function repeats(entry: LogEntry, before: LogEntry): boolean {
  if (entry.kind === 'retrying') return before.kind === 'retrying';
  return entry.kind === 'failed' && before.kind === 'failed' && entry.evidence === before.evidence;
}

function describe(
  entry: LogEntry,
  before: LogEntry | undefined,
  toolOf: (callId: string) => string | undefined,
): string {
  switch (entry.kind) {
    case 'said':
      return entry.isPart === true ? entry.text : entry.text.trimEnd();
    case 'call':
      return short('🔧', nameOf(entry.tool), inputOf(entry.input));
    case 'call-failed':
      return short('✖', nameOf(entry.tool ?? toolOf(entry.id) ?? 'a call'), entry.error);
    case 'asked':
      return before?.kind === 'call' && before.id === entry.callId
        ? '❓ asked to be allowed that'
        : short('❓ asked to be allowed', nameOf(entry.tool), entry.detail);
    case 'retrying':
      return short('↻', 'tries again', entry.evidence);
    case 'warning':
      return short('⚠', entry.text);
    case 'compacted':
      return '↻ made room in its context';
    case 'done':
      return `✔ done${entry.costMicroUsd === undefined ? '' : `, ${dollarText(entry.costMicroUsd)}`}`;
    case 'failed':
      return short('✖', entry.failure === 'unknown' ? 'failed' : entry.failure, entry.evidence || 'without a word');
  }
}

/** `🔧 Bash: touch a.txt`, and without a last part `⚠ beware`. */
function short(sign: string, head: string, rest = ''): string {
  return `${sign} ${shorten(plainText(rest === '' ? head : `${head}: ${rest}`), SHORT_CHARACTERS)}`;
}

function nameOf(tool: string): string {
  return tool.replace(OWN_TOOL, 'nightdesk ');
}

/** An input of one text is that text, without its JSON. */
function inputOf(input: string): string {
  const [only, ...others] = Object.values(parseRecord(input) ?? {});
  return typeof only === 'string' && others.length === 0 ? only : input;
}
