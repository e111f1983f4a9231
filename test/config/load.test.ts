import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadFleet } from '../../src/config/load.ts';
import { createFleetFolder } from './fleet-folder.ts';

const CONTRACT_EXAMPLE = readFileSync(new URL('./fixtures/contract.yaml', import.meta.url), 'utf8');
const OWNER = 'telegram: { owners: [7] }\n';

test("loads the contract's example as it stands", () => {
  using place = createFleetFolder();

  const { fleet } = place.loaded(CONTRACT_EXAMPLE, { FEED_URL: 'https://feed.example' });

  expect(fleet.timezone).toBe('Europe/Berlin');
  expect(fleet.home).toBe(join(place.folder, 'state'));
  expect(fleet.telegram).toEqual({
    owners: [123456789],
    approvers: [],
    viewers: [],
    chat: 123456789,
    topic: undefined,
    places: new Map(),
  });
  expect(fleet.budget).toEqual({ monthlyUsd: 500, warnPercent: [50, 80, 95] });
  expect(fleet.logs).toEqual({ totalBytes: 2_000_000_000, keepMs: 604_800_000, keepFreeBytes: 500_000_000 });
  expect(fleet.alerts.quiet).toEqual({ fromMinute: 1380, toMinute: 420 });
  expect(fleet.alerts.fallback).toEqual([join(place.folder, 'notify-sms.sh')]);
  expect(fleet.credentials.get('claude')).toEqual({
    name: 'claude',
    check: [join(place.folder, 'scripts/validate-auth.sh')],
    checkEveryMs: 900_000,
    login: ['claude', 'setup-token'],
    capture: 'sk-ant-oat01-[A-Za-z0-9_-]+',
    env: 'CLAUDE_CODE_OAUTH_TOKEN',
    source: 'vault',
    warnMs: [7 * 86_400_000, 3 * 86_400_000, 86_400_000],
    expiresAt: Date.parse('2027-01-14T23:00:00Z'),
    lifetimeMs: undefined,
    rotate: { everyMs: 45 * 86_400_000, atMinute: 240, command: [join(place.folder, 'scripts/rotate-graph.sh')] },
    backoff: { firstMs: 60_000, maxMs: 3_600_000 },
    billing: 'subscription',
  });
  expect(fleet.agents.get('scout')).toMatchObject({
    runtime: 'claude',
    prompt: join(place.folder, 'prompts/scout.md'),
    schedule: { kind: 'every', everyMs: 300_000 },
    active: { fromMinute: 420, toMinute: 1380 },
    progressMs: 7_200_000,
    workdir: join(place.folder, 'agents/scout'),
    env: { SOURCE: 'https://feed.example' },
    failureModes: [
      { tool: 'email', on: 'auth', then: { kind: 'alert' } },
      { tool: 'search', on: 'rate-limit', then: { kind: 'wait', waitMs: 60_000, retry: 1, otherwise: 'alert' } },
      { tool: 'files', on: 'not-found', then: { kind: 'skip' } },
    ],
  });
  expect(fleet.agents.get('publisher')).toMatchObject({
    command: [join(place.folder, 'publish.sh')],
    schedule: { kind: 'none' },
    publishes: ['reply', 'post'],
  });
  expect(fleet.drafts.kinds.get('reply')).toEqual({
    windowMs: 14_400_000,
    undoMs: 0,
    remindPercent: [50, 80],
    autoApprove: undefined,
  });
});

test('fills in every default when only an owner is named', () => {
  using place = createFleetFolder();

  const { fleet } = place.loaded(OWNER);

  expect(fleet).toEqual({
    file: join(place.folder, 'fleet.yaml'),
    timezone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
    home: join(place.folder, 'state'),
    containment: 'best',
    concurrency: 32,
    telegram: { owners: [7], approvers: [], viewers: [], chat: 7, topic: undefined, places: new Map() },
    budget: undefined,
    prices: new Map(),
    logs: { totalBytes: 2e9, keepMs: 604_800_000, keepFreeBytes: 5e8 },
    digest: [],
    backup: { atMinute: 270, keep: 7 },
    alerts: { repeatMs: 1_800_000, fallback: undefined, deadMan: undefined, darkAfterMs: 180_000, quiet: undefined },
    credentials: new Map(),
    agents: new Map(),
    drafts: { burst: 5, kinds: new Map() },
  });
});

test("fills in an agent's and a credential's defaults when they say the least", () => {
  using place = createFleetFolder();

  const { fleet } = place.loaded(`${OWNER}
credentials: { mail: {} }
agents: { a: { runtime: command, command: [sh, -c, ./x.sh], schedule: continuous } }
drafts: { kinds: { reply: {} } }
`);

  expect(fleet.credentials.get('mail')).toEqual({
    name: 'mail',
    check: undefined,
    checkEveryMs: 900_000,
    login: undefined,
    capture: undefined,
    env: undefined,
    source: 'vault',
    warnMs: [7 * 86_400_000, 3 * 86_400_000, 86_400_000],
    expiresAt: undefined,
    lifetimeMs: undefined,
    rotate: undefined,
    backoff: { firstMs: 60_000, maxMs: 3_600_000 },
    billing: 'metered',
  });
  expect(fleet.agents.get('a')).toEqual({
    name: 'a',
    runtime: 'command',
    command: ['sh', '-c', './x.sh'],
    prompt: undefined,
    model: undefined,
    schedule: { kind: 'continuous' },
    active: undefined,
    credentials: [],
    heartbeatMs: 1_800_000,
    progressMs: undefined,
    onStuck: 'alert',
    timeoutMs: 1_200_000,
    budgetUsd: undefined,
    maxRunCostUsd: undefined,
    context: { flushPercent: 80, stopPercent: 90 },
    workdir: join(place.folder, 'state/agents/a'),
    env: {},
    failureModes: [],
    permissions: { mode: 'ask', tools: [], withinMs: 600_000 },
    instructions: undefined,
    publishes: [],
  });
  expect(fleet.drafts.kinds.get('reply')).toEqual({
    windowMs: undefined,
    undoMs: 0,
    remindPercent: [50, 80],
    autoApprove: undefined,
  });
});

