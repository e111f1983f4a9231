import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Fleet } from '../../src/config/fleet.ts';
import type { KeyPath } from '../../src/config/key-path.ts';
import { createLiveFleet, viewOf } from '../../src/config/live-fleet.ts';
import type { LoadedFleet } from '../../src/config/load.ts';
import { decideReload, FIXED_KEYS } from '../../src/reload/decide-reload.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';
import { listSchemaKeys } from '../config/schema-keys.ts';

const folder = createFleetFolder();
folder.write('prompts/other.md', 'Look elsewhere.\n');
folder.write('instructions/run.md', 'Run.\n');
folder.write('other-instructions/run.md', 'Run well.\n');
afterAll(() => folder[Symbol.dispose]());

const MODES = [{ tool: 'email', on: 'auth', then: 'alert' }];
const OTHER_MODES = [{ tool: 'email', on: 'auth', then: 'skip' }];

/** A fleet that says something for every key; `defaults` are what `plain` has, which says nothing itself. */
const BASE = {
  timezone: 'Europe/Berlin',
  home: './state',
  concurrency: 4,
  containment: 'best',
  telegram: {
    owners: [1, 2],
    chat: 1,
    topic: 5,
    approvers: [3],
    viewers: [4],
    places: { shop: { chat: -100, topic: 7 }, office: { chat: -101 } },
  },
  budget: { monthly: 100, warn: [50] },
  prices: { 'model-a': { input: 1, output: 2 } },
  logs: { total: '1GB', keep: '3d', keep_free: '100MB' },
  digest: ['0 8 * * *'],
  backup: { at: '04:00', keep: 3 },
  alerts: {
    repeat: '30m',
    fallback: ['./notify-sms.sh', 'old'],
    dead_man: { url: 'https://hc.example/ping/TEST-old', every: '1m' },
    dark_after: '3m',
    quiet: '23:00-07:00',
  },
  credentials: {
    claude: {
      check: ['./scripts/validate-auth.sh'],
      check_every: '15m',
      login: ['claude', 'setup-token'],
      capture: 'sk-[a-z]+',
      env: 'CLAUDE_TOKEN',
      source: 'vault',
      warn: ['7d'],
      lifetime: '90d',
      rotate: { every: '45d', at: '04:00', command: ['./scripts/rotate-graph.sh'] },
      billing: 'metered',
      backoff: { first: '1m', max: '1h' },
    },
    graph: { expires: '2027-01-15' },
  },
  defaults: {
    runtime: 'claude',
    prompt: './prompts/scout.md',
    model: 'sonnet',
    schedule: 'every 5m',
    active: '07:00-23:00',
    credentials: ['claude'],
    heartbeat: '30m',
    progress: '2h',
    on_stuck: 'alert',
    timeout: '20m',
    budget: 50,
    max_run_cost: 2,
    context: { flush: 70, stop: 80 },
    workdir: './work',
    env: { SOURCE: 'TEST-old-value' },
    failure_modes: MODES,
    permissions: { mode: 'ask', tools: ['Read'], within: '10m' },
    instructions: './instructions',
    place: 'shop',
  },
  agents: {
    plain: {},
    scout: {
      runtime: 'claude',
      prompt: './prompts/scout.md',
      model: 'sonnet',
      schedule: 'every 5m',
      active: '07:00-23:00',
      credentials: ['claude'],
      heartbeat: '30m',
      progress: '2h',
      on_stuck: 'alert',
      timeout: '20m',
      budget: 50,
      max_run_cost: 2,
      context: { flush: 70, stop: 80 },
      workdir: './scout',
      env: { SOURCE: 'TEST-old-value' },
      failure_modes: MODES,
      permissions: { mode: 'ask', tools: ['Read'], within: '10m' },
      instructions: './instructions',
      place: 'shop',
    },
    worker: { runtime: 'command', command: ['./publish.sh'], on: 'task' },
    publisher: { runtime: 'command', command: ['./publish.sh', 'old'], publishes: ['reply'] },
  },
  drafts: {
    burst: 5,
    kinds: { reply: { window: '4h', undo: '0s', remind: [50], auto_approve: { after: '1h', max_per_day: 3 } } },
  },
};

/** How one key is changed: another value at a place of BASE, and what else has to go for that. */
interface Change {
  readonly at: KeyPath;
  readonly to: unknown;
  readonly besides?: readonly { readonly at: KeyPath; readonly to: unknown }[];
}

