import type { ChecklistFacts, HostFacts, Probed, RowFacts } from '../../src/checklist/facts.ts';
import { DRILL_KINDS } from '../../src/drills/drill.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';

/** When the facts of these tests were made. */
export const NOW = Date.UTC(2027, 5, 1, 12);
export const MINUTE = 60_000;
export const DAY = 86_400_000;

const FLEET = `timezone: UTC
home: ./state
telegram: { owners: [4242] }
alerts: { fallback: ["./notify-sms.sh"], dead_man: { url: "https://hc.example/ping/x", every: 1m }, quiet: "23:00-07:00" }
credentials:
  claude: { check: ["/bin/true"], login: ["/bin/true"], env: CLAUDE_CODE_OAUTH_TOKEN, expires: 2028-01-15 }
agents:
  scout:
    runtime: claude
    prompt: ./prompts/scout.md
    schedule: every 5m
    credentials: [claude]
    failure_modes: [{ tool: email, on: auth, then: alert }]
`;

/** A machine on which nothing is left to do. */
export function healthyHost(at = NOW): HostFacts {
  const known = <Value>(value: Value): Probed<Value> => ({ kind: 'known', at, value });
  return {
    platform: 'linux',
    user: 'ada',
    service: known({
      kind: 'systemd',
      scope: 'user',
      unit: 'nightdesk.service',
      isOurs: true,
      activeState: 'active',
      killMode: 'control-group',
      restart: 'on-failure',
      restartDelayMs: 10_000,
      watchdogMs: 60_000,
    }),
    linger: known(true),
    journal: known('2G'),
    clock: known(true),
    bot: known({ kind: 'answered', name: 'nightdesk_bot', tookMs: 120, driftMs: 0, webhook: null }),
    disk: known({ freeBytes: 50_000_000_000, inodesLeftPercent: 80 }),
    logs: known({ files: 12, bytes: 3_000_000 }),
    memory: known({ availableBytes: 6_000_000_000, totalBytes: 8_000_000_000 }),
    swap: known({ totalBytes: 2_000_000_000, freeBytes: 2_000_000_000 }),
    files: known([{ path: '/home/ada/fleet/.env', mode: 0o600, forbidden: 0o077 }]),
    overrides: known({ read: 1, beating: [] }),
    clis: known([{ path: '/usr/bin/claude', file: '/opt/claude:1:2' }]),
    configuration: known({ hash: 'abc', modifiedAt: NOW - 9 * DAY }),
    containment: known({ name: 'bubblewrap', better: [] }),
  };
}

/** Rows in which nothing is left to do. */
export function healthyRows(): RowFacts {
  return {
    kind: 'rows',
    at: NOW,
    incidents: [],
    credentials: [
      {
        name: 'claude',
        title: 'claude',
        hasCheck: true,
        canLogIn: true,
        isUsed: true,
        state: 'alive',
        since: NOW - 9 * DAY,
        provedAt: NOW - 4 * MINUTE,
        expiresAt: NOW + 200 * DAY,
        warnMs: [7 * DAY],
        rotates: false,
        rotatesAt: null,
        renewedAt: NOW - 9 * DAY,
        lastRotation: null,
      },
    ],
    agents: [
      {
        name: 'scout',
        runtime: 'claude',
        isScheduled: true,
        isHeld: false,
        heartbeatMs: 30 * MINUTE,
        modes: 1,
        runningSince: null,
        lastProofAt: NOW - 3 * MINUTE,
        endedRuns: 40,
        checkpointAt: NOW - 5 * MINUTE,
        instructions: { missing: [] },
      },
    ],
    unhandled: [],
    shownAt: NOW - 20 * MINUTE,
    waiting: { alerts: 0, oldestAt: null },
    drills: DRILL_KINDS.map((drill, index) => ({
      drill,
      last: {
        id: index + 1,
        kind: drill,
        state: 'passed',
        wantedBy: 'owner:4242',
        startedAt: NOW - 3 * DAY - MINUTE,
        runId: null,
        faultAt: NOW - 3 * DAY - MINUTE,
        detectedAt: NOW - 3 * DAY - MINUTE + 40,
        incidentId: null,
        deliveredAt: NOW - 3 * DAY - MINUTE + 2_300,
        endedAt: NOW - 3 * DAY,
        detail: null,
      },
    })),
    fallback: { sentAt: NOW - 3 * DAY, failedAt: null, error: null },
    deadManAt: NOW - 30_000,
    clis: [
      {
        program: '/usr/bin/claude',
        runtime: 'claude',
        file: '/opt/claude:1:2',
        version: '2.1.330',
        previous: '2.1.320',
        state: 'known',
        seenAt: NOW - 30 * DAY,
        detail: 'answered',
      },
    ],
    backup: { doneAt: NOW - 10 * 3_600_000, sizeBytes: 4_000_000, failedAt: null, error: null, isOpen: false },
    load: { at: NOW - 9 * DAY, hash: 'abc' },
    containment: 'bubblewrap',
    databaseBytes: 4_200_000,
    integrity: { at: NOW, found: 'ok' },
  };
}

/** A fleet in which nothing is left to do. */
export function healthyFacts(): ChecklistFacts {
  using folder = createFleetFolder();
  return {
    now: NOW,
    fleet: folder.loaded(FLEET).fleet,
    life: {
      isRunning: true,
      startedAt: NOW - 9 * DAY,
      provedAt: NOW - 5_000,
      sentinel: { lookedAt: NOW - 40_000, cause: null },
    },
    rows: healthyRows(),
    host: healthyHost(),
  };
}
