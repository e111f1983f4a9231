import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadFleet } from '../../src/config/load.ts';
import { createFleetFolder } from './fleet-folder.ts';

const OWNER = 'telegram: { owners: [7] }';
const DURATION = 'a duration such as "30s", "5m", "4h", "7d" or "1h30m"';

/** A fleet whose only agent has one more line, at line 4. */
const agentWith = (line: string): string => `${OWNER}
agents:
  a: { runtime: command, command: [sh], schedule: every 5m,
    ${line} }`;

/** A fleet whose only credential has one more line, at line 4. */
const credentialWith = (line: string): string => `${OWNER}
credentials:
  c:
    ${line}`;

test.each<[what: string, text: string, problems: string[]]>([
  [
    'a file that is empty',
    '# nothing yet\n',
    ['fleet.yaml:1: expected a fleet, with at least "telegram: { owners: [YOUR_USER_ID] }"; found an empty file'],
  ],
  ['a file without owner', 'timezone: UTC', ['fleet.yaml:1: telegram: missing; expected a map of keys']],
  ['a list instead of a fleet', '- a', ['fleet.yaml:1: expected a map of keys; found a list']],
  ['a text instead of a fleet', 'TOKEN=secret', ['fleet.yaml:1: expected a map of keys; found something else']],
  [
    'a syntax error',
    `${OWNER}\nagents: [`,
    ['fleet.yaml:2: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ],
  ['a tab', `telegram:\n\towners: [7]`, ['fleet.yaml:2: expected spaces for indentation; found a tab']],
  [
    'two documents',
    `${OWNER}\n---\n${OWNER}`,
    ['fleet.yaml:2: expected one YAML document; found a second one after "---"'],
  ],
  ['a tag', `${OWNER}\nhome: !env HOME`, ['fleet.yaml:2: YAML: Unresolved tag: !env']],
  [
    'an anchor that is not there',
    `${OWNER}\nhome: *x`,
    ['fleet.yaml:2: expected an anchor &x before its use; found none'],
  ],
  ['a list as key', `${OWNER}\n? [a]\n: 1`, ['fleet.yaml:2: expected a word as key; found a list or a map']],
  [
    'a key that is there twice',
    `${OWNER}\nalerts:\n  quiet: "23:00-07:00"\n  quiet: "22:00-07:00"`,
    ['fleet.yaml:4: alerts.quiet: the key is there twice; expected it only once'],
  ],
  ['a YAML 1.1 file', `%YAML 1.1\n---\n${OWNER}\nyes: 1`, [expect.stringMatching(/^fleet.yaml:4: yes: unknown key/)]],
  [
    'a key of the prototype',
    `${OWNER}
agents:
  __proto__: { runtime: command }`,
    ['fleet.yaml:3: expected another key; found "__proto__"'],
  ],

  [
    'an unknown key',
    agentWith('shedule: x'),
    ['fleet.yaml:4: agents.a.shedule: unknown key; did you mean "schedule"?'],
  ],
  [
    'an unknown key like no other',
    `telegram: { owners: [7], proxy: x }`,
    ['fleet.yaml:1: telegram.proxy: unknown key; expected one of owners, chat, topic, approvers, viewers, places'],
  ],
  [
    'a misspelt required key',
    'telegram:\n  owner: [7]',
    ['fleet.yaml:2: telegram.owner: unknown key; did you mean "owners"?'],
  ],
  [
    'a key that defaults may not have',
    `${OWNER}\ndefaults: { publishes: [x] }`,
    [expect.stringMatching(/^fleet.yaml:2: defaults.publishes: unknown key; expected one of runtime, /)],
  ],

  [
    'no owners',
    'telegram: { owners: [] }',
    ['fleet.yaml:1: telegram.owners: expected at least one numeric Telegram user id; found an empty list'],
  ],
  [
    'an owner by name',
    'telegram: { owners: ["@me"] }',
    ['fleet.yaml:1: telegram.owners[0]: expected a numeric Telegram user id, such as 123456789; found "@me"'],
  ],
  [
    'a token as owner',
    'telegram: { owners: ["123456:TEST-abcdefghijklmnopqrstuv"] }',
    ['fleet.yaml:1: telegram.owners[0]: expected a numeric Telegram user id, such as 123456789; found another text'],
  ],
  [
    'a group as owner',
    'telegram: { owners: [-100] }',
    ['fleet.yaml:1: telegram.owners[0]: expected a numeric Telegram user id, such as 123456789; found -100'],
  ],
  [
    'an owner twice',
    'telegram: { owners: [7, 8, 7] }',
    ['fleet.yaml:1: telegram.owners[2]: expected each only once; found 7'],
  ],
  [
    'somebody in two lists',
    'telegram: { owners: [7], approvers: [8, 7], viewers: [8] }',
    [
      'fleet.yaml:1: telegram.approvers[1]: expected each person in one list; 7 is under owners already, and that counts',
      'fleet.yaml:1: telegram.viewers[0]: expected each person in one list; 8 is under approvers already, and that counts',
    ],
  ],
  [
    'chat 0',
    'telegram: { owners: [7], chat: 0 }',
    ['fleet.yaml:1: telegram.chat: expected a numeric chat id, such as 123456789; found 0'],
  ],
  [
    'a timezone that is none',
    `${OWNER}\ntimezone: Europe/Berln`,
    ['fleet.yaml:2: timezone: expected a timezone such as Europe/Berlin; found "Europe/Berln"'],
  ],
  [
    'a tilde',
    `${OWNER}\nhome: ~/state`,
    [
      'fleet.yaml:2: home: expected the path of a folder, written out: ~ and ${VAR} are not expanded here; found "~/state"',
    ],
  ],
  [
    'a variable in a path',
    `${OWNER}\nhome: "\${HOME}/state"`,
    [
      'fleet.yaml:2: home: expected the path of a folder, written out: ~ and ${VAR} are not expanded here; found "${HOME}/state"',
    ],
  ],
  [
    'too many runs',
    `${OWNER}\nconcurrency: 201`,
    ['fleet.yaml:2: concurrency: expected a whole number from 1 to 200; found 201'],
  ],
  [
    'a free budget',
    `${OWNER}\nbudget: { monthly: 0 }`,
    ['fleet.yaml:2: budget.monthly: expected an amount of US dollars above 0, such as 60 or 2.5; found 0'],
  ],
  [
    'a warning past the budget',
    `${OWNER}\nbudget: { monthly: 5, warn: [101] }`,
    ['fleet.yaml:2: budget.warn[0]: expected a whole percentage from 1 to 100; found 101'],
  ],
  [
    'a size without unit',
    `${OWNER}\nlogs: { total: 500 }`,
    ['fleet.yaml:2: logs.total: expected a size such as "500MB" or "2GB"; found 500'],
  ],
  [
    'a digest that is no list',
    `${OWNER}\ndigest: "0 8 * * *"`,
    ['fleet.yaml:2: digest: expected a list of cron expressions, such as ["0 8 * * *"]; found "0 8 * * *"'],
  ],
  [
    'a digest that never comes',
    `${OWNER}\ndigest: ["0 8 30 2 *"]`,
    ['fleet.yaml:2: digest[0]: expected a cron expression that comes at some time; found "0 8 30 2 *"'],
  ],
  ['a section without content', `${OWNER}\nalerts:\n`, ['fleet.yaml:2: alerts: expected a map of keys; found nothing']],
  [
    'a quiet window that is empty',
    `${OWNER}\nalerts: { quiet: "07:00-07:00" }`,
    [
      'fleet.yaml:2: alerts.quiet: expected a window that is not empty: for the whole day write "00:00-24:00"; found "07:00-07:00"',
    ],
  ],
  [
    'an alarm that is no address',
    `${OWNER}\nalerts:\n  dead_man: { url: "file:///x" }`,
    ['fleet.yaml:3: alerts.dead_man.url: expected an address that starts with https:// or http://; found another text'],
  ],
  [
    'a burst of 0',
    `${OWNER}\ndrafts: { burst: 0 }`,
    ['fleet.yaml:2: drafts.burst: expected a whole number from 1 to 100; found 0'],
  ],
  [
    'a reminder at 0 percent',
    `${OWNER}\ndrafts: { kinds: { reply: { remind: [0] } } }`,
    ['fleet.yaml:2: drafts.kinds.reply.remind[0]: expected a whole percentage from 1 to 100; found 0'],
  ],

  [
    'both expires and lifetime',
    credentialWith('expires: 2027-01-15\n    lifetime: 90d'),
    ['fleet.yaml:5: credentials.c.lifetime: expected either expires or lifetime; found both'],
  ],
  [
    'a day that is none',
    credentialWith('expires: 2027-02-30'),
    ['fleet.yaml:4: credentials.c.expires: expected a day such as 2027-01-15; found "2027-02-30"'],
  ],
  [
    'a login that is no list',
    credentialWith('login: claude setup-token'),
    [
      'fleet.yaml:4: credentials.c.login: expected a program and its arguments as a list, or paste; found "claude setup-token"',
    ],
  ],
  [
    'a misspelt paste',
    credentialWith('login: past'),
    [
      'fleet.yaml:4: credentials.c.login: expected a program and its arguments as a list, or paste; found "past"; did you mean "paste"?',
    ],
  ],
  [
    'an empty check',
    credentialWith('check: []'),
    [
      'fleet.yaml:4: credentials.c.check: expected a program and its arguments as a list, such as ["./run.sh", "--fast"]; found an empty list',
    ],
  ],
  [
    'a number as argument',
    credentialWith('check: [sleep, 5]'),
    [
      'fleet.yaml:4: credentials.c.check[1]: expected text: put an argument that looks like something else in quotes; found 5',
    ],
  ],
  [
    'a bad capture',
    credentialWith('{ login: [x], capture: "(" }'),
    ['fleet.yaml:4: credentials.c.capture: expected a regular expression; found one that JavaScript cannot read'],
  ],
  [
    'a capture without login',
    credentialWith('capture: x'),
    [
      'fleet.yaml:4: credentials.c.capture: capture is what to keep of what a login program prints; expected login to be such a program',
    ],
  ],
  [
    'a secret as name of a variable',
    credentialWith('env: sk-ant-oat01-secret'),
    [
      'fleet.yaml:4: credentials.c.env: expected the name of an environment variable, such as API_TOKEN; found another text',
    ],
  ],
  [
    'a rotation without time',
    credentialWith('rotate: { every: 45d, command: [x] }'),
    ['fleet.yaml:4: credentials.c.rotate.at: missing; expected a time of day such as "04:00", in quotes'],
  ],
  [
    'a rotation at 25 o’clock',
    credentialWith('rotate: { every: 45d, at: "25:00", command: [x] }'),
    ['fleet.yaml:4: credentials.c.rotate.at: expected a time of day such as "04:00", in quotes; found "25:00"'],
  ],
  [
    'a backoff that shrinks',
    credentialWith('backoff: { first: 2h, max: 1h }'),
    ['fleet.yaml:4: credentials.c.backoff: expected first to be at most max; found it longer'],
  ],
  [
    'a credential with a bad name',
    `${OWNER}\ncredentials: { My-Mail: {} }`,
    [
      'fleet.yaml:2: credentials.My-Mail: expected a name: a letter a-z first, then a-z, 0-9, _ or -, at most 32 characters; found "My-Mail"',
    ],
  ],

  [
    'an agent that means everybody',
    `${OWNER}\nagents: { all: { runtime: command, command: [x], schedule: continuous } }`,
    [
      'fleet.yaml:2: agents.all: expected another name: commands use "all" and "nightdesk" for something else; found "all"',
    ],
  ],
  [
    'an agent without runtime',
    `${OWNER}\nagents:\n  a: { schedule: continuous, prompt: prompts/scout.md }`,
    ['fleet.yaml:3: agents.a.runtime: missing; expected one of claude, codex, gemini, command'],
  ],
  [
    'a misspelt runtime',
    `${OWNER}\nagents:\n  a:\n    runtime: cluade`,
    [
      'fleet.yaml:4: agents.a.runtime: expected one of claude, codex, gemini, command; found "cluade"; did you mean "claude"?',
    ],
  ],
  [
    'a command agent without command',
    `${OWNER}\nagents:\n  a: { runtime: command, schedule: continuous }`,
    ['fleet.yaml:3: agents.a.command: missing; runtime command needs a program and its arguments as a list'],
  ],
  [
    'a command agent with a prompt',
    agentWith('prompt: prompts/scout.md'),
    ['fleet.yaml:4: agents.a.prompt: runtime command takes no prompt; expected only command'],
  ],
  [
    'a claude agent without prompt',
    `${OWNER}\nagents:\n  a: { runtime: claude, schedule: continuous }`,
    ['fleet.yaml:3: agents.a.prompt: missing; runtime claude needs the path of a prompt file'],
  ],
  [
    'a codex agent with a command',
    `${OWNER}\nagents:\n  a: { runtime: codex, schedule: continuous, prompt: prompts/scout.md, command: [x] }`,
    ['fleet.yaml:3: agents.a.command: runtime codex takes no command; expected only prompt'],
  ],
  [
    'a gemini agent that publishes',
    `${OWNER}\nagents:\n  a: { runtime: gemini, prompt: prompts/scout.md, publishes: [x] }`,
    [
      "fleet.yaml:3: agents.a.publishes: a publisher's exit code says what became of the draft; expected runtime command, found gemini",
    ],
  ],
  [
    'a prompt that is a folder',
    `${OWNER}\nagents:\n  a: { runtime: claude, schedule: continuous, prompt: prompts }`,
    ['fleet.yaml:3: agents.a.prompt: expected a file at prompts; found a folder'],
  ],
  [
    'a prompt that is not there',
    `${OWNER}\ndefaults: { prompt: p.md }\nagents:\n  a: { runtime: claude, schedule: continuous }\n  b: { runtime: codex, schedule: continuous }`,
    ['fleet.yaml:2: defaults.prompt: expected a file at p.md; found none that this user can read'],
  ],
  [
    'an agent that nothing wakes',
    `${OWNER}\nagents:\n  a: { runtime: command, command: [x] }`,
    ['fleet.yaml:3: agents.a.schedule: missing; expected a schedule such as "every 5m", or on: task, or publishes'],
  ],
  [
    'an agent with schedule and on',
    agentWith('on: task'),
    ['fleet.yaml:4: agents.a.on: expected either schedule or on; found both'],
  ],
  [
    'a schedule in words',
    `${OWNER}\nagents:\n  a: { runtime: command, command: [x], schedule: hourly }`,
    [
      'fleet.yaml:3: agents.a.schedule: expected "every 5m", a cron expression such as "0 8 * * *", or "continuous"; found "hourly"',
    ],
  ],
  [
    'an interval without unit',
    `${OWNER}\nagents:\n  a: { runtime: command, command: [x], schedule: every 5 }`,
    [
      `fleet.yaml:3: agents.a.schedule: expected ${DURATION}: write the unit, "5s" or "5m" after "every"; found "every 5"`,
    ],
  ],
  [
    'an interval of nothing',
    `${OWNER}\nagents:\n  a: { runtime: command, command: [x], schedule: every 0s }`,
    ['fleet.yaml:3: agents.a.schedule: expected a duration of at least 1s after "every"; found "every 0s"'],
  ],
  [
    'a cron minute of 61',
    `${OWNER}\nagents:\n  a: { runtime: command, command: [x], schedule: "61 * * * *" }`,
    [
      'fleet.yaml:3: agents.a.schedule: expected a cron expression of 5 fields, or 6 with seconds first, such as "0 8 * * *" (Invalid value for minute: 61); found "61 * * * *"',
    ],
  ],
  [
    'a duration without unit',
    agentWith('timeout: 20'),
    [`fleet.yaml:4: agents.a.timeout: expected ${DURATION}: write the unit, "20s" or "20m"; found 20`],
  ],
  [
    'a timeout of nothing',
    agentWith('timeout: 0s'),
    ['fleet.yaml:4: agents.a.timeout: expected a duration of at least 1s; found "0s"'],
  ],
  [
    'a heartbeat of a century',
    agentWith('heartbeat: 36500d'),
    ['fleet.yaml:4: agents.a.heartbeat: expected a duration of at most 3650d; found "36500d"'],
  ],
  [
    'active hours that are none',
    agentWith('active: "7-23"'),
    ['fleet.yaml:4: agents.a.active: expected a daily window such as "07:00-23:00", in quotes; found "7-23"'],
  ],
  [
    'a context that stops first',
    agentWith('context: { flush: 95 }'),
    ['fleet.yaml:4: agents.a.context: expected flush to be less than stop; found flush 95 and stop 90'],
  ],
  [
    'a number in env',
    agentWith('env: { PORT: 8080 }'),
    ['fleet.yaml:4: agents.a.env.PORT: expected text: put numbers and words like true in quotes; found a number'],
  ],
  [
    'a variable that is not set',
    agentWith('env: { A: "${NOPE}" }'),
    ['fleet.yaml:4: agents.a.env.A: expected the environment variable NOPE to be set; it is not'],
  ],
  [
    'a variable with a shell default',
    agentWith('env: { A: "${X:-y}" }'),
    [
      'fleet.yaml:4: agents.a.env.A: expected ${NAME} with the name of an environment variable, or $${ for a literal ${; found something else in the braces',
    ],
  ],
  [
    'a variable of Nightdesk',
    agentWith('env: { NIGHTDESK_RUN: x }'),
    [
      'fleet.yaml:4: agents.a.env.NIGHTDESK_RUN: names that start with NIGHTDESK_ are set by Nightdesk; expected another name',
    ],
  ],
  [
    'a bad failure mode',
    agentWith('failure_modes: [{ tool: x, on: auth, then: { wait: 5, retri: 2 } }]'),
    [
      `fleet.yaml:4: agents.a.failure_modes[0].then.wait: expected ${DURATION}: write the unit, "5s" or "5m"; found 5`,
      'fleet.yaml:4: agents.a.failure_modes[0].then.retri: unknown key; did you mean "retry"?',
    ],
  ],
  [
    'an unknown answer to a failure',
    agentWith('failure_modes: [{ tool: x, on: auth, then: alrt }]'),
    [
      'fleet.yaml:4: agents.a.failure_modes[0].then: expected alert, skip, or a map such as { wait: 60s, retry: 1, else: alert }; found "alrt"; did you mean "alert"?',
    ],
  ],
  [
    'a credential that is not there',
    `${agentWith('credentials: [cluade]')}\ncredentials: { claude: {} }`,
    [
      'fleet.yaml:4: agents.a.credentials[0]: expected the name of a credential; found "cluade", which is not under credentials; did you mean "claude"?',
    ],
  ],
  [
    'a secret in place of the PATH',
    credentialWith('env: PATH'),
    ['fleet.yaml:4: credentials.c.env: expected a variable of its own, such as C_TOKEN; PATH is set by Nightdesk'],
  ],
  [
    'a secret in place of the run’s token',
    credentialWith('env: NIGHTDESK_TOKEN'),
    [
      'fleet.yaml:4: credentials.c.env: expected a variable of its own, such as C_TOKEN; NIGHTDESK_TOKEN is set by Nightdesk',
    ],
  ],
  [
    'two credentials in one variable',
    `${agentWith('credentials: [x, y]')}\ncredentials: { x: { env: TOKEN }, y: { env: TOKEN } }`,
    [
      'fleet.yaml:4: agents.a.credentials[1]: expected each variable to be set once; TOKEN is set by this credential and by x too',
    ],
  ],
  [
    'two publishers of one kind',
    `${OWNER}\nagents:\n  a: { runtime: command, command: [x], publishes: [post] }\n  b: { runtime: command, command: [x], publishes: [reply, post] }`,
    ['fleet.yaml:4: agents.b.publishes[1]: expected one publisher for each kind; "post" is published by a already'],
  ],
])('says in one line what is wrong with %s', (_what, text, problems) => {
  using place = createFleetFolder();

  expect(place.problems(text)).toEqual(problems);
});

test('tells all problems at once, in the order of the file', () => {
  using place = createFleetFolder();

  const problems = place.problems(`timezone: Mars
agents:
  a: { runtime: command, command: [x], schedule: continuous, credentials: [nobody] }
  b: { runtime: command, schedule: continuous }
  c: { runtme: command }
telegram: { owners: [0] }
`);

  expect(problems.map((line) => line.split(': ').slice(0, 2).join(' '))).toEqual([
    'fleet.yaml:1 timezone',
    'fleet.yaml:3 agents.a.credentials[0]',
    'fleet.yaml:4 agents.b.command',
    'fleet.yaml:5 agents.c.runtme',
    'fleet.yaml:6 telegram.owners[0]',
  ]);
});

test('counts the problems that are too many to tell', () => {
  using place = createFleetFolder();
  const text = `${OWNER}\n${Array.from({ length: 60 }, (_, index) => `wrong_${index}: 1`).join('\n')}`;

  const result = place.load(text);

  expect(result).toMatchObject({ kind: 'invalid', omitted: 10 });
  expect(result.kind === 'invalid' && result.problems).toHaveLength(50);
});

test('gives the column of what is wrong', () => {
  using place = createFleetFolder();

  const result = place.load('telegram: { owners: [7], chat: x }');

  expect(result).toMatchObject({ problems: [{ line: 1, column: 32, key: 'telegram.chat' }] });
});

test('says so when there is no such file', () => {
  using place = createFleetFolder();
  const file = join(place.folder, 'nowhere.yaml');

  const result = loadFleet(file, {});

  expect(result).toEqual({
    kind: 'invalid',
    problems: [{ file, line: undefined, column: undefined, key: '', message: 'there is no such file' }],
    omitted: 0,
  });
});

test('says so when fleet.yaml is a folder', () => {
  using place = createFleetFolder();
  mkdirSync(join(place.folder, 'fleet.yaml'));

  expect(place.load()).toMatchObject({ problems: [{ message: 'expected a file; found a folder' }] });
});

test('says so when fleet.yaml is not UTF-8', () => {
  using place = createFleetFolder();

  const problems = place.problems(Uint8Array.from([0x74, 0x3a, 0x20, 0xff, 0xfe]));

  expect(problems).toEqual(['fleet.yaml: expected text in UTF-8; found something else']);
});

test('says so when fleet.yaml is far too large', () => {
  using place = createFleetFolder();

  const problems = place.problems(`${OWNER}\n#${'x'.repeat(1_000_000)}`);

  expect(problems).toEqual(['fleet.yaml: expected at most 1000000 bytes; found 1000027']);
});

test('refuses anchors that multiply', () => {
  using place = createFleetFolder();
  const level = (name: string, of: string): string =>
    `${name}: &${name} [${Array.from({ length: 9 }, () => `*${of}`).join(', ')}]`;
  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x]',
    level('b', 'a'),
    level('c', 'b'),
    level('d', 'c'),
    level('e', 'd'),
  ].join('\n');

  const problems = place.problems(bomb);

  expect(problems).toEqual(['fleet.yaml:2: expected few anchors; found them expanded too often']);
});

test('refuses what is nested too deeply', () => {
  using place = createFleetFolder();

  const problems = place.problems(`${OWNER}\nhome: ${'['.repeat(100_000)}`);

  expect(problems).toEqual([expect.stringContaining('expected a map of keys; found something nested too deeply')]);
});

test('points at the last one when a key is there twice and its value is wrong', () => {
  using place = createFleetFolder();

  const problems = place.problems(`${OWNER}\nconcurrency: 1\nconcurrency: 0`);

  expect(problems).toEqual([
    'fleet.yaml:3: concurrency: the key is there twice; expected it only once',
    'fleet.yaml:3: concurrency: expected a whole number from 1 to 200; found 0',
  ]);
});

test('says that an agent’s place is not one of telegram.places, and which there are', () => {
  const using = createFleetFolder();

  const problems = using.problems(
    'telegram: { owners: [1], places: { shop: { chat: -100123, topic: 7 } } }\nagents:\n  scout: { runtime: command, command: [/bin/true], schedule: every 5m, place: shpo }\n',
  );

  expect(problems).toEqual([
    'fleet.yaml:3: agents.scout.place: expected the name of a place under telegram.places (there are: shop); found shpo',
  ]);
});
