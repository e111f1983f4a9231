/**
 * A stage on which the real agent CLIs are run by the real program: loopback model servers for their vendors, the sandbox for Telegram.
 */
import Database from 'better-sqlite3';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ChatMessage } from '../../src/sandbox/rendered-message.ts';
import type { RunRow } from '../../storage/run-store.ts';
import { openStage, type Program, type Stage } from '../e2e/program.ts';
import { createAnthropicServer } from '../models/anthropic-server.ts';
import { type CliName, findClis } from '../models/clis.ts';
import { createGeminiServer } from '../models/gemini-server.ts';
import type { ModelAnswer, ModelServer, ModelServerOptions } from '../models/model-server.ts';
import { createOpenaiServer } from '../models/openai-server.ts';
import { MADE_UP_TOKEN } from '../models/run-cli.ts';

/** Three programs of many megabytes, many at once, on a machine that may be busy; whoever is quick never waits for it. */
const PATIENCE_MS = 150_000;

/** What a test of this folder may take. */
export const TEST_TIMEOUT_MS = 2 * PATIENCE_MS;

/** What is shown of a run's output, in characters. */
const LOG_SHOWN = 6_000;

/** How each CLI prints its version. */
const PRINTED: Readonly<Record<CliName, (version: string) => string>> = {
  claude: (version) => `${version} (Claude Code)`,
  codex: (version) => `codex-cli ${version}`,
  gemini: (version) => version,
};

const SERVERS = { claude: createAnthropicServer, codex: createOpenaiServer, gemini: createGeminiServer };

/** An agent of the fleet: what its model answers, and its entry in fleet.yaml beyond runtime, prompt and environment. */
export interface AgentSetup {
  readonly answers: readonly [ModelAnswer, ...ModelAnswer[]];
  readonly server?: ModelServerOptions;
  readonly entry?: Readonly<Record<string, unknown>>;
  /** What comes on top of its environment; undefined takes away. */
  readonly env?: (stage: Stage) => Readonly<Record<string, string | undefined>>;
}

/** What `status --json` says of an agent, as far as these tests ask. */
export interface AgentLook {
  readonly name: string;
  readonly condition: string;
  readonly reason: string | null;
  readonly contextPercent: number | null;
}

/** An incident that the owner was told of, with the agents that it names. */
export interface ToldIncident {
  readonly id: number;
  readonly kind: string;
  readonly title: string;
  readonly evidence: string;
  readonly note: string | null;
  readonly state: string;
  readonly agents: readonly string[];
  /** The message that tells of it. */
  readonly message: ChatMessage;
}

/** A fleet of one CLI's agents. */
export interface RealFleet<Name extends string> {
  readonly stage: Stage;
  /** The model of each agent. */
  readonly models: Readonly<Record<Name, ModelServer>>;
  start(): Promise<Program>;
  /** The agent's runs so far, oldest first. */
  runs(agent: Name): readonly RunRow[];
  /** The agent's `number`-th run, from 1, once it is over: then nobody of it is left. */
  ended(agent: Name, number?: number): Promise<RunRow>;
  /** What the run printed. */
  log(run: RunRow): string;
  /** The holds of an agent as they stand. */
  holds(agent: Name): readonly { readonly kind: string; readonly reason: string; readonly until: number | null }[];
  /** Unresolved and past incidents of a kind. */
  incidents(
    kind: string,
  ): readonly { readonly id: number; readonly title: string; readonly evidence: string; readonly state: string }[];
  /**
   * The incident whose title holds this, once Telegram has shown a message that tells of it: one of its own, or one about many, since more
   * than a few at once are gathered.
   */
  told(title: string): Promise<ToldIncident>;
  /** The same, once it is over and that was told. */
  recovered(title: string): Promise<ToldIncident>;
  /** The card on which the agent's first run asks this; where the run ends without it, what it printed is the error. */
  asks(agent: Name, part: string): Promise<ChatMessage>;
  /** Lets the CLI say that it has this version, from the next start on. */
  pretendVersion(version: string): void;
  /** The first message of the bot, now or soon, whose text holds all of this. */
  says(...parts: readonly string[]): Promise<ChatMessage>;
  /** The messages of the bot whose text holds this. */
  said(part: string): readonly ChatMessage[];
  look(agent: Name): Promise<AgentLook>;
  close(): Promise<void>;
}

/**
 * The CLI's executable; undefined where it is not installed, with a word about it. Where the environment promises that it is there, a
 * missing one is an error.
 */