/** An agent's keys, for `defaults` and for an agent of its own. */
function ofAgent(holder: KeyPath): Record<string, Change> {
  const change = (key: string, to: unknown, besides: Change['besides'] = []): [string, Change] => [
    key,
    { at: [...holder, ...key.split('.')], to, besides },
  ];
  const gone = (key: string) => ({ at: [...holder, key], to: undefined });
  return Object.fromEntries([
    change('runtime', 'codex'),
    change('prompt', './prompts/other.md'),
    change('model', 'opus'),
    change('schedule', '0 9 * * *'),
    change('on', 'task', [gone('schedule')]),
    change('active', '08:00-23:00'),
    change('credentials', ['graph']),
    change('heartbeat', '31m'),
    change('progress', '3h'),
    change('on_stuck', 'stop'),
    change('timeout', '21m'),
    change('budget', 51),
    change('max_run_cost', 3),
    change('context.flush', 71),
    change('context.stop', 81),
    change('workdir', './other'),
    change('env.*', 'TEST-new-value'),
    change('failure_modes', OTHER_MODES),
    change('permissions.mode', 'allow'),
    change('permissions.tools', ['Read', 'Edit']),
    change('permissions.within', '11m'),
    change('instructions', './other-instructions'),
    change('place', 'office'),
  ]);
}

function under(prefix: string, changes: Record<string, Change>): Record<string, Change> {
  return Object.fromEntries(Object.entries(changes).map(([key, change]) => [`${prefix}.${key}`, change]));
}

const credential = (key: string, to: unknown): Change => ({ at: ['credentials', 'claude', ...key.split('.')], to });
const kind = (key: string, to: unknown): Change => ({ at: ['drafts', 'kinds', 'reply', ...key.split('.')], to });
const top = (key: string, to: unknown): Change => ({ at: key.split('.'), to });

const CHANGES: Readonly<Record<string, Change>> = {
  timezone: top('timezone', 'Europe/Paris'),
  home: top('home', './elsewhere'),
  concurrency: top('concurrency', 5),
  containment: top('containment', 'group'),
  'telegram.owners': top('telegram.owners', [1, 2, 9]),
  'telegram.chat': top('telegram.chat', 2),
  'telegram.topic': top('telegram.topic', 6),
  'telegram.approvers': top('telegram.approvers', [3, 8]),
  'telegram.viewers': top('telegram.viewers', [8]),
  'telegram.places.*': top('telegram.places.third', { chat: -103 }),
  'telegram.places.*.chat': top('telegram.places.shop.chat', -102),
  'telegram.places.*.topic': top('telegram.places.shop.topic', 8),
  'budget.monthly': top('budget.monthly', 200),
  'budget.warn': top('budget.warn', [60]),
  'prices.*': { at: ['prices', 'model-b'], to: { input: 1, output: 1 } },
  'prices.*.input': { at: ['prices', 'model-a', 'input'], to: 3 },
  'prices.*.output': { at: ['prices', 'model-a', 'output'], to: 3 },
  'logs.total': top('logs.total', '2GB'),
  'logs.keep': top('logs.keep', '4d'),
  'logs.keep_free': top('logs.keep_free', '200MB'),
  digest: top('digest', ['0 9 * * *']),
  'backup.at': top('backup.at', '05:00'),
  'backup.keep': top('backup.keep', 4),
  'alerts.repeat': top('alerts.repeat', '31m'),
  'alerts.fallback': top('alerts.fallback', ['./notify-sms.sh', 'new']),
  'alerts.dead_man.url': top('alerts.dead_man.url', 'https://hc.example/ping/TEST-new'),
  'alerts.dead_man.every': top('alerts.dead_man.every', '2m'),
  'alerts.dark_after': top('alerts.dark_after', '4m'),
  'alerts.quiet': top('alerts.quiet', '22:00-07:00'),
  'credentials.*': top('credentials.another', {}),
  'credentials.*.check': credential('check', ['./publish.sh']),
  'credentials.*.check_every': credential('check_every', '16m'),
  'credentials.*.login': credential('login', ['claude', 'login']),
  'credentials.*.capture': credential('capture', 'sk-[0-9]+'),
  'credentials.*.env': credential('env', 'OTHER_TOKEN'),
  'credentials.*.source': {
    at: ['credentials', 'graph', 'source'],
    to: 'systemd',
    besides: [{ at: ['credentials', 'graph', 'env'], to: 'GRAPH_TOKEN' }],
  },
  'credentials.*.warn': credential('warn', ['8d']),
  'credentials.*.expires': { at: ['credentials', 'graph', 'expires'], to: '2027-02-15' },
  'credentials.*.lifetime': credential('lifetime', '91d'),
  'credentials.*.rotate.every': credential('rotate.every', '46d'),
  'credentials.*.rotate.at': credential('rotate.at', '05:00'),
  'credentials.*.rotate.command': credential('rotate.command', ['./scripts/rotate-graph.sh', 'new']),
  'credentials.*.billing': credential('billing', 'subscription'),
  'credentials.*.backoff.first': credential('backoff.first', '2m'),
  'credentials.*.backoff.max': credential('backoff.max', '2h'),
  ...under('defaults', ofAgent(['defaults'])),
  'defaults.command': {
    at: ['defaults', 'command'],
    to: ['./publish.sh'],
    besides: [{ at: ['defaults', 'runtime'], to: 'command' }],
  },
  'agents.*': { at: ['agents', 'another'], to: {} },
  ...under('agents.*', ofAgent(['agents', 'scout'])),
  'agents.*.command': { at: ['agents', 'publisher', 'command'], to: ['./publish.sh', 'new'] },
  'agents.*.publishes': { at: ['agents', 'publisher', 'publishes'], to: ['reply', 'post'] },
  'drafts.burst': top('drafts.burst', 6),
  'drafts.kinds.*': top('drafts.kinds.post', { window: '1h' }),
  'drafts.kinds.*.window': kind('window', '5h'),
  'drafts.kinds.*.undo': kind('undo', '5s'),
  'drafts.kinds.*.remind': kind('remind', [60]),
  'drafts.kinds.*.auto_approve.after': kind('auto_approve.after', '2h'),
  'drafts.kinds.*.auto_approve.max_per_day': kind('auto_approve.max_per_day', 4),
};

