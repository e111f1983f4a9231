import { z } from 'zod';
import {
  argv,
  cron,
  dailyWindow,
  day,
  distinct,
  dollars,
  duration,
  name,
  oneOf,
  path,
  percent,
  schedule,
  size,
  text,
  timeOfDay,
  timezone,
  variableName,
  wholeNumber,
} from './fields.ts';

/**
 * The whole of fleet.yaml, as written: what each key takes, and what it is for. Unknown keys are errors everywhere.
 * What needs more than one key, the environment or the disk to be judged is in cross-checks.ts.
 */

/** A map with fixed keys. */
function map<Shape extends z.core.$ZodShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? 'unknown key' : 'expected a map of keys'),
  });
}

/** A map whose keys are names that the owner gives. */
function named<Key extends z.ZodType<string, string>, Value extends z.ZodType>(key: Key, value: Value) {
  return z.record(key, value, { error: 'expected a map of names' });
}

function userIds() {
  return distinct(
    wholeNumber(1, Number.MAX_SAFE_INTEGER, 'a numeric Telegram user id, such as 123456789'),
    'a list of numeric Telegram user ids',
  );
}

function chatId() {
  return z
    .int({ error: 'expected a numeric chat id, such as 123456789' })
    .refine((id) => id !== 0, { error: 'expected a numeric chat id, such as 123456789' });
}

function topicId() {
  return wholeNumber(1, Number.MAX_SAFE_INTEGER, 'the number of a topic, such as 42');
}

const telegramSchema = map({
  owners: userIds()
    .min(1, { error: 'expected at least one numeric Telegram user id' })
    .describe('Numeric user ids of the owners; nobody else can read, press or command.'),
  chat: chatId()
    .optional()
    .describe("Where everything goes: a numeric chat id. Default: the first owner's private chat."),
  topic: topicId().optional().describe('The topic of that chat, where it has topics: the number in its link.'),
  approvers: userIds()
    .optional()
    .describe('Numeric user ids of those who decide drafts and answer questions, and see everything else.'),
  viewers: userIds().optional().describe('Numeric user ids of those who see everything and change nothing.'),
  places: named(
    name(),
    map({
      chat: chatId().describe('The numeric id of the chat.'),
      topic: topicId().optional().describe('The topic of that chat, where it has topics: the number in its link.'),
    }),
  )
    .optional()
    .describe('Other chats and topics, by a name that agents give as their `place`.'),
}).describe('Who commands this fleet, and where it reports.');

const budgetSchema = map({
  monthly: dollars().describe('US dollars a calendar month, for the whole fleet.'),
  warn: distinct(percent(), 'a list of percentages, such as [50, 80, 95]')
    .optional()
    .describe('Percent of the monthly budget at which the owner is told. Default: [50, 80, 95].'),
}).describe('What the fleet may spend.');

const logsSchema = map({
  total: size().optional().describe('How much all logs may take together; units are decimal. Default: 2GB.'),
  keep: duration().optional().describe('How long logs are kept. Default: 7d.'),
  keep_free: size().optional().describe('How much of the disk is left free. Default: 500MB.'),
}).describe('How much of the disk the logs may take.');

const alertsSchema = map({
  repeat: duration()
    .optional()
    .describe('After how long an open, unacknowledged critical incident is sent anew. Default: 30m.'),
  fallback: argv().optional().describe('A second route for alerts: a program that gets the text on stdin.'),
  dead_man: map({
    url: text('an address such as https://hc.example/ping/uuid').describe(
      'The address that is called as long as all is well; ${VAR} is read from the environment.',
    ),
    every: duration().optional().describe('How often it is called. Default: 1m.'),
  })
    .optional()
    .describe("An outside service that alarms when this machine's calls stop."),
  dark_after: duration()
    .optional()
    .describe('After how long without proof of life the sentinel takes the control plane for dark. Default: 3m.'),
  quiet: dailyWindow().optional().describe('Daily window in which only criticals make a sound, such as "23:00-07:00".'),
}).describe('How the owner is alarmed.');

