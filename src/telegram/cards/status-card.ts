import type { SilenceRow } from '../../../storage/silence-store.ts';
import { dateAndTime } from '../../loop/wall-clock.ts';
import { type AgentStatus, type FleetStatus, renderReason, signOf } from '../../vigil/status.ts';
import type { CallbackData } from '../callback-data.ts';
import type { Button, Content } from '../outbox.ts';
import { pageButton, resumeAllButton } from './agent-buttons.ts';
import { incidentButton, statusButton } from './status-buttons.ts';
import {
  bold,
  clockTime,
  code,
  count,
  duration,
  italic,
  line,
  lines,
  LONGEST_TEXT,
  type Piece,
  richText,
  shorten,
} from './words.ts';

/** A fleet of up to so many is shown agent by agent; of a larger one those that are well are a number. */
const MOST_AGENTS = 12;
/** Of what is wrong so much is named; the rest is a number, or the message would be cut off. */
const MOST_AMISS = 14;
const MOST_INCIDENTS = 6;
const MOST_CREDENTIALS = 3;
const MOST_SILENCES = 3;
/** Incidents with a button of their own: one row. */
const MOST_INCIDENT_BUTTONS = 3;
/** A line and a half of a phone. */
const LONGEST_TITLE = 100;
const LONGEST_REASON = 90;

/** What /status is rendered with. */
export interface StatusSetting {
  readonly timezone: string;
  readonly callbackData: CallbackData;
  readonly silences: readonly SilenceRow[];
}

/** /status: one screen, what is wrong first, then each agent with the age of its last proof, and the next screens a tap away. */
export function renderStatus(status: FleetStatus, setting: StatusSetting): Content {
  const { at } = status;
  const body = richText(
    lines(
      ...renderSilences(setting, at),
      ...renderHead(status),
      renderRestart(status, setting.timezone),
      ...renderIncidents(status),
      ...renderCredentials(status, setting.timezone),
      '',
      ...renderAgents(status, setting.timezone),
      '',
      renderDrafts(status.drafts, setting.timezone, at),
      renderTasks(status.tasks),
      status.outbox.waiting > 0 && status.outbox.oldestAt !== null && at - status.outbox.oldestAt > 60_000
        ? `📮 ${count(status.outbox.waiting, 'message')} not sent yet, the oldest for ${duration(at - status.outbox.oldestAt)}`
        : undefined,
      status.containment === null ? undefined : `🧱 Runs are contained by: ${status.containment}`,
      italic(line('Updated ', clockTime(at, setting.timezone, at, 'second'))),
    ),
  );
  return {
    kind: 'text',
    body: body.text.length <= LONGEST_TEXT ? body : { text: shorten(body.text, LONGEST_TEXT), entities: [] },
    buttons: buttonsOf(status, setting.callbackData),
  };
}

function renderSilences({ silences, timezone }: StatusSetting, now: number): readonly Piece[] {
  const shown = silences
    .slice(0, MOST_SILENCES)
    .map(({ matcher, until }) => line('🔕 Silenced until ', clockTime(until, timezone, now), `: ${matcher}`));
  return silences.length <= MOST_SILENCES
    ? shown
    : [...shown, `🔕 and ${silences.length - MOST_SILENCES} more: /silence`];
}

function renderRestart({ restartsAt, at }: FleetStatus, timezone: string): Piece | undefined {
  if (restartsAt === null) return undefined;
  const when = restartsAt > at ? line('by ', clockTime(restartsAt, timezone, at), ' at the latest') : 'now';
  return line(bold('🔁 Nightdesk restarts '), when, ': nothing new starts');
}

/** Whether an agent's state is one that somebody has to look at. */
function isAmiss({ condition }: AgentStatus): boolean {
  return condition === 'held' || condition === 'failed';
}

function renderHead({ incidents, credentials, agents, paused }: FleetStatus): readonly (Piece | undefined)[] {
  const proved = agents.filter((agent) => agent.lastProofAt !== null).length;
  const amiss = agents.filter(isAmiss).length;
  const healthy =
    incidents.length === 0 &&
    paused === null &&
    credentials.every((credential) => credential.state !== 'dead') &&
    amiss === 0;
  return [
    healthy
      ? bold(
          proved === agents.length
            ? '🟢 All agents are well'
            : `⚪️ I know of nothing wrong, but ${agents.length - proved} of ${count(agents.length, 'agent')} ${agents.length - proved === 1 ? 'has' : 'have'} proved nothing yet`,
        )
      : undefined,
    paused === null ? undefined : line(bold('⏸ All agents are paused: '), code('/resume all')),
    // What holds them is not always an incident: a pause of one's own is none.
    amiss > 0 && paused === null && incidents.length === 0
      ? bold(`⛔️ ${amiss} of ${count(agents.length, 'agent')} ${amiss === 1 ? 'is' : 'are'} held or failed`)
      : undefined,
  ];
}

function worstFirst(incidents: FleetStatus['incidents']): FleetStatus['incidents'] {
  return incidents.toSorted((a, b) => Number(b.severity === 'critical') - Number(a.severity === 'critical'));
}

function renderIncidents({ incidents, at }: FleetStatus): readonly Piece[] {
  const shown = worstFirst(incidents)
    .slice(0, MOST_INCIDENTS)
    .map((incident) =>
      line(
        incident.severity === 'critical' ? '🔴 ' : '🟠 ',
        bold(shorten(incident.title, LONGEST_TITLE)),
        ` · #${incident.id} · for ${duration(at - incident.since)}`,
      ),
    );
  return incidents.length <= MOST_INCIDENTS
    ? shown
    : [...shown, `… and ${incidents.length - MOST_INCIDENTS} more: /incidents`];
}