test('merges defaults under an agent, which wins, env and context key by key', () => {
  using place = createFleetFolder();

  const { fleet } = place.loaded(`${OWNER}
defaults:
  runtime: claude
  prompt: prompts/scout.md
  schedule: every 1h
  timeout: 5m
  env: { A: one, B: one }
  context: { flush: 60 }
agents:
  scout: { timeout: 7m, env: { B: two }, context: { stop: 70 } }
  woken: { on: task }
  publisher: { runtime: command, command: [./publish.sh], publishes: [reply] }
`);

  expect(fleet.agents.get('scout')).toMatchObject({
    runtime: 'claude',
    schedule: { kind: 'every', everyMs: 3_600_000 },
    timeoutMs: 420_000,
    env: { A: 'one', B: 'two' },
    context: { flushPercent: 60, stopPercent: 70 },
  });
  expect(fleet.agents.get('woken')?.schedule).toEqual({ kind: 'task' });
  expect(fleet.agents.get('publisher')).toMatchObject({
    schedule: { kind: 'none' },
    prompt: undefined,
    timeoutMs: 300_000,
  });
});

test('keeps no capture when the login stores its secret itself, or when it says none', () => {
  using place = createFleetFolder();

  const { fleet } = place.loaded(`${OWNER}
credentials:
  own: { login: [codex, login] }
  said: { login: [x, login], env: TOKEN, capture: none }
  pasted: { login: paste, env: TOKEN }
  printed: { login: [x, login], env: TOKEN }
`);

  const captures = [...fleet.credentials.values()].map(({ capture }) => capture);
  expect(captures).toEqual([undefined, undefined, undefined, 'sk-ant-oat01-[A-Za-z0-9_-]+']);
});

test('reads a file with a byte-order mark and CRLF, and counts its lines', () => {
  using place = createFleetFolder();
  const text = `\uFEFF${OWNER}agents:\n  a: { runtime: command, command: [sh], schedule: every 5m }\n`.replaceAll(
    '\n',
    '\r\n',
  );

  expect(place.problems(text)).toEqual([]);
  expect(place.problems(`${text}tmezone: UTC\r\n`)).toEqual([
    'fleet.yaml:4: tmezone: unknown key; did you mean "timezone"?',
  ]);
});

test('fills in variables of the environment, and leaves those with two dollars', () => {
  using place = createFleetFolder();

  const { fleet } = place.loaded(
    `${OWNER}
alerts: { dead_man: { url: "https://hc.example/\${PING}" } }
agents: { a: { runtime: command, command: [sh, "\${A}"], schedule: continuous, env: { X: "<\${A}\${B}>", Y: "$\${A}" } } }
`,
    { A: 'one', B: '', PING: 'uuid' },
  );

  expect(fleet.alerts.deadMan).toEqual({ url: 'https://hc.example/uuid', everyMs: 60_000 });
  expect(fleet.agents.get('a')?.env).toEqual({ X: '<one>', Y: '${A}' });
  expect(fleet.agents.get('a')?.command).toEqual(['sh', '${A}']);
});

test('expands a shared anchor', () => {
  using place = createFleetFolder();

  const { fleet } = place.loaded(`${OWNER}
agents:
  a: { runtime: command, command: &run [sh, -c, date], schedule: every 5m }
  b: { runtime: command, command: *run, schedule: every 5m }
`);

  expect(fleet.agents.get('b')?.command).toEqual(['sh', '-c', 'date']);
});

test('freezes the whole fleet', () => {
  using place = createFleetFolder();

  const { fleet } = place.loaded(CONTRACT_EXAMPLE, { FEED_URL: 'x' });

  expect(() => Object.assign(fleet.telegram, { chat: 1 })).toThrow(TypeError);
  expect(() => Object.assign(fleet.agents.get('scout') ?? {}, { timeoutMs: 1 })).toThrow(TypeError);
});

test('puts the place of a relative fleet.yaml where the program was started', () => {
  using place = createFleetFolder();
  place.write('fleet.yaml', OWNER);
  const relative = join('..', '..', '..', '..', '..', '..', '..', '..', place.folder, 'fleet.yaml');

  const result = loadFleet(relative, {});

  expect(result.kind === 'loaded' && result.fleet.file).toBe(join(place.folder, 'fleet.yaml'));
});

test('reads yes, no and on as words, also when the file says that it is YAML 1.1', () => {
  using place = createFleetFolder();

  const { fleet } = place.loaded(`%YAML 1.1
---
${OWNER}
agents: { a: { runtime: claude, prompt: prompts/scout.md, model: yes, on: task } }
`);

  expect(fleet.agents.get('a')).toMatchObject({ model: 'yes', schedule: { kind: 'task' } });
});