const rotateSchema = map({
  every: duration().describe('How often the secret is changed, counted from the last rotation.'),
  at: timeOfDay().describe('At what time of day, in the fleet\'s timezone, such as "04:00".'),
  command: argv().describe(
    'The program that changes it; a last stdout line {"secret": "…"} replaces the stored secret, once the check has passed with it.',
  ),
}).describe('Changes the secret regularly.');

const credentialSchema = map({
  check: argv()
    .optional()
    .describe('The program that tells whether the credential works: AUTH_OK, or AUTH_FAILED: reason and exit 1.'),
  check_every: duration().optional().describe('How often it is checked. Default: 15m.'),
  login: z
    .union([oneOf(['paste']), argv()], { error: 'expected a program and its arguments as a list, or paste' })
    .optional()
    .describe('What /reauth drives on a terminal, or `paste` for a token pasted from elsewhere.'),
  capture: text('a regular expression, or none')
    .optional()
    .describe(
      'Where the login prints a secret: a regular expression of what to keep of it; `none` keeps nothing. Default where `env` is set: sk-ant-oat01-[A-Za-z0-9_-]+',
    ),
  env: variableName()
    .optional()
    .describe('The environment variable in which a stored secret reaches the agents and `check`.'),
  source: oneOf(['vault', 'systemd', 'keychain', 'env'])
    .optional()
    .describe(
      'Who keeps the secret: `vault` (our own files under HOME/secrets), `systemd` (LoadCredential=NAME), `keychain` (macOS, service nightdesk, account NAME), or `env` (the variable named by `env`, from .env beside fleet.yaml). Default: vault.',
    ),
  warn: distinct(duration(), 'a list of durations, such as [7d, 3d, 1d]')
    .optional()
    .describe('How long before its end the owner is warned. Default: [7d, 3d, 1d].'),
  expires: day()
    .optional()
    .describe('The day on which the secret expires, such as 2027-01-15. Either this or `lifetime`.'),
  lifetime: duration()
    .optional()
    .describe('How long a secret lives, counted from the last rotation, such as 90d. Either this or `expires`.'),
  rotate: rotateSchema.optional(),
  billing: oneOf(['subscription', 'metered'])
    .optional()
    .describe(
      'Whether a subscription pays for its runs, or each is billed; /budget keeps the two apart. Default: subscription for the token of `claude setup-token`, else metered.',
    ),
  backoff: map({
    first: duration().optional().describe('The first pause. Default: 1m.'),
    max: duration().optional().describe('The longest pause. Default: 1h.'),
  })
    .optional()
    .describe('The pauses between probes while the credential is dead.'),
}).describe('One login that agents need.');

const failureModeSchema = map({
  tool: text('the name of a tool, such as email').describe('The tool that failed, as the agent names it.'),
  on: oneOf(['auth', 'rate-limit', 'not-found', 'other']).describe('How it failed.'),
  then: z
    .union(
      [
        oneOf(['alert', 'skip']).transform((kind) => ({ kind })),
        map({
          wait: duration().describe('How long to wait before trying again.'),
          retry: wholeNumber(1, 100, 'a whole number of tries from 1 to 100')
            .optional()
            .describe('How often to try again. Default: 1.'),
          else: oneOf(['alert', 'skip']).optional().describe('What to do when that did not help. Default: alert.'),
        }).transform((wait) => ({
          kind: 'wait' as const,
          waitMs: wait.wait,
          retry: wait.retry ?? 1,
          otherwise: wait.else ?? ('alert' as const),
        })),
      ],
      { error: 'expected alert, skip, or a map such as { wait: 60s, retry: 1, else: alert }' },
    )
    .describe('What the agent is bid to do.'),
}).describe('What `nightdesk fail` answers an agent.');