export function findRealCli(name: CliName): string | undefined {
  const path = findClis(process.env)[name];
  if (path !== undefined) return path;
  const isPromised = process.env['NIGHTDESK_TEST_CLIS'] !== undefined || process.env['CI'] === 'true';
  if (isPromised) throw new Error(`the real ${name} is not installed: npm install it where NIGHTDESK_TEST_CLIS says`);
  process.stderr.write(`\n⚠️  NOT TESTED: the real ${name} is not installed (see test/models/clis.ts)\n`);
  return undefined;
}

/** Builds a fleet whose agents each have a model of their own; `rest` is what else stands in fleet.yaml. */
export async function openRealFleet<Name extends string>(
  cli: CliName,
  agents: Readonly<Record<Name, AgentSetup>>,
  rest: Readonly<Record<string, unknown>> = {},
): Promise<RealFleet<Name>> {
  const executable = findClis(process.env)[cli] ?? cli;
  const stage = await openStage();
  const setups = Object.entries<AgentSetup>(agents);
  const models = Object.fromEntries(
    await Promise.all(
      setups.map(async ([name, { answers, server }]) => [name, await SERVERS[cli](answers, server)] as const),
    ),
  ) as Record<Name, ModelServer>;
  mkdirSync(stage.path('tmp'));
  stage.write('prompt.md', 'Do what has to be done.\n');
  if (cli === 'gemini') writeGeminiSettings(stage);
  const entries = setups.map(([name, { entry, env }]) => [
    name,
    {
      runtime: cli,
      prompt: './prompt.md',
      model: MODELS[cli],
      schedule: 'every 24h',
      ...entry,
      env: { TMPDIR: stage.path('tmp'), ...settle(cli, stage, name, models[name as Name].url), ...env?.(stage) },
    },
  ]);
  // JSON is YAML.
  const file = { ...rest, agents: Object.fromEntries(entries) as unknown };
  stage.fleet(
    Object.entries(file)
      .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
      .join(''),
  );

  function query<Row>(sql: string, ...values: readonly unknown[]): readonly Row[] {
    const database = new Database(stage.path('state/nightdesk.db'), { readonly: true });
    try {
      return database.prepare(sql).all(...values) as Row[];
    } finally {
      database.close();
    }
  }

  function runs(agent: Name): readonly RunRow[] {
    return query<Readonly<Record<string, unknown>>>('SELECT * FROM run WHERE agent = ? ORDER BY id', agent).map(toRun);
  }

  /** `key`: the column that names the message. */
  function toldBy(key: 'message_key' | 'recovery_key', title: string): Promise<ToldIncident> {
    return eventually(`the owner is told: ${title}`, () => {
      const [row] = query<Omit<ToldIncident, 'agents' | 'message'> & { readonly messageId: number }>(
        `SELECT incident.id, kind, title, evidence, note, incident.state, message_id AS messageId FROM incident JOIN outbox ON key = ${key}
         WHERE instr(title, ?) > 0 AND message_id IS NOT NULL ORDER BY incident.id`,
        title,
      );
      const message = stage.sandbox.messages().find(({ id }) => id === row?.messageId);
      if (row === undefined || message === undefined) return undefined;
      const agents = query<{ readonly agent: string }>(
        'SELECT agent FROM incident_agent WHERE incident_id = ? ORDER BY agent',
        row.id,
      );
      return { ...row, message, agents: agents.map(({ agent }) => agent) };
    });
  }

  /** A long one is compressed soon after its run. */
  function logOf({ agent, id }: RunRow): string {
    const name = stage.path(`state/logs/${agent}/${id}.log`);
    return existsSync(name) ? readFileSync(name, 'utf8') : gunzipSync(readFileSync(`${name}.gz`)).toString('utf8');
  }

  const isOver = ({ state }: RunRow): boolean => state !== 'starting' && state !== 'running';

  return {
    stage,
    models,
    start: async () =>
      await stage.startReady({
        PATH: [stage.path('bin'), dirname(executable), process.env['PATH']].join(delimiter),
      }),
    asks: (agent, part) =>
      eventually(`${agent} asks ${part}`, () => {
        const card = stage.sandbox
          .messages()
          .find(({ from, text, buttons }) => from === 'bot' && text.includes(part) && buttons.length > 0);
        const [run] = runs(agent);
        if (card === undefined && run !== undefined && isOver(run))
          throw new Error(`${agent} never asked ${part}: ${logOf(run).slice(-LOG_SHOWN)}`);
        return card;
      }),
    told: (title) => toldBy('message_key', title),
    recovered: (title) => toldBy('recovery_key', title),
    pretendVersion(version) {
      const script = `#!/bin/sh\n[ "$1" = --version ] && echo '${PRINTED[cli](version)}' && exit\nexec '${executable}' "$@"\n`;
      chmodSync(stage.write(`bin/${cli}`, script), 0o755);
    },
    runs,
    log: logOf,
    async ended(agent, number = 1) {
      const run = await eventually(`run ${number} of ${agent} is over`, () => {
        const found = runs(agent)[number - 1];
        return found !== undefined && isOver(found) ? found : undefined;
      });
      const left = livingOf(stage.folder, run.id);
      if (left.length > 0) throw new Error(`run ${run.id} of ${agent} is over, and left ${left.join('; ')}`);
      return run;
    },
    holds: (agent) =>
      query('SELECT kind, reason, until FROM hold WHERE released_at IS NULL AND agent = ? ORDER BY id', agent),
    incidents: (kind) => query('SELECT id, title, evidence, state FROM incident WHERE kind = ? ORDER BY id', kind),
    says: (...parts) =>
      stage.sandbox.waitForMessage(
        (message) => message.from === 'bot' && parts.every((part) => message.text.includes(part)),
        PATIENCE_MS,
      ),
    said: (part) => stage.sandbox.messages().filter(({ from, text }) => from === 'bot' && text.includes(part)),
    async look(agent) {
      const program = stage.nightdesk(['status', '--config', 'fleet.yaml', '--json']);
      await program.ended;
      const { agents: all } = JSON.parse(program.stdout()) as { readonly agents: readonly AgentLook[] };
      const found = all.find(({ name }) => name === agent);
      if (found === undefined) throw new Error(`status says nothing of ${agent}: ${program.stderr()}`);
      return found;
    },
    async close() {
      await stage.close();
      await Promise.all(Object.values<ModelServer>(models).map((model) => model.close()));
    },
  };
}

