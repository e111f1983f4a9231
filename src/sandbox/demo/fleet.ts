import { mkdirSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMurmur } from './agents/murmur.ts';
import { storeToken } from './token-file.ts';

/** What the demo's fleet needs to know. */
export interface DemoFleetOptions {
  /** Absolute path of an own folder for the demo: fleet.yaml, token, state and what the agents share. */
  readonly folder: string;
  readonly platformUrl: string;
  /** Telegram user id of the one who may press and command. */
  readonly ownerId: number;
  /** The Node that runs the agents: the pinned one, `process.execPath`. */
  readonly nodePath: string;
}

/**
 * Logs in to the platform once (its short first token starts to run), and writes fleet.yaml for the seven agents.
 * Resolves to the path of fleet.yaml; rejects when the platform does not answer.
 */
export async function writeDemoFleet(options: DemoFleetOptions): Promise<string> {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const tokenFile = join(options.folder, 'murmur-token');
  const murmur = createMurmur({ url: options.platformUrl, tokenFile, agent: 'demo' });
  storeToken(tokenFile, (await murmur.login()).token);
  const file = join(options.folder, 'fleet.yaml');
  writeFileSync(file, renderFleet(options, tokenFile), { mode: 0o600 });
  return file;
}

/** JSON strings are YAML strings, whatever is in the path. */
const quoted = (text: string): string => JSON.stringify(text);

function renderFleet({ folder, platformUrl, ownerId, nodePath }: DemoFleetOptions, tokenFile: string): string {
  const here = fileURLToPath(import.meta.url);
  const program = (name: string) => fileURLToPath(new URL(`./${name}${extname(here)}`, import.meta.url));
  const run = (name: string) => `[${quoted(nodePath)}, ${quoted(program(`agents/${name}`))}]`;
  const withToken = (name: string) =>
    `[${quoted(nodePath)}, ${quoted(program(name))}, ${quoted(platformUrl)}, ${quoted(tokenFile)}]`;

  return `# The demo's fleet: the night desk of Kiln & Kettle, a small publisher of things about pots.
# A fleet of your own looks the same; only the programs differ.

timezone: ${quoted(Intl.DateTimeFormat().resolvedOptions().timeZone)}
home: ./state                        # database, logs and working directories

telegram:
  owners: [${ownerId}]               # nobody else can read, press or command

# What agents log in with. When Murmur refuses the token, one alert names it and every agent that it holds;
# nobody tries again but a cheap check, first after three seconds, later at most every thirty.
credentials:
  murmur:
    check: ${withToken('check-auth')}
    check_every: 20s                 # real fleets: 15m
    login: ${withToken('login')}
    backoff: { first: 3s, max: 30s } # real fleets: first 1m, max 1h

# What the owner decides about, and for how long a decision is worth something. A draft may bring its own window.
drafts:
  kinds:
    reply: { window: 10m, undo: 5s, remind: [80] } # undo: how long an approval can be taken back; remind: percent of the window
    post: { window: 15m, undo: 5s, remind: [80] }  # real fleets: windows of hours and days

defaults:
  timeout: 1m                        # a run that takes longer is ended
  env:                               # all that agents see of the outside, besides PATH, HOME and their own run
    MURMUR_URL: ${quoted(platformUrl)}
    MURMUR_TOKEN_FILE: ${quoted(tokenFile)}
    DEMO_SHARED: ${quoted(join(folder, 'shared'))}

agents:
  # Looks through the feed and hands over what is worth an answer.
  scout:
    runtime: command
    command: ${run('scout')}
    schedule: every 20s
    credentials: [murmur]

  # Answers what the scout found: one draft for each run, never more than five undecided.
  outbound-engager:
    runtime: command
    command: ${run('outbound-engager')}
    schedule: every 25s
    credentials: [murmur]

  # Answers whoever names us. When the token dies it believes in a passing trouble and exits 0: Nightdesk sees the 401 in its output.
  inbound-engager:
    runtime: command
    command: ${run('inbound-engager')}
    schedule: every 45s
    credentials: [murmur]

  # Drafts our own posts, now and then a whole newsletter, which comes as a file. Once it asks for a title, and waits for the answer.
  creator:
    runtime: command
    command: ${run('creator')}
    schedule: every 40s
    timeout: 5m
    credentials: [murmur]

  # Reads the numbers and says what moved.
  analyst:
    runtime: command
    command: ${run('analyst')}
    schedule: every 60s
    credentials: [murmur]

  # Sets the topic of the hour by what the owner approves. Without a credential: a dead token does not hold it.
  orchestrator:
    runtime: command
    command: ${run('orchestrator')}
    schedule: every 40s

  # Runs only when a draft was approved: gets it as JSON on stdin, once.
  publisher:
    runtime: command
    command: ${run('publisher')}
    publishes: [reply, post]
    credentials: [murmur]
`;
}
