import type { DrillRow } from '../../storage/drill-store.ts';
import { bold, duration, lines, type Piece, richText, shorten } from '../telegram/cards/words.ts';
import type { Content } from '../telegram/outbox.ts';
import { DRILL_PLANS, type DrillKind } from './drill.ts';

const LONGEST_DETAIL = 600;

/** A length of time as finely as it matters: `18 ms`, `2.3 s`, `2 min`. */
export function seconds(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  return ms < 90_000 ? `${(ms / 1_000).toFixed(1)} s` : duration(ms);
}

/** How long a drill took from its fault to the phone; undefined where it did not come that far. */
function tookMs({ faultAt, deliveredAt }: DrillRow): number | undefined {
  return faultAt === null || deliveredAt === null ? undefined : Math.max(0, deliveredAt - faultAt);
}

/** What the owner is told at the end of a drill. */
export function renderDrillReport(drill: DrillRow): Content {
  const isPassed = drill.state === 'passed';
  return {
    kind: 'text',
    body: richText(
      lines(
        bold(`🧪 Drill ${drill.kind}: ${isPassed ? 'passed' : 'FAILED'}`),
        isPassed ? describeTimes(drill) : shorten(drill.detail ?? 'It did not end well.', LONGEST_DETAIL),
        isPassed && drill.detail !== null ? shorten(drill.detail, LONGEST_DETAIL) : undefined,
        'Everything that it changed is as before.',
      ),
    ),
  };
}

function describeTimes(drill: DrillRow): string | undefined {
  const { faultAt, detectedAt, deliveredAt, incidentId } = drill;
  if (faultAt === null || deliveredAt === null) return undefined;
  const which = incidentId === null ? '' : ` (incident ${incidentId})`;
  const noticed = detectedAt === null ? '' : `Noticed after ${seconds(detectedAt - faultAt)}, `;
  return `${noticed}${noticed === '' ? 'Told' : 'told'} after ${seconds(deliveredAt - faultAt)}${which}.`;
}

/** One line about the last drill of a kind. */
export function describeLast(kind: DrillKind, last: DrillRow | undefined, now: number): Piece {
  const { what } = DRILL_PLANS[kind];
  if (last === undefined) return `⚪️ ${kind}: never (${what})`;
  const ago = `${duration(now - (last.endedAt ?? last.startedAt))} ago`;
  switch (last.state) {
    case 'running':
      return `🧪 ${kind}: goes on just now`;
    case 'failed':
      return `🔴 ${kind}: FAILED ${ago}: ${shorten(last.detail ?? 'for no reason that was kept', 200)}`;
    case 'passed': {
      const took = tookMs(last);
      return `🟢 ${kind}: passed ${ago}${took === undefined ? '' : `, told after ${seconds(took)}`}`;
    }
  }
}