/** The variable that stands for a star. */
const VARIABLE = 'SOURCE';

function changed({ at, to, besides = [] }: Change): unknown {
  const data = structuredClone(BASE) as Record<string, unknown>;
  for (const one of [{ at, to }, ...besides]) {
    const path = one.at.map((part) => (part === '*' ? VARIABLE : part));
    let holder = data;
    for (const part of path.slice(0, -1)) holder = holder[part] as Record<string, unknown>;
    const last = String(path.at(-1));
    if (one.to === undefined) delete holder[last];
    else holder[last] = one.to;
  }
  return data;
}

function load(data: unknown): LoadedFleet {
  return folder.loaded(stringify(data));
}

/** All that a fleet says, as text: maps included. */
function textOf(fleet: Fleet): string {
  return JSON.stringify(
    viewOf(() => fleet),
    (_key, value: unknown) => (value instanceof Map ? [...value] : value),
  );
}

describe('every key of fleet.yaml', () => {
  it('has a change that is tried here', () => {
    expect(Object.keys(CHANGES).toSorted()).toEqual(listSchemaKeys().toSorted());
  });

  it.for(Object.keys(CHANGES))('is taken over or named as one that needs a restart when it changes: %s', (key) => {
    const before = load(BASE);
    const after = load(changed(CHANGES[key] as Change));
    const reading = {
      kind: 'valid',
      fleet: after.fleet,
      raw: after.source.raw,
      hash: 'h',
      secrets: [],
      fixed: [],
    } as const;
    const decision = decideReload({ fleet: before.fleet, raw: before.source.raw }, reading, 'h');

    if ((FIXED_KEYS as readonly string[]).includes(key))
      return expect(decision).toEqual({ kind: 'fixed', keys: [key] });
    expect(decision.kind).toBe('take');
    const told = decision.kind === 'take' ? decision.changes.map(({ text }) => text).join('\n') : '';
    expect(told).not.toBe('');
    expect(told).not.toContain('TEST-');
    const live = createLiveFleet(before.fleet);
    const kept = textOf(live.fleet);
    live.replace(after.fleet);
    expect(textOf(live.fleet)).toBe(textOf(after.fleet));
    expect(textOf(live.fleet)).not.toBe(kept);
  });
});
