import { describe, expect, it, test } from 'vitest';
import type { ChecklistFacts, HostFacts, LifeFacts, RowFacts } from '../../src/checklist/facts.ts';
import type { Item, ItemState } from '../../src/checklist/item.ts';
import { isAllWell, judgeChecklist } from '../../src/checklist/items.ts';
import type { Fleet } from '../../src/config/fleet.ts';
import { DAY, healthyFacts, healthyHost, healthyRows, MINUTE, NOW } from './healthy.ts';

/** What is different from a fleet in which nothing is left to do. */
interface Difference {
  readonly host?: Partial<{ [Key in keyof HostFacts]: HostFacts[Key] | { readonly value: unknown } }>;
  readonly rows?: Partial<RowFacts>;
  readonly life?: Partial<LifeFacts>;
  readonly fleet?: Partial<Fleet>;
}

function factsWith({ host = {}, rows = {}, life = {}, fleet = {} }: Difference): ChecklistFacts {
  const healthy = healthyFacts();
  const differing = Object.entries(host).map(([key, value]) => [
    key,
    typeof value === 'object' && !('kind' in value) ? { kind: 'known', at: NOW, ...value } : value,
  ]);
  return {
    ...healthy,
    fleet: { ...healthy.fleet, ...fleet },
    life: { ...healthy.life, ...life },
    rows: { ...healthyRows(), ...rows },
    host: { ...healthyHost(), ...(Object.fromEntries(differing) as Partial<HostFacts>) },
  };
}

function judge(id: string, difference: Difference): Item {
  const item = judgeChecklist(factsWith(difference)).find((one) => one.id === id);
  if (item === undefined) throw new Error(`there is no item ${id}`);
  return item;
}

const silent = { kind: 'unknown', at: NOW, reason: 'it did not answer' } as const;
const systemd = { ...(healthyHost().service as { value: object }).value };
const [claude] = healthyRows().credentials;
const [scout] = healthyRows().agents;
const [drill, ...otherDrills] = healthyRows().drills;
const [cli] = healthyRows().clis;
const incident = (kind: string, fingerprint = kind) => ({
  id: 7,
  kind,
  fingerprint,
  subject: 'scout',
  title: `an open incident (${kind})`,
  openedAt: NOW - 20 * MINUTE,
  lastSeenAt: NOW - MINUTE,
});

