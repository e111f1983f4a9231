import type { RunRow } from '../../../storage/run-store.ts';
import type { AgentPanel } from '../../vigil/agent-panel.ts';
import { renderReason, signOf } from '../../vigil/status.ts';
import type { CallbackData } from '../callback-data.ts';
import type { Button, Content } from '../outbox.ts';
import { agentButton, END_CHOICES, pageButton, PANEL_CHOICES, resumeAllButton } from './agent-buttons.ts';
import {
  bold,
  clockTime,
  count,
  dollarText,
  duration,
  italic,
  line,
  lines,
  type Piece,
  richText,
  shorten,
  tokenText,
} from './words.ts';
import { workstateButton } from './workstate-card.ts';

/** Three lines of a phone each: a panel is one screen. */
const LONGEST_REASON = 120;
const LONGEST_EVIDENCE = 120;
/** A line and a half. */
const LONGEST_TITLE = 70;

/** What asks once more before it ends a run. */
export type EndVerb = 'stop' | 'restart';

/** What a panel is rendered with. */
export interface PanelSetting {
  readonly timezone: string;
  readonly callbackData: CallbackData;
  /** What is asked in place of its buttons; only of a run that is alive. */
  readonly asks?: EndVerb | undefined;
  /** The page of the list that its way back leads to. */
  readonly page: number;
}

/** One agent on one screen: how it stands and why, its last proof, its runs, what holds it, its money, and what can be done about it. */
export function renderAgentPanel(panel: AgentPanel, setting: PanelSetting): Content {
  const { at: now, agent, status, running, last } = panel;
  const at = (time: number): Piece => clockTime(time, setting.timezone, now);
  const isAsked = setting.asks !== undefined && running !== undefined;
  const reason =
    panel.holds.length > 0 && status.condition === 'held' ? undefined : renderReason(status, now, LONGEST_REASON);
  const body = lines(
    bold(`${signOf(status)} ${agent.name}: ${status.condition}${sinceWords(panel)}`),
    reason,
    ...panel.holds.map(
      (hold) =>
        `⛔️ ${shorten(hold.reason, LONGEST_REASON)}, for ${duration(now - hold.since)}. Ends: ${hold.release || 'by itself'}`,
    ),
    ...panel.incidents.map(
      ({ id, title, severity }) => `${severity === 'critical' ? '🔴' : '🟠'} #${id} ${shorten(title, LONGEST_TITLE)}`,
    ),
    panel.more === 0 ? undefined : `… and ${panel.more} more: /why ${agent.name}`,
    status.lastProofAt === null
      ? 'It has proved nothing yet.'
      : line('Last proof ', at(status.lastProofAt), `, ${duration(now - status.lastProofAt)} ago`),
    ...(running === undefined ? [] : renderClocks(running, status.contextPercent, now)),
    ...(last === undefined ? [running === undefined ? 'No run yet.' : undefined] : renderLast(last, now)),
    renderNext(panel, at),
    renderMoney(panel),
    renderWaiting(panel),
    isAsked
      ? line(
          '\n',
          bold(setting.asks === 'stop' ? 'Stop it?' : 'Restart it?'),
          ' Its run ends at once, in the middle of what it does.',
        )
      : undefined,
    italic(line('Updated ', clockTime(now, setting.timezone, now, 'second'))),
  );
  return {
    kind: 'text',
    body: richText(body),
    buttons: isAsked ? questionButtons(panel, setting) : panelButtons(panel, setting),
  };
}

function sinceWords({ at, status, running }: AgentPanel): string {
  const since = running === undefined ? status.runningSince : (running.startedAt ?? running.wantedAt);
  if (since === null) return '';
  return `${status.condition === 'running' ? ' for' : ', still running for'} ${duration(at - since)}`;
}

/** The four clocks of a run that is alive, each with its age. */
function renderClocks(run: RunRow, contextPercent: number | null, now: number): readonly string[] {
  const age = (at: number | null): string => (at === null ? 'never' : `${duration(Math.max(0, now - at))} ago`);
  const progressAt = Math.max(run.progressAt ?? 0, run.workedAt ?? 0) || null;
  const process = run.startedAt === null ? 'Process not started yet' : `Process up ${duration(now - run.startedAt)}`;
  return [
    `${process} · output ${age(run.outputAt)}`,
    `Beat ${age(run.beatAt)} · progress ${age(progressAt)}`,
    `Run ${run.id}, ${run.cause}${contextPercent === null ? '' : ` · context ${contextPercent} %`}`,
  ];
}