const permissionsSchema = z
  .union(
    [
      oneOf(['ask', 'allow']).transform((mode) => ({ mode })),
      map({
        mode: oneOf(['ask', 'allow'])
          .optional()
          .describe(
            '`ask`: what the CLI would ask a person goes to the phone; `allow`: everything is allowed. Default: ask.',
          ),
        tools: distinct(text('the name of a tool'), 'a list of tools, such as [Read, "Bash(git log:*)"]')
          .optional()
          .describe('Tools that need no question, as the CLI names them.'),
        within: duration().optional().describe('How long a question waits before it counts as denied. Default: 10m.'),
      }),
    ],
    { error: 'expected ask, allow, or a map such as { tools: [Read, Edit], within: 10m }' },
  )
  .describe(
    'What the agent may do without asking: `ask` (the default), `allow`, or a map with the tools that need no question.',
  );

const agentShape = {
  runtime: oneOf(['claude', 'codex', 'gemini', 'command'])
    .optional()
    .describe('The command-line agent that runs it, or `command` for any program.'),
  command: argv().optional().describe('For runtime `command`: the program and its arguments, started without a shell.'),
  prompt: path('the path of a prompt file')
    .optional()
    .describe('For runtimes claude, codex and gemini: the file with what the agent is told.'),
  model: text('the name of a model').optional().describe('The model, as the runtime names it.'),
  schedule: schedule().optional().describe('When it runs: `every 5m`, a cron expression, or `continuous`.'),
  on: oneOf(['task']).optional().describe('`task` instead of a schedule: the agent is woken by work.'),
  active: dailyWindow()
    .optional()
    .describe('Active hours, such as "07:00-23:00"; outside them it neither runs nor owes a heartbeat.'),
  credentials: distinct(name(), 'a list of names of credentials')
    .optional()
    .describe('The credentials that it needs; it is held while one of them is dead.'),
  heartbeat: duration().optional().describe('Longest time without a sign of life while running. Default: 30m.'),
  progress: duration()
    .optional()
    .describe('Longest time without a proof of progress while running. Default: not watched.'),
  on_stuck: oneOf(['alert', 'restart', 'stop'])
    .optional()
    .describe('What happens on missed heartbeats and missing progress. Default: alert.'),
  timeout: duration().optional().describe('Longest time that a run may take. Default: 20m.'),
  budget: dollars().optional().describe('US dollars a calendar month, for this agent.'),
  max_run_cost: dollars().optional().describe('US dollars; a run that reaches it is stopped.'),
  context: map({
    flush: percent().optional().describe('Percent at which the agent is told to write its checkpoint. Default: 80.'),
    stop: percent().optional().describe('Percent at which the run is stopped. Default: 90.'),
  })
    .optional()
    .describe('Percent of the usable context: up to where the CLI would compact by itself.'),
  workdir: path('the path of a folder').optional().describe('The folder in which it runs. Default: HOME/agents/NAME.'),
  env: named(variableName(), z.string({ error: 'expected text: put numbers and words like true in quotes' }))
    .optional()
    .describe('Environment of its runs; ${VAR} is read from the environment of Nightdesk, $${VAR} stays ${VAR}.'),
  failure_modes: z
    .array(failureModeSchema, { error: 'expected a list' })
    .optional()
    .describe('What to do when a tool fails.'),
  permissions: permissionsSchema.optional(),
  instructions: path('the path of a folder')
    .optional()
    .describe('A folder with instruction templates of your own; each replaces ours of the same name.'),
  publishes: distinct(name(), 'a list of kinds, such as [reply, post]')
    .optional()
    .describe('Kinds of drafts that it publishes: it gets an approved one as JSON on stdin, once.'),
  place: name()
    .optional()
    .describe(
      "Where its drafts and questions go: a name under `telegram.places`. Default: the fleet's chat, as everything else.",
    ),
};

const { publishes: _publishes, ...defaultableShape } = agentShape;

