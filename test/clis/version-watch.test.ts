import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProcesses } from '../../src/adapters/execa-processes.ts';
import { createVersionWatch, type VersionWatch } from '../../src/clis/version-watch.ts';
import type { Agent } from '../../src/config/fleet.ts';
import { createProcessGroup } from '../../src/containment/process-group.ts';
import { createCustodian } from '../../src/credentials/custodian.ts';
import { createIncidentRegister } from '../../src/incidents/register.ts';
import { createCallbackData } from '../../src/telegram/callback-data.ts';
import { type Content, createOutbox } from '../../src/telegram/outbox.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';
import { createManualClock, type ManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { openStorage } from '../fakes/open-storage.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';
import { createVoidDisk } from '../fakes/void-disk.ts';
import { createFakeCli, FAKE_RUNTIME, type FakeCli } from './fake-cli.ts';
import { createMemoryVault } from '../fakes/memory-vault.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
/** Real programs run: waiting for them ends as soon as they have. */
const PATIENCE = { timeout: 20_000, interval: 10 };

let cli: FakeCli;
let clock: ManualClock;
let world: ReturnType<typeof createWorld>;
let watch: VersionWatch;
let fatal: unknown[];

beforeEach(() => {
  cli = createFakeCli();
  clock = createManualClock();
  fatal = [];
  world = createWorld();
  watch = world.start();
});

afterEach(async () => {
  await watch.stop();
  if (fatal.length > 0) throw new AggregateError(fatal, 'the watch met a bug');
});

function createWorld() {
  const folder = createFleetFolder();
  const home = temporaryFolder();
  const { fleet } = folder.loaded(`timezone: UTC
home: ${home}
telegram: { owners: [1] }
credentials: { claude: {} }
defaults: { prompt: ./prompts/scout.md, schedule: every 5m, credentials: [claude], env: { PATH: "${cli.bin}:/usr/bin:/bin" } }
agents:
  scout: { runtime: claude }
  clerk: { runtime: claude }
  printer: { runtime: command, command: [/bin/true] }
`);
  folder[Symbol.dispose]();
  const { storage } = openStorage();
  const random = { fraction: () => 0, token: (bytes: number) => `token-of-${bytes}-bytes` };
  const scrub = (text: string): string => text.replaceAll('TEST-secret', '[secret]');
  const outbox = createOutbox({ storage, clock, chatId: 1, scrub, isQuiet: () => false });
  const callbackData = createCallbackData('key');
  const incidents = createIncidentRegister({
    storage,
    clock,
    outbox,
    callbackData,
    timezone: 'UTC',
    canLogIn: () => false,
  });
  const custodian = createCustodian({
    fleet,
    storage,
    clock,
    random,
    incidents,
    outbox,
    vault: createMemoryVault(),
  });
  const processes = createProcesses();
  custodian.start();

  function agent(name: string): Agent {
    const found = fleet.agents.get(name);
    if (found === undefined) throw new Error(`the fleet has no ${name}`);
    return found;
  }

  return {
    storage,
    custodian,
    agent,
    start() {
      const built = createVersionWatch({
        fleet,
        storage,
        processes,
        containment: createProcessGroup(processes, home),
        disk: {
          ...createVoidDisk(),
          ensureFolder: (path) => void mkdirSync(path, { recursive: true }),
          writeText(path, text) {
            mkdirSync(dirname(path), { recursive: true });
            writeFileSync(path, text);
          },
        },
        clock,
        random,
        log: createMemoryLog(),
        runtimes: new Map([['claude', FAKE_RUNTIME]]),
        custodian,
        incidents,
        outbox,
        environment: {
          base: { PATH: '/usr/bin:/bin' },
          gatewayUrl: 'http://127.0.0.1:1',
          launcherFolder: '/launcher',
          secretsOf: () => ({ AGENT_LOGIN: 'TEST-login-of-the-agent' }),
        },
        scrub,
        onFatal: (error) => void fatal.push(error),
      });
      return built;
    },
    messages: (): string[] =>
      storage.outbox
        .due(Number.MAX_SAFE_INTEGER, 1_000)
        .toSorted((a, b) => a.id - b.id)
        .map((row) => JSON.parse(row.content) as Content)
        .map((content) => (content.kind === 'text' ? content.body.text : '')),
    open: () => storage.incidents.listUnresolved(),
    row: () => storage.clis.get(cli.path),
  };
}

async function known(version: string): Promise<void> {
  await vi.waitFor(() => expect(world.row()).toMatchObject({ version, state: 'known' }), PATIENCE);
}

async function startWith(version: string): Promise<void> {
  cli.install(version);
  watch.start();
  await known(version);
}

describe('the watch over versions', () => {
  it('knows the version once the program has told it, and lets agents wait for that', async () => {
    cli.install('2.1.330');
    expect(watch.readiness(world.agent('scout'))).toEqual({ kind: 'wait', reason: 'checking the version of fakecli' });

    watch.start();
    await known('2.1.330');

    expect(watch.readiness(world.agent('scout'))).toEqual({ kind: 'ready' });
    expect(watch.waitFor(world.agent('scout'))).toBeUndefined();
    expect(watch.versionOf(world.agent('clerk'))).toBe('2.1.330');
    expect(watch.readiness(world.agent('printer'))).toEqual({ kind: 'ready' });
    expect(watch.versionOf(world.agent('printer'))).toBeUndefined();
    expect(world.messages()).toEqual([]);
  });

  it('asks each program once, as an agent would start it: its environment, an empty stdin, a mark to sweep by', async () => {
    await startWith('2.1.330');
    await clock.pass(5 * MINUTE);

    expect(cli.wrote('asked')).toBe('asked\n');
    expect(cli.wrote('stdin')).toBe('');
    expect(cli.wrote('environment')).toMatch(/^NIGHTDESK_AGENT=scout$/m);
    expect(cli.wrote('environment')).toMatch(/^AGENT_LOGIN=TEST-login-of-the-agent$/m);
    expect(cli.wrote('environment')).toMatch(/^NIGHTDESK_MARK=.+$/m);
  });

  it('tells a change once, with the time that a probe of it took', async () => {
    await startWith('2.1.330');
    cli.answers('echo PONG\n');

    cli.install('2.1.331');
    await clock.pass(MINUTE);
    await known('2.1.331');
    await clock.pass(5 * MINUTE);

    expect(world.messages()).toHaveLength(1);
    expect(world.messages()[0]).toMatch(/^🔧 fakecli: 2\.1\.330 → 2\.1\.331; probe: answered in \d+\.\d s$/);
    expect(cli.wrote('probed')).toBe('asked\n');
    expect(watch.versionOf(world.agent('scout'))).toBe('2.1.331');
  });

  it('opens an incident when the new version does not answer, and ends it when an agent runs well with it', async () => {
    await startWith('2.1.330');
    cli.answers('echo "odd TEST-secret words"; exit 3\n');
    cli.install('2.1.331');
    await clock.pass(MINUTE);
    await known('2.1.331');

    expect(world.open()).toMatchObject([
      {
        kind: 'cli',
        severity: 'warning',
        title: 'fakecli: 2.1.330 → 2.1.331: the new version does not answer as it should',
        evidence: 'unknown: odd [secret] words',
      },
    ]);
    expect(watch.readiness(world.agent('scout'))).toEqual({ kind: 'ready' });

    await clock.pass(SECOND);
    endWell('clerk');
    await clock.pass(MINUTE);

    expect(world.open()).toEqual([]);
    expect(world.messages().at(-1)).toContain('clerk ran well with it.');
  });

  it('says of a refused login that it proves nothing about the version, and declares it dead', async () => {
    await startWith('2.1.330');
    cli.answers('echo AUTH refused; exit 1\n');
    cli.install('2.1.331');
    await clock.pass(MINUTE);
    await known('2.1.331');

    expect(world.messages()[0]).toContain('its login does not work right now (auth: AUTH refused), which says nothing');
    expect(world.open()).toMatchObject([{ kind: 'auth', subject: 'claude' }]);
  });

  it('does not knock at a login that is dead already', async () => {
    await startWith('2.1.330');
    world.custodian.sign({ agent: 'scout', evidence: '401' });
    cli.answers('echo PONG\n');
    cli.install('2.1.331');
    await clock.pass(MINUTE);
    await known('2.1.331');

    expect(cli.wrote('probed')).toBe('');
    expect(world.messages().at(-1)).toContain('probe: not made, since the login of all its agents is dead');
  });

  it('takes a probe without an answer for failed after two minutes', async () => {
    await startWith('2.1.330');
    cli.answers('echo MAY I; sleep 600\n');
    cli.install('2.1.331');
    await clock.pass(MINUTE);
    await vi.waitFor(() => expect(cli.wrote('probed')).toBe('asked\n'), PATIENCE);

    await clock.pass(2 * MINUTE);
    await known('2.1.331');

    expect(world.open()).toMatchObject([{ kind: 'cli', evidence: 'timeout: no answer within 120 s' }]);
  });

  it('ends a CLI that stays after its answer, and counts the answer', async () => {
    await startWith('2.1.330');
    cli.answers('echo PONG; sleep 600\n');
    cli.install('2.1.331');
    await clock.pass(MINUTE);
    await vi.waitFor(() => expect(cli.wrote('probed')).toBe('asked\n'), PATIENCE);

    await vi.waitFor(async () => {
      await clock.pass(SECOND);
      expect(world.row()).toMatchObject({ state: 'known' });
    }, PATIENCE);

    expect(world.messages()[0]).toContain('2.1.330 → 2.1.331; probe: answered in');
  });

  it.each([
    ['is missing', () => undefined, 'there is no fakecli on the PATH: install it'],
    [
      'cannot be executed',
      () => {
        cli.install('2.1.330');
        cli.lock();
      },
      'cannot be executed: chmod +x',
    ],
    ['is too old', () => cli.install('2.0.99'), 'is too old to be understood: update it to 2.1.0 or newer'],
    [
      'tells no version',
      () => cli.install('next'),
      'does not tell its version: it ended with exit 0 and said: fakecli next',
    ],
  ])('refuses agents with a sentence, and tells it once, when a CLI %s', async (_case, prepare, sentence) => {
    prepare();
    watch.start();
    await vi.waitFor(() => expect(watch.refusal(world.agent('scout'))).toContain(sentence), PATIENCE);
    expect(world.open()).toEqual([]);

    await vi.waitFor(async () => {
      await clock.pass(15 * SECOND);
      expect(world.open()).toMatchObject([{ kind: 'cli', severity: 'critical', title: 'fakecli cannot be run' }]);
    }, PATIENCE);
    await clock.pass(3 * MINUTE);

    expect(world.messages()).toHaveLength(1);
    expect(world.messages()[0]).toContain('clerk, scout');
    expect(world.messages()[0]).toContain('Its agents wait');
  });

  it('tells it in time when the clock was set back since it was first seen', async () => {
    watch.start();
    await vi.waitFor(() => expect(watch.refusal(world.agent('scout'))).toBeDefined(), PATIENCE);
    clock.jump(-3 * 60 * MINUTE);

    await clock.pass(MINUTE);

    expect(world.open()).toMatchObject([{ kind: 'cli', title: 'fakecli cannot be run' }]);
  });

  it('lets agents go on, and says so, when the CLI is there again', async () => {
    watch.start();
    await vi.waitFor(() => expect(watch.refusal(world.agent('scout'))).toBeDefined(), PATIENCE);
    await clock.pass(MINUTE);
    cli.install('2.1.330');
    await clock.pass(15 * SECOND);
    await known('2.1.330');

    await vi.waitFor(() => expect(world.open()).toEqual([]), PATIENCE);
    expect(world.messages().at(-1)).toContain('2 agents may run');
  });

  it('says nothing of a program that an update takes away for a moment', async () => {
    await startWith('2.1.330');
    cli.remove();
    await clock.pass(MINUTE);
    expect(watch.refusal(world.agent('scout'))).toBeDefined();

    cli.install('2.1.330');
    await clock.pass(20 * SECOND);
    await known('2.1.330');
    await clock.pass(MINUTE);

    expect(world.messages()).toEqual([]);
  });

  it('asks again for a version that a program did not tell in time', async () => {
    cli.install('2.1.330');
    cli.hangs();
    watch.start();
    await vi.waitFor(() => expect(cli.wrote('environment')).not.toBe(''), PATIENCE);
    await clock.pass(20 * SECOND);

    await vi.waitFor(() => expect(world.row()).toMatchObject({ state: 'unreadable' }), PATIENCE);
    expect(watch.refusal(world.agent('scout'))).toContain('it gave no answer within 20 s');
  });

  it('goes on after a crash with what it was at, and still tells once', async () => {
    await startWith('2.1.330');
    cli.answers('sleep 600\n');
    cli.install('2.1.331');
    await clock.pass(MINUTE);
    await vi.waitFor(() => expect(cli.wrote('probed')).toBe('asked\n'), PATIENCE);
    await watch.stop();
    expect(world.row()).toMatchObject({ state: 'probing' });

    cli.answers('echo PONG\n');
    watch = world.start();
    watch.start();
    await known('2.1.331');

    expect(cli.wrote('probed')).toBe('asked\nasked\n');
    expect(world.messages()).toHaveLength(1);
  });

  it('tells a change once when its file changes again before its probe is over', async () => {
    await startWith('2.1.330');
    cli.answers('sleep 600\n');
    cli.install('2.1.331');
    await clock.pass(MINUTE);
    await vi.waitFor(() => expect(cli.wrote('probed')).toBe('asked\n'), PATIENCE);

    cli.answers('echo PONG\n');
    appendFileSync(cli.path, '# the same, complete\n');
    await clock.pass(2 * MINUTE);
    await vi.waitFor(() => expect(cli.wrote('probed')).toBe('asked\nasked\n'), PATIENCE);
    await known('2.1.331');

    expect(world.messages()).toHaveLength(1);
    expect(world.messages()[0]).toContain('2.1.330 → 2.1.331; probe: answered in');
  });

  it('probes nothing when a file changed and its version did not', async () => {
    await startWith('2.1.330');
    writeFileSync(cli.path, '#!/bin/sh\necho fakecli 2.1.330\n');
    await clock.pass(MINUTE);
    await vi.waitFor(() => expect(world.row()).toMatchObject({ state: 'known', previous: '2.1.330' }), PATIENCE);

    expect(world.messages()).toEqual([]);
  });
});

function endWell(agent: string): void {
  const { runs } = world.storage;
  const id = runs.add({ agent, cause: 'schedule', publicationId: null, wantedAt: clock.now(), generations: '{}' });
  const claim = { startedAt: clock.now(), tokenHash: 'hash', logPath: '/log', containment: 'none' };
  runs.claim(id, { ...claim, cliVersion: null, resumeToken: null });
  runs.settle(id, { state: 'done', failure: null, evidence: null, exit: 'exit 0', endedAt: clock.now() });
}
