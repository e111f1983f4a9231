import { Menu } from '@grammyjs/menu';
import type { Context } from 'grammy';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Clock } from '../ports.ts';
import { AGENT_SIGNS, type AgentStatus, loadAgentStatus, renderReason } from '../vigil/status.ts';
import { bold, clockTime, code, count, duration, line, lines, type Piece, shorten } from './cards/words.ts';

/** Columns of the list of agents: two names fit a phone. */
const COLUMNS = 2;

/** The /fleet menu: navigation over the agents and nothing else, so that a stale or forged button can do no harm. */
export interface FleetMenu {
  readonly menu: Menu<Context>;
  /** What /fleet shows first. */
  renderList(): Piece;
}

/** Builds the menu. Its fingerprint is the list of agents: a button of another fleet answers that it is outdated. */
export function createFleetMenu(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
}): FleetMenu {
  const { fleet, storage, clock } = options;
  const fingerprint = [...fleet.agents.keys()].join(' ');

  function statusOf(name: string): AgentStatus | undefined {
    const agent = fleet.agents.get(name);
    return agent === undefined ? undefined : loadAgentStatus(agent, storage);
  }

  function renderList(): Piece {
    const statuses = [...fleet.agents.keys()].map(statusOf).filter((status) => status !== undefined);
    const held = statuses.filter(({ condition }) => condition === 'held' || condition === 'failed').length;
    const running = statuses.filter(({ condition }) => condition === 'running').length;
    return lines(
      bold(`The fleet: ${count(statuses.length, 'agent')}`),
      `${running} running, ${held} held or failed. Press one to look at it.`,
    );
  }

  function renderPanel(name: string): Piece {
    const status = statusOf(name);
    if (status === undefined) return `There is no agent ${name} any more.`;
    const now = clock.now();
    const at = (time: number): Piece => clockTime(time, fleet.timezone, now);
    const { lastRun } = status;
    const used = lastRun === null ? '' : describeUse(lastRun);
    return lines(
      bold(`${AGENT_SIGNS[status.condition]} ${status.name}: ${status.condition}`),
      renderReason(status, now, 300),
      status.lastProofAt === null
        ? 'It has proved nothing yet.'
        : line('Last proof ', at(status.lastProofAt), `, ${duration(now - status.lastProofAt)} ago`),
      status.runningSince === null ? undefined : `Running for ${duration(now - status.runningSince)}`,
      status.nextDueAt === null || status.nextDueAt <= now ? undefined : line('Next due ', at(status.nextDueAt)),
      lastRun === null
        ? 'No run yet.'
        : `Last run: ${lastRun.state}${lastRun.evidence === null ? '' : `, ${shorten(lastRun.evidence, 200)}`} (run ${lastRun.id})`,
      used === '' ? undefined : used,
      '',
      // Not as links: a tap on those sends the bare command, and /pause alone pauses everybody.
      line(
        'Tap to copy: ',
        ...['why', 'pause', 'resume', 'workstate'].flatMap((word) => [code(`/${word} ${name}`), ' ']),
      ),
    );
  }

  async function show(ctx: Context, piece: Piece): Promise<void> {
    const { text, entities } = typeof piece === 'string' ? { text: piece, entities: [] } : piece;
    await ctx.editMessageText(text, { entities });
  }

  const panel = new Menu<Context>('agent', { fingerprint: () => fingerprint })
    .text(
      { text: 'Refresh', payload: (ctx) => String(ctx.match ?? '') },
      async (ctx) => await show(ctx, renderPanel(String(ctx.match))),
    )
    .back('All agents', async (ctx) => await show(ctx, renderList()));

  const menu = new Menu<Context>('fleet', { fingerprint: () => fingerprint }).dynamic((_ctx, range) => {
    for (const [index, name] of [...fleet.agents.keys()].entries()) {
      const condition = statusOf(name)?.condition ?? 'idle';
      range.submenu(
        { text: `${AGENT_SIGNS[condition]} ${name}`, payload: name },
        'agent',
        async (ctx) => await show(ctx, renderPanel(name)),
      );
      if (index % COLUMNS === COLUMNS - 1) range.row();
    }
  });
  menu.register(panel);
  return { menu, renderList };
}

/** What a run was made with and what it used, as far as its CLI tells; empty where it tells nothing. */
function describeUse({
  model,
  cliVersion,
  inputTokens,
  outputTokens,
  costUsd,
}: NonNullable<AgentStatus['lastRun']>): string {
  const parts = [
    model === null ? '' : model,
    cliVersion === null ? '' : `version ${cliVersion}`,
    inputTokens === null || outputTokens === null ? '' : `${inputTokens} tokens in, ${outputTokens} out`,
    costUsd === null ? '' : `$${costUsd.toFixed(2)} at list prices`,
  ];
  return parts.filter(Boolean).join(' · ');
}
