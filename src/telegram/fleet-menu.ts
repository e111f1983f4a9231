import { createHash } from 'node:crypto';
import { Menu } from '@grammyjs/menu';
import type { Context } from 'grammy';
import type { HoldRow } from '../../storage/hold-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Clock } from '../ports.ts';
import { loadAgentStatus, signOf } from '../vigil/status.ts';
import { layOut } from './cards/agent-buttons.ts';
import { cutPage, pageOf, renderFleetList } from './cards/fleet-list.ts';
import { lines } from './cards/words.ts';
import { ageNote } from './confirmations.ts';
import type { FleetScreens } from './fleet-screens.ts';
import type { Content, Outbox } from './outbox.ts';
import { createPressedMessage, pressedIn } from './pressed-message.ts';

/** Said of a button that was made for another list of agents; the message shows the new one. */
const OUTDATED = 'That list was outdated: fleet.yaml has other agents by now. This is the new one.';
/**
 * Letters that name a list of agents in a button, 24 bits of a hash: the menu's own hash takes one list in 250 for another (facts: menu 1.5).
 * With them and the longest name, of 32, a button carries 61 of its 64 bytes.
 */
const STAMP_LENGTH = 4;
/** As wide as a sign gets: where a button stands must not change with how its agent fares. */
const WIDEST_SIGN = '⛔️';

/** The list of agents, as a menu of grammY: it shows, and changes nothing, since a menu does not ask who presses, nor what a button once meant. */
export interface FleetMenu {
  /** Answers the list's buttons, and leaves all others to who comes after; it needs the row transformer before it. */
  readonly menu: Menu<Context>;
  /** Answers a command that is `ageMs` old with the list. */
  open(ctx: Context, ageMs: number): Promise<void>;
  /** The pressed message shows that page of the list from now on. */
  show(ctx: Context, page: number): Promise<void>;
}

/** Builds the menu. What it lists is read anew each time: a reload changes the fleet. */
export function createFleetMenu(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly screens: FleetScreens;
}): FleetMenu {
  const { fleet, storage, clock, screens } = options;
  const message = createPressedMessage(options);

  function names(): string[] {
    return [...fleet.agents.keys()];
  }

  function stamp(): string {
    return createHash('sha256').update(names().join(' ')).digest('base64url').slice(0, STAMP_LENGTH);
  }

  /** What a button carries behind the stamp: its page, or an agent's name, which has no `#`. */
  function carried(ctx: Context): string {
    return typeof ctx.match === 'string' ? ctx.match.slice(STAMP_LENGTH) : '';
  }

  function pageIn(ctx: Context): number {
    const what = carried(ctx);
    const page = /^#(\d{1,4})$/.exec(what)?.[1];
    return cutPage(names(), page === undefined ? pageOf(names().indexOf(what)) : Number(page)).page;
  }

  /** From here on the menu renders that page in this update; gives what stands above its buttons. */
  function turnTo(ctx: Context, page: number): ReturnType<typeof renderFleetList> {
    ctx.match = `${stamp()}#${page}`;
    const holds = storage.holds.active();
    const agents = [...fleet.agents.values()].map((agent) => loadAgentStatus(agent, storage, holds));
    return renderFleetList(agents, page, { timezone: fleet.timezone, now: clock.now() });
  }

  async function show(ctx: Context, page: number): Promise<void> {
    const { text, entities } = turnTo(ctx, page);
    await ctx.editMessageText(text, { entities, reply_markup: menu });
  }

  function showScreen(ctx: Context, content: Content): void {
    storage.transaction(() => message.show(pressedIn(ctx), content));
  }

  async function openPanel(ctx: Context): Promise<void> {
    const agent = fleet.agents.get(carried(ctx));
    if (agent === undefined) await show(ctx, 0);
    else showScreen(ctx, screens.panel(agent));
  }

  function labelOf(name: string, holds: readonly HoldRow[]): string {
    const agent = fleet.agents.get(name);
    return agent === undefined ? name : `${signOf(loadAgentStatus(agent, storage, holds))} ${name}`;
  }

  const menu = new Menu<Context>('fleet', {
    // None where the stamp is another one: a button with a fingerprint is outdated then.
    fingerprint: (ctx) => (String(ctx.match).startsWith(stamp()) ? stamp() : ''),
    onMenuOutdated: async (ctx) => {
      await ctx.answerCallbackQuery({ text: OUTDATED });
      await show(ctx, pageIn(ctx));
    },
  }).dynamic((ctx, range) => {
    const at = stamp();
    const holds = storage.holds.active();
    const { page, pages, shown } = cutPage(names(), pageIn(ctx));
    const payload = `${at}#${page}`;
    for (const row of layOut(shown.map((name) => ({ name, text: `${WIDEST_SIGN} ${name}` })))) {
      for (const { name } of row) range.text({ text: () => labelOf(name, holds), payload: `${at}${name}` }, openPanel);
      range.row();
    }
    if (page > 0) range.text({ text: '« Back', payload }, (pressed) => show(pressed, page - 1));
    if (page < pages - 1) range.text({ text: 'Next »', payload }, (pressed) => show(pressed, page + 1));
    if (pages > 1) range.row();
    range
      .text({ text: 'Refresh', payload }, (pressed) => show(pressed, page))
      .text({ text: 'Status', payload }, (pressed) => showScreen(pressed, screens.status()));
  });

  return {
    menu,
    async open(ctx, ageMs) {
      const note = ageNote(ageMs);
      const list = turnTo(ctx, 0);
      const { text, entities } = note === undefined ? list : lines(list, '', note);
      await ctx.reply(text, { entities, reply_markup: menu });
    },
    show,
  };
}
