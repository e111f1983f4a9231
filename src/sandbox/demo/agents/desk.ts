import { spawn } from 'node:child_process';

/** A draft as an agent hands it in. */
export interface DraftRequest {
  readonly kind: 'reply' | 'post';
  readonly to: string;
  readonly url?: string;
  readonly context: string;
  readonly windowMinutes: number;
  readonly priority: number;
  readonly key: string;
  readonly body: string;
}

/** One thing that became of one of our drafts. */
export interface Decision {
  readonly draft: number;
  readonly verdict: string;
  readonly reason: string | null;
  /** The text that an edit replaced, or of which another version is wanted. */
  readonly body_before?: string | null;
}

/** A question as an agent puts it to the owner. */
export interface Question {
  readonly text: string;
  /** Two to four answers; the owner may also give one of his own. */
  readonly options: readonly string[];
  readonly withinMinutes: number;
}

/** Nightdesk's agent commands, as far as the demo's agents use them; each rejects when the command fails. */
export interface Desk {
  draft(request: DraftRequest): Promise<number>;
  /** Hands in another version of a draft, which the owner asked for. */
  version(draft: number, body: string): Promise<void>;
  beat(note: string): Promise<void>;
  progress(text: string): Promise<void>;
  fail(tool: string, kind: 'auth' | 'other', credential: string, text: string): Promise<string>;
  decisions(): Promise<readonly Decision[]>;
  /** Waits for the owner's answer; undefined when there is none in time. */
  ask(question: Question): Promise<string | undefined>;
}

/** Calls the `nightdesk` that the run's PATH leads to. */
export function createDesk(): Desk {
  return {
    async draft(request) {
      const address = request.url === undefined ? [] : ['--url', request.url];
      const args = ['draft', '--kind', request.kind, '--to', request.to, ...address, '--context', request.context];
      const limits = ['--window', `${request.windowMinutes}m`, '--priority', String(request.priority)];
      return Number(await nightdesk([...args, ...limits, '--key', request.key], request.body));
    },
    async version(draft, body) {
      await nightdesk(['draft', '--revises', String(draft)], body);
    },
    async beat(note) {
      await nightdesk(['beat', note]);
    },
    async progress(text) {
      await nightdesk(['progress', text]);
    },
    fail: (tool, kind, credential, text) =>
      nightdesk(['fail', '--tool', tool, '--kind', kind, '--credential', credential, text]),
    decisions: async () => JSON.parse(await nightdesk(['decisions', '--json'])) as Decision[],
    async ask({ text, options, withinMinutes }) {
      const offered = options.flatMap((option) => ['--option', option]);
      const { code, output } = await call(['ask', text, ...offered, '--within', `${withinMinutes}m`]);
      if (code === 0) return output;
      if (code === NO_ANSWER) return undefined;
      throw new Error(`nightdesk ask ended with ${code}`);
    },
  };
}

/** What `nightdesk ask` ends with when nobody answered in time, or when Nightdesk did not take the question. */
const NO_ANSWER = 1;

async function nightdesk(args: readonly string[], stdin = ''): Promise<string> {
  const { code, output } = await call(args, stdin);
  if (code !== 0) throw new Error(`nightdesk ${args[0]} ended with ${code}`);
  return output;
}

function call(args: readonly string[], stdin = ''): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('nightdesk', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output: output.trim() }));
    // A command that ends without reading its input closes the pipe: its exit code says what happened.
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
  });
}