const draftKindSchema = map({
  window: duration()
    .optional()
    .describe('How long a draft waits for a decision before it expires. Default: until it is decided.'),
  undo: duration(0)
    .optional()
    .describe('How long an approval can be taken back before the draft is published. Default: 0s.'),
  remind: distinct(percent(), 'a list of percentages, such as [50, 80]')
    .optional()
    .describe('Percent of the window after which the owner is reminded. Default: [50, 80].'),
  auto_approve: map({
    after: duration().describe('How long the owner has to object, counted from when the draft was shown.'),
    max_per_day: wholeNumber(1, 1_000, 'a whole number from 1 to 1000').describe(
      'How many of this kind may go out by themselves in a calendar day.',
    ),
  })
    .optional()
    .describe('Approves by itself what nobody objected to; each is told. Default: never.'),
}).describe('One kind of draft.');

/** The schema of fleet.yaml; what it gives is typed by FleetFile. */
export const fleetSchema = map({
  timezone: timezone().optional().describe("For schedules, active hours and digests. Default: the machine's."),
  home: path('the path of a folder')
    .optional()
    .describe('The state folder: database, logs, workdirs, secrets. Default: ./state'),
  concurrency: wholeNumber(1, 200, 'a whole number from 1 to 200')
    .optional()
    .describe('How many runs may be alive at once; the rest waits its turn. Default: 32.'),
  containment: oneOf(['best', 'bubblewrap', 'cgroup', 'unshare', 'group'])
    .optional()
    .describe(
      'What holds the processes of a run: the best that works here, or one by name where agents need what the best forbids, such as sudo. Default: best.',
    ),
  telegram: telegramSchema,
  budget: budgetSchema.optional(),
  prices: named(
    text('the name of a model'),
    map({
      input: dollars().describe('US dollars for a million tokens read.'),
      output: dollars().describe('US dollars for a million tokens written.'),
    }),
  )
    .optional()
    .describe('What models cost, for CLIs that tell tokens but no cost (codex, gemini), by the name of the model.'),
  logs: logsSchema.optional(),
  digest: z
    .array(cron(), { error: 'expected a list of cron expressions, such as ["0 8 * * *"]' })
    .optional()
    .describe('When the digest is sent: cron expressions.'),
  backup: map({
    at: timeOfDay().optional().describe('At what time of day, in the fleet\'s timezone. Default: "04:30".'),
    keep: wholeNumber(0, 1_000, 'a whole number from 0 to 1000')
      .optional()
      .describe('How many copies are kept; 0 makes none. Default: 7.'),
  })
    .optional()
    .describe('Copies of the database, made every day in HOME/backup.'),
  alerts: alertsSchema.optional(),
  credentials: named(name(), credentialSchema).optional().describe('The logins that agents need, by name.'),
  defaults: map(defaultableShape)
    .optional()
    .describe(
      'Any agent key except `publishes`, for all agents that do not set it; `env` and `context` are merged key by key, lists are replaced.',
    ),
  agents: named(
    name().refine((word) => word !== 'all' && word !== 'nightdesk', {
      error: 'expected another name: commands use "all" and "nightdesk" for something else',
    }),
    map(agentShape).describe('One agent.'),
  )
    .optional()
    .describe('The agents, by name.'),
  drafts: map({
    burst: wholeNumber(1, 100, 'a whole number from 1 to 100')
      .optional()
      .describe('More new drafts than this at once come as one queue message. Default: 5.'),
    kinds: named(name(), draftKindSchema).optional().describe('The kinds of drafts, by name.'),
  })
    .optional()
    .describe('The approval desk.'),
});

/** What fleet.yaml says, with its texts read: durations in milliseconds, windows in minutes. */
export type FleetFile = z.output<typeof fleetSchema>;

/** What one agent's entry says. */
export type AgentFile = NonNullable<FleetFile['agents']>[string];

/** What one credential's entry says. */
export type CredentialFile = NonNullable<FleetFile['credentials']>[string];

/** What `defaults` says. */
export type DefaultsFile = NonNullable<FleetFile['defaults']>;