type ShownCredential = FleetStatus['credentials'][number];

/** Each of a few; of more than that those that are not well, and the others as one line. */
function renderCredentials({ credentials, incidents, at }: FleetStatus, timezone: string): readonly string[] {
  const shown = credentials.filter(({ state }) => state !== 'dead' || incidents.length === 0);
  if (shown.length <= MOST_CREDENTIALS) return shown.map((credential) => renderCredential(credential, at, timezone));
  const well = shown.filter(({ state, provedAt }) => state === 'alive' && provedAt !== null);
  const others = shown.filter((credential) => !well.includes(credential));
  const oldest = Math.min(...well.map(({ provedAt }) => provedAt ?? at));
  return [
    ...others.slice(0, MOST_CREDENTIALS).map((credential) => renderCredential(credential, at, timezone)),
    ...(others.length > MOST_CREDENTIALS
      ? [`🔑 … and ${others.length - MOST_CREDENTIALS} more not proved or ending`]
      : []),
    ...(well.length === 0
      ? []
      : [`🔑 ${count(well.length, 'credential')} alive, oldest proof ${duration(at - oldest)} ago`]),
  ];
}

function renderCredential(credential: ShownCredential, now: number, timezone: string): string {
  const { title, state, provedAt, expiresAt, rotatesAt } = credential;
  const proof = provedAt === null ? 'no proof yet' : `last proof ${duration(now - provedAt)} ago`;
  const end =
    expiresAt === null ? '' : ` · ${expiresAt > now ? 'ends' : 'ended'} ${dateAndTime(expiresAt, timezone, now)}`;
  const rotation = rotatesAt === null ? '' : ` · rotates ${dateAndTime(rotatesAt, timezone, now)}`;
  return `${state === 'expiring' ? '⏰' : '🔑'} ${title}: ${state}, ${proof}${end}${rotation}`;
}

function renderAgents(status: FleetStatus, timezone: string): readonly Piece[] {
  const { agents, paused, at } = status;
  const render = (agent: AgentStatus): Piece => renderAgent(agent, paused, at, timezone);
  if (agents.length <= MOST_AGENTS) return agents.map(render);
  const amiss = agents.filter((agent) => isAmiss(agent) && !isJustPaused(agent, paused));
  const held = agents.filter((agent) => isJustPaused(agent, paused)).length;
  const others = agents.filter((agent) => !isAmiss(agent));
  const proofs = others.map(({ lastProofAt }) => lastProofAt).filter((proof) => proof !== null);
  const unproved = others.length - proofs.length;
  return [
    ...amiss.slice(0, MOST_AMISS).map(render),
    ...(amiss.length > MOST_AMISS ? [`⛔️ … and ${amiss.length - MOST_AMISS} more held or failed: /fleet`] : []),
    ...(held === 0 ? [] : [`⏸ ${count(held, 'agent')} paused`]),
    ...(unproved === 0 ? [] : [`⚪️ ${count(unproved, 'agent has', 'agents have')} proved nothing yet`]),
    ...(proofs.length === 0
      ? []
      : [
          `🟢 ${count(proofs.length, 'agent')} well, oldest proof ${duration(at - Math.min(...proofs))} ago · ${agents.filter(({ condition }) => condition === 'running').length} running`,
        ]),
  ];
}

/** The line above all agents says it already, and a pause of one's own is nothing wrong. */
function isJustPaused({ condition, reason }: AgentStatus, paused: string | null): boolean {
  return paused !== null && condition === 'held' && reason === paused;
}

function renderAgent(agent: AgentStatus, paused: string | null, now: number, timezone: string): Piece {
  const isPaused = isJustPaused(agent, paused);
  const proof = agent.lastProofAt === null ? 'no proof yet' : `last proof ${duration(now - agent.lastProofAt)} ago`;
  const next =
    agent.condition !== 'held' && agent.runningSince === null && agent.nextDueAt !== null && agent.nextDueAt > now
      ? line(' · next ', clockTime(agent.nextDueAt, timezone, now))
      : '';
  const reason = isPaused ? undefined : renderReason(agent, now, LONGEST_REASON);
  return line(
    `${isPaused ? '⏸' : signOf(agent)} `,
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

function buttonsOf({ incidents, drafts, paused }: FleetStatus, callbackData: CallbackData): Button[][] {
  const refresh = statusButton('Refresh', 'show', callbackData);
  const waiting = statusButton(`Drafts ${drafts.pending}`, 'drafts', callbackData);
  const further = [pageButton('Fleet', 0, callbackData), statusButton('Checklist', 'checklist', callbackData)];
  const worst = worstFirst(incidents)
    .slice(0, MOST_INCIDENT_BUTTONS)
    .map(({ id, severity }) => incidentButton(`${severity === 'critical' ? '🔴' : '🟠'} #${id}`, id, callbackData));
  const mends: Button[] = [
    ...(paused === null ? [] : [resumeAllButton(callbackData)]),
    ...(incidents.length > MOST_INCIDENT_BUTTONS ? [incidentButton('All incidents', 0, callbackData)] : []),
  ];
  return [
    ...(worst.length === 0 ? [] : [worst]),
    ...(mends.length === 0 ? [] : [mends]),
    ...(drafts.pending === 0 ? [[refresh, ...further]] : [[refresh, waiting], further]),
  ];
}
