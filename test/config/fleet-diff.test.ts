import { afterAll, describe, expect, it } from 'vitest';
import { type Change, diffFleets } from '../../src/config/fleet-diff.ts';
import { createFleetFolder } from './fleet-folder.ts';

const folder = createFleetFolder();
afterAll(() => folder[Symbol.dispose]());

type Env = Readonly<Record<string, string>>;

const HEAD = 'timezone: UTC\n';
const OWNER = 'telegram: { owners: [1] }\n';

function diff(before: string, after: string, env: readonly [Env, Env] = [{}, {}]): readonly Change[] {
  const [old, now] = [folder.loaded(HEAD + before, env[0]), folder.loaded(HEAD + after, env[1])];
  return diffFleets({ fleet: old.fleet, raw: old.source.raw }, { fleet: now.fleet, raw: now.source.raw });
}

function agents(...entries: readonly string[]): string {
  return `${OWNER}agents:\n${entries.map((entry) => `  ${entry}\n`).join('')}`;
}

const SCOUT = 'scout: { runtime: command, command: [./publish.sh], schedule: every 5m }';

describe('diffFleets', () => {
  it.for<readonly [what: string, before: string, after: string, expected: readonly Change[]]>([
    [
      'the order of keys',
      agents(SCOUT),
      agents('scout: { schedule: every 5m, command: [./publish.sh], runtime: command }'),
      [],
    ],
    ['a comment', OWNER, `# mine\n${OWNER}`, []],
    ['a new agent', OWNER, agents(SCOUT), [{ kind: 'added', text: 'agent scout (every 5m)', takesAway: false }]],
    ['an agent that is gone', agents(SCOUT), OWNER, [{ kind: 'removed', text: 'agent scout', takesAway: true }]],
    [
      'an agent of another name',
      agents(SCOUT),
      agents(SCOUT.replace('scout', 'looker')),
      [
        { kind: 'removed', text: 'agent scout', takesAway: true },
        { kind: 'added', text: 'agent looker (every 5m)', takesAway: false },
      ],
    ],
    [
      'a schedule, as it is written',
      agents(SCOUT),
      agents(SCOUT.replace('every 5m', '"0 8 * * *"')),
      [{ kind: 'changed', text: 'agents.scout.schedule: every 5m → 0 8 * * *', takesAway: false }],
    ],
    [
      'a key that was not there',
      agents(SCOUT),
      agents(SCOUT.replace(' }', ', timeout: 1h30m }')),
      [{ kind: 'changed', text: 'agents.scout.timeout: not set → 1h30m', takesAway: false }],
    ],
    [
      'a default of all agents, once',
      `${agents(SCOUT)}defaults: { timeout: 20m }\n`,
      `${agents(SCOUT)}defaults: { timeout: 30m }\n`,
      [{ kind: 'changed', text: 'defaults.timeout: 20m → 30m', takesAway: false }],
    ],
    [
      'a whole section',
      OWNER,
      `${OWNER}budget: { monthly: 500, warn: [50, 80] }\n`,
      [
        { kind: 'changed', text: 'budget.monthly: not set → 500', takesAway: false },
        { kind: 'changed', text: 'budget.warn: not set → [50, 80]', takesAway: false },
      ],
    ],
    [
      'an owner more',
      'telegram: { owners: [1], chat: 1 }\n',
      'telegram: { owners: [1, 2], chat: 1 }\n',
      [{ kind: 'changed', text: 'telegram.owners: + 2', takesAway: false }],
    ],
    [
      'an owner less',
      'telegram: { owners: [1, 2], chat: 1 }\n',
      'telegram: { owners: [2, 3], chat: 1 }\n',
      [{ kind: 'changed', text: 'telegram.owners: + 3, − 1', takesAway: true }],
    ],
    [
      'the last viewer',
      'telegram: { owners: [1], viewers: [7] }\n',
      OWNER,
      [{ kind: 'changed', text: 'telegram.viewers: − 7', takesAway: true }],
    ],
    [
      'a place that is gone',
      'telegram: { owners: [1], places: { shop: { chat: -5 } } }\n',
      OWNER,
      [{ kind: 'removed', text: 'place shop', takesAway: true }],
    ],
    [
      'a credential that is gone',
      `${OWNER}credentials: { graph: { lifetime: 90d } }\n`,
      OWNER,
      [{ kind: 'removed', text: 'credential graph', takesAway: true }],
    ],
    [
      'a kind of drafts that is gone',
      `${OWNER}drafts: { kinds: { reply: {}, post: {} } }\n`,
      `${OWNER}drafts: { kinds: { post: {} } }\n`,
      [{ kind: 'removed', text: 'kind of drafts reply', takesAway: true }],
    ],
    [
      'a kind that its publisher has no more',
      agents('mouth: { runtime: command, command: [./publish.sh], publishes: [reply, post] }'),
      agents('mouth: { runtime: command, command: [./publish.sh], publishes: [post] }'),
      [{ kind: 'changed', text: 'agents.mouth.publishes: − reply', takesAway: true }],
    ],
    [
      'another first owner, in whose chat everything is from then on',
      OWNER,
      'telegram: { owners: [2, 1] }\n',
      [
        { kind: 'changed', text: 'telegram.owners: + 2', takesAway: false },
        { kind: 'changed', text: "telegram.chat: 1 → 2, the first owner's", takesAway: false },
      ],
    ],
    [
      'a price that is gone, which nobody misses',
      `${OWNER}prices: { model: { input: 1, output: 2 } }\n`,
      OWNER,
      [{ kind: 'removed', text: 'price of model', takesAway: false }],
    ],
    [
      'the arguments of a program, without them',
      agents(SCOUT),
      agents(SCOUT.replace('[./publish.sh]', '[./publish.sh, --password=TEST]')),
      [{ kind: 'changed', text: 'agents.scout.command: other arguments', takesAway: false }],
    ],
    [
      'a variable, without its value',
      agents(SCOUT.replace(' }', ', env: { A: one } }')),
      agents(SCOUT.replace(' }', ', env: { A: two } }')),
      [{ kind: 'changed', text: 'agents.scout.env.A: changed', takesAway: false }],
    ],
    [
      'a variable more, without its value',
      agents(SCOUT),
      agents(SCOUT.replace(' }', ', env: { A: one } }')),
      [{ kind: 'changed', text: 'agents.scout.env.A: is set now', takesAway: false }],
    ],
    [
      'the address of the dead-man switch, without it',
      `${OWNER}alerts: { dead_man: { url: "https://hc.example/TEST-a" } }\n`,
      `${OWNER}alerts: { dead_man: { url: "https://hc.example/TEST-b" } }\n`,
      [{ kind: 'changed', text: 'alerts.dead_man.url: changed', takesAway: false }],
    ],
    [
      'what looks like a token where none belongs',
      agents(SCOUT),
      agents(SCOUT.replace(' }', ', model: sk-ant-oat01-TEST-0123456789 }')),
      [{ kind: 'changed', text: 'agents.scout.model: is set now', takesAway: false }],
    ],
  ])('tells of %s', ([, before, after, expected]) => {
    expect(diff(before, after)).toEqual(expected);
  });

  it('tells that a value changed which the environment fills in, without the value', () => {
    const file = `${agents(SCOUT.replace(' }', ', env: { A: "${FEED}" } }'))}alerts: { dead_man: { url: "https://hc.example/\${PING}" } }\n`;

    const changes = diff(file, file, [
      { FEED: 'TEST-old', PING: 'TEST-old' },
      { FEED: 'TEST-new', PING: 'TEST-new' },
    ]);

    expect(changes.map(({ text }) => text)).toEqual(['agents.scout.env.A: changed', 'alerts.dead_man.url: changed']);
  });
});
