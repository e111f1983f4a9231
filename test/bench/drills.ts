import Database from 'better-sqlite3';
import { spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DrillKind } from '../../src/drills/drill.ts';
import type { ReadCall } from '../../src/sandbox/bot-endpoint.ts';
import { type Bench, openBench } from './program.ts';
import { ms, type Row } from './row.ts';

const LAUNCHER = join(import.meta.dirname, '..', '..', 'src', 'bin.js');
/** How often the sentinel is started, as a machine's timer would; the one that is installed does so each minute. */
const TIMER_MS = 2_000;
/** Longer than any drill may take. */
const PATIENCE_MS = 6 * 60_000;

/** The longest time from the fault to the alert, in ms. A heartbeat is owed each two seconds there, progress each three. */
const TO_REACH: Readonly<Record<DrillKind, { readonly withinMs: number; readonly words: string }>> = {
  auth: { withinMs: 1_000, words: '≤ 1 s' },
  heartbeat: { withinMs: 3_000, words: '≤ period + 1 s' },
  stuck: { withinMs: 4_000, words: '≤ bound + 1 s' },
  orphan: { withinMs: 5_000, words: '≤ 5 s' },
  budget: { withinMs: 5_000, words: '≤ 5 s' },
  disk: { withinMs: 5_000, words: '≤ 5 s' },
  dark: { withinMs: TIMER_MS + 5_000, words: '≤ timer + 5 s' },
  telegram: { withinMs: 3 * 60_000, words: '≤ 3 min' },
};

/** One drill as it was seen from outside. */
interface Drilled {
  readonly kind: DrillKind;
  readonly isPassed: boolean;
  readonly tookMs: number;
  /** Messages besides the begin and the report. */
  readonly alerts: number;
  readonly detail: string;
}

/** All drills against the real program, with a real sentinel and a fallback; the short ones `rounds` times. */
export async function measureDrills(rounds: number): Promise<readonly Row[]> {
  const script = '#!/bin/sh\ncat > /dev/null\n';
  const bench = await openBench(`alerts: { fallback: ["./fallback.sh"] }
agents:
  scout: { runtime: command, command: ["/bin/true"], schedule: every 1h }
`);
  writeFileSync(join(bench.folder, 'fallback.sh'), script);
  chmodSync(join(bench.folder, 'fallback.sh'), 0o755);
  const program = await bench.start();
  const stopTimer = startTimer(bench);
  const drilled: Drilled[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const kind of ['auth', 'heartbeat', 'stuck', 'orphan', 'budget', 'disk', 'dark'] as const)
        drilled.push(await drill(bench, kind));
    }
    drilled.push(await drill(bench, 'telegram'));
  } finally {
    await stopTimer();
    await program.stop();
    await bench.close();
  }
  const kinds = [...new Set(drilled.map(({ kind }) => kind))];
  return kinds.map((kind) =>
    describe(
      kind,
      drilled.filter((one) => one.kind === kind),
    ),
  );
}

function describe(kind: DrillKind, drilled: readonly Drilled[]): Row {
  const { withinMs, words } = TO_REACH[kind];
  const worstMs = Math.max(...drilled.map(({ tookMs }) => tookMs));
  const mostAlerts = Math.max(...drilled.map(({ alerts }) => alerts));
  const failed = drilled.find(({ isPassed }) => !isPassed);
  return {
    what: `drill ${kind}: fault to alert, worst of ${drilled.length}; messages`,
    measured: failed === undefined ? `${ms(worstMs)}; ${mostAlerts}` : `FAILED: ${failed.detail}`,
    toReach: `${words}; 1`,
    met: failed === undefined && worstMs <= withinMs && mostAlerts <= 1,
    how:
      kind === 'telegram'
        ? 'from the first refused call to the end of the fallback program; the message is the same alert, after the outage'
        : 'from the fault, as the drill’s row has it, to the alert’s request being fully read by the sandbox',
    numbers: { worstMs, mostAlerts, count: drilled.length },
  };
}

async function drill(bench: Bench, kind: DrillKind): Promise<Drilled> {
  const sent: { readonly text: string; readonly at: number }[] = [];
  const stopWatching = bench.sandbox.onCall(({ method, payload, readAt }: ReadCall) => {
    if (method === 'sendMessage') sent.push({ text: String(payload['text']), at: performance.timeOrigin + readAt });
  });
  bench.sandbox.userSays(`/drill ${kind}`);
  const deadline = performance.now() + PATIENCE_MS;
  const isReport = ({ text }: { readonly text: string }): boolean => text.startsWith(`🧪 Drill ${kind}: `);
  while (!sent.some(isReport) && performance.now() < deadline) await sleep(20);
  stopWatching();
  const alerts = sent.filter((message) => !isReport(message) && !message.text.startsWith(`🧪 Drill ${kind}\n`));
  const row = lastDrill(bench, kind);
  const told = kind === 'telegram' ? row.deliveredAt : alerts[0]?.at;
  return {
    kind,
    isPassed: row.state === 'passed',
    tookMs: (told ?? Infinity) - row.faultAt,
    alerts: alerts.length,
    detail: row.detail ?? 'no report came',
  };
}

function lastDrill(bench: Bench, kind: DrillKind) {
  const database = new Database(join(bench.folder, 'state', 'nightdesk.db'), { readonly: true });
  try {
    const row = database
      .prepare<[string], { state: string; faultAt: number; deliveredAt: number; detail: string | null }>(
        'SELECT state, fault_at AS faultAt, delivered_at AS deliveredAt, detail FROM drill WHERE kind = ? ORDER BY id DESC LIMIT 1',
      )
      .get(kind);
    if (row === undefined) throw new Error(`there was no drill ${kind}`);
    return row;
  } finally {
    database.close();
  }
}

/** Starts a sentinel again and again, one at a time; gives what ends that. */
function startTimer(bench: Bench): () => Promise<void> {
  let isOver = false;
  const loop = (async () => {
    while (!isOver) {
      const next = sleep(TIMER_MS);
      await lookOnce(bench);
      await next;
    }
  })();
  return async () => {
    isOver = true;
    await loop;
  };
}

function lookOnce(bench: Bench): Promise<void> {
  return new Promise((resolve) => {
    const sentinel = spawn(process.execPath, [LAUNCHER, 'sentinel', '--config', join(bench.folder, 'fleet.yaml')], {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        TELEGRAM_BOT_TOKEN: bench.token,
        TELEGRAM_API_ROOT: bench.sandbox.apiRoot,
      },
      stdio: 'ignore',
    });
    sentinel.once('exit', () => resolve());
  });
}
