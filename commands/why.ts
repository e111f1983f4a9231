import type { Storage } from '../storage/storage.ts';
import type { DueRow } from '../storage/due-store.ts';
import type { RunRow } from '../storage/run-store.ts';
import type { Agent, Fleet } from '../src/config/fleet.ts';
import { isWithin } from '../src/loop/schedule.ts';
import { loadExplanation } from '../src/loop/why.ts';
import type { CallbackData } from '../src/telegram/callback-data.ts';
import { PANEL_CHOICES, panelButton } from '../src/telegram/cards/agent-buttons.ts';
import { bold, clockTime, count, duration, line, lines, type Piece, shorten } from '../src/telegram/cards/words.ts';
import { lastSignOf } from '../src/vigil/heartbeats.ts';
import { lastProgressOf } from '../src/vigil/progress.ts';
import type { Command } from './command.ts';
import { askWhich, findAgent, reply } from './replies.ts';

const MOST_RECEIPTS = 8;

/** /why AGENT: why it did not run, or did, from the scheduler's receipts. */
export function createWhyCommand(fleet: Fleet, storage: Storage, callbackData: CallbackData): Command {
  return {
    name: 'why',
    description: 'why an agent did not run, or did',
    run({ argument, now }) {
      if (argument === '')
        return askWhich({
          command: 'why',
          verb: 'panel',
          choice: PANEL_CHOICES.why,
          names: fleet.agents.keys(),
          callbackData,
        });
      const found = findAgent(fleet.agents, argument);
      if (found.kind === 'unknown') return found.reply;
      const { running, troubles, holds, next, tasks, jump, remarks, receipts } = loadExplanation(
        found.agent,
        storage,
        MOST_RECEIPTS,
      );
      const at = (time: number): Piece => clockTime(time, fleet.timezone, now, 'second');
      return reply(
        lines(
          bold(`Why ${found.agent.name}?`),
          running?.startedAt
            ? line(`▶️ It runs now, for ${duration(now - running.startedAt)} (run ${running.id}, ${running.cause}).`)
            : undefined,
          ...(running?.startedAt ? renderSigns(running, found.agent, now, at) : []),
          ...troubles.map(({ id, title }) => `🔴 ${title} (incident ${id})`),
          found.agent.active !== undefined && !isWithin(found.agent.active, now, fleet.timezone)
            ? '🌙 It is outside its active hours.'
            : undefined,
          ...holds.map((hold) =>
            line(
              `⛔️ Held: ${hold.reason}, for ${duration(now - hold.since)}`,
              hold.until === null ? '' : line(', until ', at(hold.until)),
            ),
          ),
          next === undefined
            ? undefined
            : next.dueAt > now
              ? line('⏭ Next due ', at(next.dueAt))
              : line('⏳ Due since ', at(next.dueAt), `, waits: ${next.reason ?? 'its turn'}`),
          found.agent.schedule.kind === 'none'
            ? 'It has no schedule: it runs when there is something to publish.'
            : undefined,
          found.agent.schedule.kind === 'task'
            ? 'It has no schedule: it runs when somebody has a task for it.'
            : undefined,
          ...tasks.map(({ task, place }) =>
            line(
              `🧩 Task #${task.id} ${shorten(task.title, 80)}${place === undefined ? '' : `, ${place}`}: ${task.state === 'claimed' ? `run ${task.runId} is at it` : 'open'}`,
              task.state === 'open' && task.offerAt > now ? line(', offered again ', at(task.offerAt)) : '',
              task.attempts === 0 ? '' : `, ${count(task.attempts, 'attempt')} without a result`,
            ),
          ),
          jump === undefined
            ? undefined
            : line(
                '🕰 ',
                at(jump.at),
                `: the clock jumped ${duration(Math.abs(jump.byMs))} ${jump.byMs > 0 ? 'ahead' : 'back'}`,
              ),
          ...remarks.map((remark) => `⚠️ Its newest run: ${shorten(remark, 200)}`),
          '',
          receipts.length === 0 ? 'No receipt yet: it has not been due.' : 'Its last due times:',
          ...receipts.map((receipt) => renderReceipt(receipt.due, receipt.run, at)),
        ),
        [[panelButton(found.agent.name, callbackData)]],
      );
    },
  };
}

/** What a run that is alive has shown of itself, and what is expected of it. */
function renderSigns(run: RunRow, agent: Agent, now: number, at: (time: number) => Piece): (Piece | undefined)[] {
  const ago = (time: number): string => `${duration(now - time)} ago`;
  const sign = lastSignOf(run, agent.runtime, { livelyAt: undefined, outputAt: undefined }, now);
  const proof = lastProgressOf(run, now);
  const note = proof.by === 'its own word' && run.progressNote !== null ? ` (${shorten(run.progressNote, 80)})` : '';
  return [
    `💓 Last sign of life: ${sign.by}, ${ago(sign.at)}; one is due every ${duration(agent.heartbeatMs)}.`,
    `👣 Last progress: ${proof.by}${note}, ${ago(proof.at)}${agent.progressMs === undefined ? '; it is not watched' : `; due every ${duration(agent.progressMs)}`}.`,
    run.patientUntil !== null && run.patientUntil > now
      ? line(
          '⏳ In a long step until ',
          at(run.patientUntil),
          `${run.beatNote === null ? '' : `: ${shorten(run.beatNote, 80)}`}`,
        )
      : undefined,
    run.askedAt === null ? undefined : `❔ I asked for a sign of life ${ago(run.askedAt)}.`,
    run.repeating === null ? undefined : `🔁 Over and over: ${shorten(run.repeating, 200)}`,
  ];
}

function renderReceipt(due: DueRow, run: RunRow | undefined, at: (time: number) => Piece): Piece {
  const span =
    due.times === 1 ? line(at(due.dueAt)) : line(at(due.dueAt), ' to ', at(due.lastAt), ` (${due.times} times)`);
  const cause = due.cause === 'schedule' ? '' : ` (${due.cause})`;
  if (due.state !== 'ran')
    return line(
      due.state === 'missed' ? '✖️ ' : '⏭ ',
      span,
      `${cause}: ${due.state}, ${due.reason ?? 'no reason was kept'}`,
    );
  return line(
    run?.state === 'failed' || run?.state === 'lost' ? '🟠 ' : '✅ ',
    span,
    `${cause}: ran, ${describeRun(run)}`,
  );
}

function describeRun(run: RunRow | undefined): string {
  if (run === undefined) return 'its record is gone';
  const took = run.startedAt === null || run.endedAt === null ? '' : ` after ${duration(run.endedAt - run.startedAt)}`;
  switch (run.state) {
    case 'starting':
    case 'running':
      return 'still going';
    case 'done':
      return `done${took}`;
    case 'failed':
      return `failed${took}: ${run.failure ?? ''} ${shorten(run.evidence ?? '', 120)}`.trim();
    case 'stopped':
      return `stopped${took}: ${run.stopReason ?? ''}`;
    case 'lost':
      return 'lost: Nightdesk ended while it ran';
  }
}
