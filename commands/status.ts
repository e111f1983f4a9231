import type { Storage } from '../storage/storage.ts';
import type { Fleet } from '../src/config/fleet.ts';
import {
  bold,
  clockTime,
  code,
  count,
  duration,
  line,
  lines,
  type Piece,
  shorten,
} from '../src/telegram/cards/words.ts';
import { dateAndTime } from '../src/loop/wall-clock.ts';
import { AGENT_SIGNS, type AgentStatus, type FleetStatus, loadFleetStatus, renderReason } from '../src/vigil/status.ts';
import type { Command } from './command.ts';
import { reply } from './replies.ts';

/** /status: one screen, what is wrong first, then each agent with the age of its last proof. */
export function createStatusCommand(fleet: Fleet, storage: Storage): Command {
  return {
    name: 'status',
    description: 'one screen: what is wrong first, then each agent',
    run: ({ now }) => {
      const silences = storage.silences.active(now);
      return reply(
        lines(
          ...silences.map(({ matcher, until }) =>
            line('🔕 Silenced until ', clockTime(until, fleet.timezone, now), `: ${matcher}`),
          ),
          renderStatus(loadFleetStatus(fleet, storage, now), fleet.timezone),
        ),
      );
    },
  };
}

function renderStatus(status: FleetStatus, timezone: string): Piece {
  const { incidents, credentials, agents, drafts, outbox, at } = status;
  const proved = agents.filter((agent) => agent.lastProofAt !== null).length;
  const amiss = agents.filter(({ condition }) => condition === 'held' || condition === 'failed').length;
  const healthy =
    incidents.length === 0 &&
    status.paused === null &&
    credentials.every((credential) => credential.state !== 'dead') &&
    amiss === 0;
  return lines(
    healthy
      ? bold(
          proved === agents.length
            ? '🟢 All agents are well'
            : `⚪️ I know of nothing wrong, but ${agents.length - proved} of ${count(agents.length, 'agent')} ${agents.length - proved === 1 ? 'has' : 'have'} proved nothing yet`,
        )
      : undefined,
    status.paused === null ? undefined : line(bold('⏸ All agents are paused: '), code('/resume all')),
    // What holds them is not always an incident: a pause of one's own is none.
    amiss > 0 && status.paused === null && incidents.length === 0
      ? bold(`⛔️ ${amiss} of ${count(agents.length, 'agent')} ${amiss === 1 ? 'is' : 'are'} held or failed`)
      : undefined,
    ...incidents.map((incident) =>
      line(
        incident.severity === 'critical' ? '🔴 ' : '🟠 ',
        bold(shorten(incident.title, 120)),
        ` · #${incident.id} · for ${duration(at - incident.since)}`,
      ),
    ),
    ...credentials
      .filter((credential) => credential.state !== 'dead' || incidents.length === 0)
      .map((credential) => renderCredential(credential, at, timezone)),
    '',
    ...agents.map((agent) => renderAgent(agent, status.paused, at, timezone)),
    '',
    renderDrafts(drafts, timezone, at),
    renderTasks(status.tasks),
    outbox.waiting > 0 && outbox.oldestAt !== null && at - outbox.oldestAt > 60_000
      ? `📮 ${count(outbox.waiting, 'message')} not sent yet, the oldest for ${duration(at - outbox.oldestAt)}`
      : undefined,
    status.containment === null ? undefined : `🧱 Runs are contained by: ${status.containment}`,
  );
}

function renderCredential(credential: FleetStatus['credentials'][number], now: number, timezone: string): string {
  const { title, state, provedAt, expiresAt, rotatesAt } = credential;
  const proof = provedAt === null ? 'no proof yet' : `last proof ${duration(now - provedAt)} ago`;
  const end =
    expiresAt === null ? '' : ` · ${expiresAt > now ? 'ends' : 'ended'} ${dateAndTime(expiresAt, timezone, now)}`;
  const rotation = rotatesAt === null ? '' : ` · rotates ${dateAndTime(rotatesAt, timezone, now)}`;
  return `${state === 'expiring' ? '⏰' : '🔑'} ${title}: ${state}, ${proof}${end}${rotation}`;
}

function renderAgent(agent: AgentStatus, paused: string | null, now: number, timezone: string): Piece {
  // The line above all agents says it already, and a pause of one's own is nothing wrong.
  const isJustPaused = paused !== null && agent.condition === 'held' && agent.reason === paused;
  const proof = agent.lastProofAt === null ? 'no proof yet' : `last proof ${duration(now - agent.lastProofAt)} ago`;
  const sign = isJustPaused
    ? '⏸'
    : agent.condition === 'idle' && agent.lastProofAt === null
      ? '⚪️'
      : AGENT_SIGNS[agent.condition];
  const next =
    agent.condition !== 'held' && agent.runningSince === null && agent.nextDueAt !== null && agent.nextDueAt > now
      ? line(' · next ', clockTime(agent.nextDueAt, timezone, now))
      : '';
  const reason = isJustPaused ? undefined : renderReason(agent, now, 90);
  return line(
    `${sign} `,
    bold(agent.name),
    agent.condition === 'running'
      ? ` · running for ${duration(now - (agent.runningSince ?? now))}, ${proof}${agent.contextPercent === null ? '' : `, context ${agent.contextPercent} %`}`
      : ` · ${agent.runningSince === null ? '' : `still running for ${duration(now - agent.runningSince)}, `}${proof}`,
    next,
    reason === undefined ? '' : ` · ${reason}`,
  );
}

function renderTasks({ open, underWay, oldest }: FleetStatus['tasks']): string | undefined {
  if (open === 0) return undefined;
  const at = oldest === null ? '' : `${oldest.agent}${oldest.place === null ? '' : `, ${oldest.place}`}`;
  const first = oldest === null ? '' : `: #${oldest.id} ${shorten(oldest.title, 80)} (${at})`;
  return `🧩 ${count(open, 'task')} open${underWay === 0 ? '' : `, ${underWay} under way`}${first}`;
}

function renderDrafts(drafts: FleetStatus['drafts'], timezone: string, now: number): Piece {
  if (drafts.pending + drafts.approved + drafts.unknown === 0) return '📥 No draft waits for you';
  return line(
    `📥 ${count(drafts.pending, 'draft')} for you`,
    drafts.nextDeadline === null ? '' : line(', first deadline ', clockTime(drafts.nextDeadline, timezone, now)),
    drafts.approved > 0 ? ` · ${drafts.approved} approved, on the way out` : '',
    drafts.unknown > 0 ? ` · ❓ ${drafts.unknown} of unknown fate` : '',
    drafts.pending > 0 ? ' · /drafts' : '',
  );
}