function renderLast(run: RunRow, now: number): readonly (string | undefined)[] {
  const took = run.startedAt === null || run.endedAt === null ? '' : `, took ${duration(run.endedAt - run.startedAt)}`;
  const ago = run.endedAt === null ? '' : ` ${duration(now - run.endedAt)} ago`;
  const why = run.state === 'failed' ? `${run.failure ?? ''}: ${run.evidence ?? ''}` : (run.stopReason ?? '');
  const used = [
    run.model ?? '',
    run.inputTokens === null || run.outputTokens === null
      ? ''
      : `${tokenText(run.inputTokens)} in, ${tokenText(run.outputTokens)} out`,
    run.costMicroUsd === null ? '' : dollarText(run.costMicroUsd),
  ].filter((part) => part !== '');
  return [
    `Last: run ${run.id} ${run.state}${ago}${took}`,
    run.state === 'done' || why === '' ? undefined : shorten(why, LONGEST_EVIDENCE),
    used.length === 0 ? undefined : used.join(' · '),
  ];
}

function renderNext({ agent, status, at: now, running }: AgentPanel, at: (time: number) => Piece): Piece | undefined {
  if (agent.publishes.length > 0) return 'It runs when a draft is approved.';
  if (status.nextDueAt === null)
    return running === undefined && agent.schedule.kind === 'task'
      ? 'It runs when somebody has a task for it.'
      : undefined;
  if (status.nextDueAt <= now) return running === undefined ? dueWords(now - status.nextDueAt) : undefined;
  return line('Next due ', at(status.nextDueAt), `, in ${duration(status.nextDueAt - now)}`);
}

/** It is looked at every other second: only what waits longer waits for something. */
function dueWords(forMs: number): string {
  return forMs < 5_000 ? 'Due now: it starts in a moment' : `Due for ${duration(forMs)}`;
}

function renderWaiting({ draftsWaiting, tasksOpen }: AgentPanel): string | undefined {
  const parts = [
    draftsWaiting === 0 ? '' : `📥 ${count(draftsWaiting, 'draft')} for you`,
    tasksOpen === 0 ? '' : `🧩 ${count(tasksOpen, 'task')} open`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? undefined : parts.join(' · ');
}

function renderMoney({ spentMicroUsd, limitMicroUsd }: AgentPanel): string | undefined {
  if (limitMicroUsd === undefined) return spentMicroUsd === 0 ? undefined : `This month ${dollarText(spentMicroUsd)}`;
  return `This month ${dollarText(spentMicroUsd)} of ${dollarText(limitMicroUsd)}`;
}

function questionButtons({ agent, running }: AgentPanel, { asks = 'stop', callbackData }: PanelSetting): Button[][] {
  const yes = { choice: END_CHOICES.yes, style: 'danger' as const };
  return [
    [
      agentButton(
        asks === 'stop' ? 'Yes, stop' : 'Yes, restart',
        asks,
        agent.name,
        callbackData,
        running === undefined ? yes : { ...yes, runId: running.id },
      ),
      agentButton('No', 'panel', agent.name, callbackData),
    ],
  ];
}

function panelButtons({ agent, running, resumes }: AgentPanel, { callbackData, page }: PanelSetting): Button[][] {
  const { name } = agent;
  const acts =
    running !== undefined
      ? [
          agentButton('Restart', 'restart', name, callbackData),
          agentButton('Stop', 'stop', name, callbackData, { style: 'danger' }),
        ]
      : agent.publishes.length > 0
        ? []
        : [agentButton('Run now', 'run', name, callbackData, resumes === undefined ? { style: 'primary' } : undefined)];
  const hold =
    resumes === undefined
      ? agentButton('Pause', 'pause', name, callbackData)
      : resumes === 'agent'
        ? agentButton('Resume', 'resume', name, callbackData, { style: 'primary' })
        : resumeAllButton(callbackData);
  return [
    [...acts, hold],
    [workstateButton('WORKSTATE', name, 'show', callbackData), agentButton('Log', 'log', name, callbackData)],
    [
      agentButton('Why', 'panel', name, callbackData, { choice: PANEL_CHOICES.why }),
      agentButton('Refresh', 'panel', name, callbackData),
      pageButton('All agents', page, callbackData),
    ],
  ];
}