/** Waits until this gives something other than undefined or false. */
export async function eventually<Value>(what: string, probe: () => Value | undefined | false): Promise<Value> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`it never came to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Everything that a model was sent, as one text. */
export function sentTo(model: ModelServer): string {
  return JSON.stringify(model.requests.map(({ body }) => body));
}

/** Who lives of a run, by the mark in its environment: pid and command line. */
export function livingOf(folder: string, runId: number): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      const environment = readProc(`/proc/${pid}/environ`);
      return environment.includes(`NIGHTDESK_RUN=${runId}\0`) && environment.includes(`HOME=${folder}\0`);
    })
    .map((pid) => `${pid} ${readProc(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').slice(0, 200)}`);
}

const MODELS = { claude: 'sonnet', codex: 'gpt-5.2-codex', gemini: 'gemini-2.5-pro' } as const;

/** The environment that leads an agent to its model, and the files that its CLI reads. */
function settle(cli: CliName, stage: Stage, agent: string, modelUrl: string): Readonly<Record<string, string>> {
  switch (cli) {
    case 'claude':
      return { ANTHROPIC_BASE_URL: modelUrl, ANTHROPIC_API_KEY: MADE_UP_TOKEN };
    case 'codex':
      stage.write(
        `codex/${agent}/config.toml`,
        [
          'model_provider = "loopback"',
          '[model_providers.loopback]',
          'name = "loopback"',
          `base_url = "${modelUrl}/v1"`,
          'env_key = "OPENAI_API_KEY"',
          'wire_api = "responses"',
          'request_max_retries = 1',
          'stream_max_retries = 1',
        ].join('\n'),
      );
      return { CODEX_HOME: stage.path(`codex/${agent}`), OPENAI_API_KEY: MADE_UP_TOKEN };
    case 'gemini':
      return { GOOGLE_GEMINI_BASE_URL: modelUrl, GEMINI_API_KEY: MADE_UP_TOKEN };
  }
}

function writeGeminiSettings(stage: Stage): void {
  const settings = {
    security: { auth: { selectedType: 'gemini-api-key' } },
    general: { enableAutoUpdate: false, enableAutoUpdateNotification: false, maxAttempts: 2, retryFetchErrors: false },
    privacy: { usageStatisticsEnabled: false },
  };
  stage.write('.gemini/settings.json', JSON.stringify(settings));
}

function toRun(row: Readonly<Record<string, unknown>>): RunRow {
  const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [camel(key), value])) as unknown as RunRow;
}

function readProc(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // It ended in between.
  }
}