const CASES: readonly (readonly [id: string, state: ItemState, what: string, difference: Difference, words: RegExp])[] =
  [
    ['service', 'pass', 'in the group of its unit', {}, /KillMode=control-group, watchdog 60 s/],
    [
      'service',
      'fail',
      'in a terminal',
      { host: { service: { value: { kind: 'none', manager: 'systemd' } } } },
      /in a terminal.*nightdesk install/,
    ],
    [
      'service',
      'fail',
      'left to its agents',
      { host: { service: { value: { ...systemd, killMode: 'process' } } } },
      /KillMode=process/,
    ],
    [
      'service',
      'fail',
      'started by hand beside its unit',
      { host: { service: { value: { ...systemd, isOurs: false, activeState: 'inactive' } } } },
      /started by hand \(inactive\)/,
    ],
    [
      'service',
      'fail',
      'not running at all',
      {
        life: { isRunning: false },
        host: { service: { value: { ...systemd, isOurs: false, activeState: 'failed' } } },
      },
      /does not run \(failed\).*systemctl --user reset-failed \S+; systemctl --user start/,
    ],
    [
      'service',
      'unknown',
      'under a systemd that does not answer',
      { host: { service: silent } },
      /it did not answer.*systemctl show/,
    ],
    [
      'service',
      'pass',
      'the program of a container',
      { host: { service: { value: { kind: 'container' } } } },
      /in a container/,
    ],
    ['restart', 'pass', 'after ten seconds', {}, /Restart=on-failure, after 10 s/],
    ['restart', 'fail', 'never', { host: { service: { value: { ...systemd, restart: 'no' } } } }, /not started again/],
    [
      'restart',
      'fail',
      'without a pause',
      { host: { service: { value: { ...systemd, restartDelayMs: 100 } } } },
      /without a pause/,
    ],
    [
      'restart',
      'unknown',
      'by a container, which does not tell',
      { host: { service: { value: { kind: 'container' } } } },
      /docker inspect/,
    ],
    ['auth', 'pass', 'proved', {}, /1 login proved, the oldest 4 min ago; each has a check/],
    [
      'auth',
      'fail',
      'dead',
      { rows: { credentials: [{ ...claude!, state: 'dead' }] } },
      /claude is dead since 9 d.*reauth/,
    ],
    [
      'auth',
      'unknown',
      'never proved',
      { rows: { credentials: [{ ...claude!, provedAt: null }] } },
      /never proved: claude/,
    ],
    ['auth', 'not-here', 'none', { rows: { credentials: [] } }, /no agent has a login/],
    ['rotation', 'pass', 'warned of', {}, /claude: ends in 200 d, told 7 d before/],
    [
      'rotation',
      'fail',
      'without a warning',
      { rows: { credentials: [{ ...claude!, warnMs: [] }] } },
      /nobody is told before/,
    ],
    ['rotation', 'fail', 'ended', { rows: { credentials: [{ ...claude!, expiresAt: NOW - DAY }] } }, /ended 24 h ago/],
    [
      'rotation',
      'fail',
      'failed the last time',
      {
        rows: {
          credentials: [
            {
              ...claude!,
              rotates: true,
              rotatesAt: NOW + DAY,
              lastRotation: { state: 'failed', endedAt: NOW - DAY, detail: 'exit 3' },
            },
          ],
        },
      },
      /failed 24 h ago: exit 3/,
    ],
    [
      'rotation',
      'unknown',
      'not planned',
      { rows: { credentials: [{ ...claude!, rotates: true }] } },
      /no rotation of claude is planned/,
    ],
    ['heartbeat', 'pass', 'given', {}, /scout 3 min ago \(every 30 min\)/],
    [
      'heartbeat',
      'fail',
      'missed',
      { rows: { incidents: [incident('heartbeat')] } },
      /an open incident \(heartbeat\) \(for 20 min\)/,
    ],
    ['heartbeat', 'fail', 'heard by nobody', { life: { isRunning: false } }, /nobody listens/],
    [
      'heartbeat',
      'unknown',
      'never given',
      { rows: { agents: [{ ...scout!, lastProofAt: null }] } },
      /no sign ever of scout.*\/run scout/,
    ],
    ['logs', 'pass', 'bounded', {}, /3 MB of 2 GB in 12 logs.*journal's bound is 2G/],
    [
      'logs',
      'fail',
      'over their bound',
      { host: { logs: { value: { files: 9, bytes: 3_000_000_000 } } } },
      /over the bound/,
    ],
    ['logs', 'fail', 'beside a journal without one', { host: { journal: { value: null } } }, /journal has no bound/],
    [
      'logs',
      'unknown',
      'beside a journal that nobody can read',
      { host: { journal: silent } },
      /of the journal: it did not answer/,
    ],
    ['workstate', 'pass', 'told and kept', {}, /last kept: scout 5 min ago/],
    [
      'workstate',
      'fail',
      'dropped from the instructions',
      { rows: { agents: [{ ...scout!, instructions: { missing: ['WORKSTATE.md', 'Next'] } }] } },
      /instructions of scout do not name WORKSTATE.md, Next/,
    ],
    [
      'workstate',
      'fail',
      'told and never kept',
      { rows: { agents: [{ ...scout!, checkpointAt: null }] } },
      /no WORKSTATE.md was ever kept of scout \(40 runs\)/,
    ],
    [
      'workstate',
      'unknown',
      'asked of rows that are not there',
      { rows: { kind: 'none', code: 'never-ran', reason: 'it has not run', mend: 'start it' } as never },
      /it has not run.*start it/,
    ],
    ['failure-modes', 'pass', 'given', {}, /scout: 1/],
    ['failure-modes', 'fail', 'missing', { rows: { agents: [{ ...scout!, modes: 0 }] } }, /without any: scout/],
    [
      'failure-modes',
      'fail',
      'missing where it was needed',
      { rows: { unhandled: [{ agent: 'scout', tool: 'search', kind: 'rate-limit', times: 4 }] } },
      /search failed 4 times for scout.*tool: search, on: rate-limit/,
    ],
    [
      'alerts',
      'pass',
      'shown',
      {},
      /last message shown 20 min ago; drill .* passed 3 d ago \(told after 2.3 s\); in quiet hours/,
    ],
    [
      'alerts',
      'fail',
      'waiting',
      { rows: { waiting: { alerts: 2, oldestAt: NOW - 30 * MINUTE } } },
      /2 alerts not shown, the oldest for 30 min/,
    ],
    ['alerts', 'fail', 'never drilled', { rows: { drills: [] } }, /no drill has ever shown/],
    ['alerts', 'unknown', 'never shown', { rows: { shownAt: null } }, /shown none of my messages/],
    ['drills', 'pass', 'of this season', {}, /auth 3 d ago \(told after 2.3 s\), heartbeat/],
    [
      'drills',
      'fail',
      'never made',
      { rows: { drills: [{ drill: 'auth', last: null }, ...otherDrills] } },
      /never drilled: auth; passed: heartbeat/,
    ],
    [
      'drills',
      'fail',
      'of last year',
      { rows: { drills: [{ drill: 'auth', last: { ...drill!.last!, endedAt: NOW - 200 * DAY } }] } },
      /not for three months: auth/,
    ],
    [
      'drills',
      'fail',
      'that failed',
      { rows: { drills: [{ drill: 'auth', last: { ...drill!.last!, state: 'failed', detail: 'No alert.' } }] } },
      /drill auth failed 3 d ago: No alert\./,
    ],
    ['fallback', 'pass', 'used', {}, /last told something 3 d ago/],
    [
      'fallback',
      'fail',
      'broken',
      { rows: { fallback: { sentAt: null, failedAt: NOW - DAY, error: 'exit 1' } } },
      /failed 24 h ago: exit 1/,
    ],
    [
      'fallback',
      'unknown',
      'never used',
      { rows: { fallback: { sentAt: null, failedAt: null, error: null } } },
      /never used.*\/drill telegram/,
    ],
    ['dead-man', 'pass', 'called', {}, /last called 30 s ago, every 60 s/],
    ['dead-man', 'fail', 'silent', { rows: { deadManAt: NOW - 60 * MINUTE } }, /last called 60 min ago/],
    [
      'dead-man',
      'fail',
      'refused',
      { rows: { incidents: [incident('report', 'report:dead-man')] } },
      /an open incident/,
    ],
    ['dead-man', 'unknown', 'never called', { rows: { deadManAt: null } }, /never called with success/],
    ['sentinel', 'pass', 'looking', {}, /looked 40 s ago, and found it alive/],
    ['sentinel', 'fail', 'missing', { life: { sentinel: null } }, /none has ever looked/],
    [
      'sentinel',
      'fail',
      'asleep',
      { life: { sentinel: { lookedAt: NOW - 60 * MINUTE, cause: null } } },
      /last looked 60 min ago/,
    ],
    ['api', 'pass', 'answering', {}, /@nightdesk_bot answered in 120 ms; getUpdates works \(proved 5 s ago\)/],
    [
      'api',
      'fail',
      'out of reach',
      { host: { bot: { value: { kind: 'failed', reason: 'no answer within 3 s', mend: 'see the firewall' } } } },
      /no answer within 3 s.*firewall/,
    ],
    [
      'api',
      'fail',
      'answering, but not the poller',
      { life: { provedAt: NOW - 60 * MINUTE } },
      /proved nothing for 60 min/,
    ],
    ['api', 'unknown', 'not asked', { host: { bot: silent } }, /it did not answer/],
    ['conflict', 'pass', 'alone', {}, /nobody else polls/],
    [
      'conflict',
      'fail',
      'with another poller',
      { rows: { incidents: [incident('conflict')] } },
      /an open incident \(conflict\)/,
    ],
    [
      'conflict',
      'fail',
      'behind a webhook',
      { host: { bot: { value: { kind: 'answered', name: 'x', tookMs: 1, driftMs: null, webhook: 'other.example' } } } },
      /webhook at other.example/,
    ],
    ['conflict', 'unknown', 'not polling', { life: { isRunning: false } }, /shows only while Nightdesk runs/],
    ['linger', 'pass', 'lingering', {}, /services of ada go on after a logout/],
    ['linger', 'fail', 'ending with the session', { host: { linger: { value: false } } }, /loginctl enable-linger ada/],
    [
      'linger',
      'not-here',
      'of the whole machine',
      { host: { service: { value: { ...systemd, scope: 'system' } }, linger: silent } },
      /no service of one user/,
    ],
    ['linger', 'unknown', 'nobody knows of', { host: { linger: silent } }, /it did not answer/],
    ['clock', 'pass', 'synchronised', {}, /synchronised, 0 s from Telegram's/],
    ['clock', 'pass', 'right by what Telegram says', { host: { clock: silent } }, /^0 s from Telegram's/],
    ['clock', 'fail', 'not synchronised', { host: { clock: { value: false } } }, /not synchronised.*set-ntp/],
    [
      'clock',
      'fail',
      'ahead',
      { host: { bot: { value: { kind: 'answered', name: 'x', tookMs: 1, driftMs: 240_000, webhook: null } } } },
      /4 min ahead of Telegram's/,
    ],
    ['clock', 'unknown', 'told by nobody', { host: { clock: silent, bot: silent } }, /timedatectl/],
    ['disk', 'pass', 'with room', {}, /50 GB free, 80 % of inodes/],
    [
      'disk',
      'fail',
      'nearly full',
      { host: { disk: { value: { freeBytes: 1_000_000, inodesLeftPercent: null } } } },
      /1 MB free, less than the 500 MB/,
    ],
    [
      'disk',
      'fail',
      'out of inodes',
      { host: { disk: { value: { freeBytes: 50_000_000_000, inodesLeftPercent: 1 } } } },
      /1 % of inodes are left/,
    ],
    ['disk', 'unknown', 'not telling', { host: { disk: silent } }, /it did not answer/],
    [
      'memory',
      'fail',
      'short',
      { host: { memory: { value: { availableBytes: 50_000_000, totalBytes: 8_000_000_000 } } } },
      /50 MB of 8 GB left/,
    ],
    [
      'swap',
      'not-here',
      'of a system that does not tell',
      { host: { swap: { kind: 'not-here', at: NOW, reason: 'its own affair' } } },
      /its own affair/,
    ],
    [
      'swap',
      'fail',
      'full',
      { host: { swap: { value: { totalBytes: 1_000_000_000, freeBytes: 10 } } } },
      /works for its disk/,
    ],
    [
      'swap',
      'fail',
      'missing on a small machine',
      {
        host: {
          swap: { value: { totalBytes: 0, freeBytes: 0 } },
          memory: { value: { availableBytes: 500_000_000, totalBytes: 1_000_000_000 } },
        },
      },
      /none, with 1 GB of memory/,
    ],
    ['permissions', 'pass', 'closed', {}, /nobody else reads a secret/],
    [
      'permissions',
      'fail',
      'open',
      { host: { files: { value: [{ path: '/f/.env', mode: 0o644, forbidden: 0o077 }] } } },
      /\/f\/.env has mode 644: others can read it.*chmod 600 \/f\/.env/,
    ],
    [
      'permissions',
      'fail',
      'writable',
      { host: { files: { value: [{ path: '/f/fleet.yaml', mode: 0o666, forbidden: 0o022 }] } } },
      /others can change it.*chmod 644 \/f\/fleet.yaml/,
    ],
    ['clis', 'pass', 'known', {}, /claude 2.1.330 since 30 d/],
    [
      'clis',
      'pass',
      'changed lately',
      { rows: { clis: [{ ...cli!, seenAt: NOW - DAY }] } },
      /was 2.1.320, changed 24 h ago; its probe: answered/,
    ],
    ['clis', 'fail', 'too old', { rows: { clis: [{ ...cli!, version: '1.0.0' }] } }, /too old.*update it to/],
    [
      'clis',
      'fail',
      'gone',
      { host: { clis: { value: [{ path: '/usr/bin/claude', file: null }] } } },
      /not there any more/,
    ],
    [
      'clis',
      'unknown',
      'replaced',
      { host: { clis: { value: [{ path: '/usr/bin/claude', file: '/opt/claude:9:9' }] } } },
      /was replaced since/,
    ],
    ['clis', 'unknown', 'never seen', { rows: { clis: [] } }, /no version is known of claude/],
    [
      'overrides',
      'fail',
      'beaten',
      { host: { overrides: { value: { read: 1, beating: ['/h/.claude/settings.json: env.ANTHROPIC_API_KEY'] } } } },
      /env.ANTHROPIC_API_KEY.*beat the login/,
    ],
    [
      'containment',
      'fail',
      'weak',
      { host: { containment: { value: { name: 'group', better: ['not bubblewrap: bwrap is not on the PATH'] } } } },
      /only a process group.*bwrap is not on the PATH/,
    ],
    [
      'containment',
      'pass',
      'weak as wanted',
      { fleet: { containment: 'group' }, host: { containment: { value: { name: 'group', better: [] } } } },
      /as fleet.yaml wants it/,
    ],
    ['backup', 'pass', 'made', {}, /made 10 h ago, 4 MB/],
    [
      'backup',
      'fail',
      'old',
      { rows: { backup: { ...healthyRows().backup, doneAt: NOW - 9 * DAY } } },
      /made 9 d ago.*too long ago/,
    ],
    [
      'backup',
      'fail',
      'failed',
      { rows: { backup: { ...healthyRows().backup, failedAt: NOW - MINUTE, error: 'no room' } } },
      /failed 60 s ago: no room/,
    ],
    ['backup', 'not-here', 'unwanted', { fleet: { backup: { atMinute: 0, keep: 0 } } }, /backup.keep: 0/],
    [
      'database',
      'fail',
      'damaged',
      { rows: { integrity: { at: NOW, found: 'page 7 is never used' } } },
      /damaged: page 7/,
    ],
    [
      'database',
      'fail',
      'unreadable by its pages',
      { rows: { kind: 'none', code: 'damaged', reason: 'it is damaged', mend: 'restore a copy' } as never },
      /it is damaged.*restore a copy/,
    ],
    [
      'database',
      'pass',
      'sound',
      {},
      /4.2 MB, sound when it was read as a whole just now|4.2 MB, sound when it was read/,
    ],
    ['database', 'unknown', 'unread', { rows: { integrity: null } }, /nobody has read all of it/],
    [
      'migrations',
      'fail',
      'pending',
      { rows: { kind: 'none', code: 'older', reason: 'schema 4 of 5', mend: 'start it once' } as never },
      /schema 4 of 5.*start it once/,
    ],
    ['configuration', 'pass', 'in force', {}, /taken over 9 d ago/],
    [
      'configuration',
      'fail',
      'changed',
      { host: { configuration: { value: { hash: 'other', modifiedAt: NOW } } } },
      /changed after it was taken over.*\/reload/,
    ],
  ];

describe('the checklist', () => {
  test.each(CASES)('%s is %s: %s', (id, state, _what, difference, words) => {
    const item = judge(id, difference);

    expect(item.state).toBe(state);
    expect(`${item.evidence} ${item.mend ?? ''}`).toMatch(words);
  });

  it('passes as a whole when nothing is left to do', () => {
    const items = judgeChecklist(factsWith({}));

    expect(items.filter(({ state }) => state !== 'pass')).toEqual([]);
    expect(isAllWell(items)).toBe(true);
  });

  it('does not pass as a whole when something is unknown, and does when something does not apply', () => {
    const unknown = judgeChecklist(factsWith({ host: { disk: silent } }));
    const notHere = judgeChecklist(factsWith({ host: { swap: { kind: 'not-here', at: NOW, reason: 'x' } } }));

    expect(isAllWell(unknown)).toBe(false);
    expect(isAllWell(notHere)).toBe(true);
  });

  it('knows nothing of a machine that nobody has looked at', () => {
    const items = judgeChecklist({ ...healthyFacts(), host: undefined });

    const green = items.filter(({ state }) => state === 'pass').map(({ id }) => id);
    expect(green).not.toContain('service');
    expect(green).not.toContain('disk');
    expect(green).not.toContain('permissions');
    expect(isAllWell(items)).toBe(false);
  });

  it('says what to do of everything that fails or is unknown, and gives the age of every evidence of a pass', () => {
    const items = CASES.map(([id, , , difference]) => judge(id, difference));

    expect(items.filter(({ state, mend }) => (state === 'fail' || state === 'unknown') && mend === null)).toEqual([]);
    expect(items.filter(({ state, at }) => state === 'pass' && at === null)).toEqual([]);
  });

  it.each([
    ['drills', { rows: { drills: [{ drill: 'dark', last: null }] } }, { kind: 'drill', drill: 'dark' }],
    ['auth', { rows: { credentials: [{ ...claude!, provedAt: null }] } }, { kind: 'check', credential: 'claude' }],
    ['auth', { rows: { credentials: [{ ...claude!, state: 'dead' }] } }, { kind: 'reauth', credential: 'claude' }],
    ['backup', { rows: { backup: { ...healthyRows().backup, doneAt: null } } }, { kind: 'backup' }],
  ] as const)('offers the mend of %s as a button, %#', (id, difference, button) => {
    expect(judge(id, difference as Difference).button).toEqual(button);
  });
});
