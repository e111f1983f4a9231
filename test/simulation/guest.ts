import { type Chat, readButton } from './chat.ts';
import { actorOf, APPROVER, MINUTE_MS, SECOND_MS } from './fleets.ts';
import { createOwnerDesk } from './owner-desk.ts';
import type { ChatMessage, WorldRecord } from './record.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Publications of unknown fate are the owner's to judge in these worlds, and questions are answered by him alone. */
const LEFT_TO_OWNERS = /^(?:live|again|choose)$/;

/** Builds an approver or a viewer: presses whatever stands in the chat, and says whatever there is to say. */
export function createGuest(options: {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly record: WorldRecord;
  readonly chat: Chat;
  readonly isCalm: () => boolean;
  readonly agents: readonly string[];
  /** The chat of the fleet: only in a group others see what stands there. */
  readonly fleetChat: number;
  readonly by: number;
}): { start(): void } {
  const { clock, random, record, chat, isCalm, by } = options;
  const isApprover = actorOf(by) === actorOf(APPROVER);
  const desk = createOwnerDesk({ ...options, random: random.fork('desk') });

  function press(message: ChatMessage): void {
    const data = message.buttons[random.between(0, message.buttons.length - 1)]?.data;
    if (data === undefined) return;
    if (!isApprover) return chat.press(message, data, by);
    if (!LEFT_TO_OWNERS.test(readButton(data).verb)) desk.press(message, data);
  }

  function command(): string {
    const agent = random.pick(options.agents);
    return random.pick([
      '/status',
      '/drafts',
      '/budget',
      '/digest',
      `/log ${agent}`,
      `/why ${agent}`,
      '/pause all',
      `/pause ${agent} now`,
      `/stop ${agent}`,
      `/run ${agent}`,
      `/restart ${agent}`,
      '/restart nightdesk now',
      '/resume all',
      '/reload',
      '/ack',
      '/drill auth',
      `/workstate ${agent} now`,
      'Well then.',
    ]);
  }

  function look(): void {
    if (isCalm()) return;
    if (random.chance(0.3)) chat.write(command(), undefined, by);
    if (options.fleetChat > 0) return;
    const shown = record.messages.slice(-15).filter(({ buttons }) => buttons.length > 0);
    for (const message of shown) {
      if (!random.chance(0.25)) continue;
      if (isApprover && random.chance(0.5)) desk.seeTo(message);
      else press(message);
    }
    const last = record.messages.at(-1);
    if (!isApprover && last !== undefined && random.chance(0.15)) chat.write('Not like this.', last.id, by);
  }

  function wait(): void {
    clock.after(random.between(30 * SECOND_MS, 12 * MINUTE_MS), () => {
      look();
      wait();
    });
  }

  return { start: wait };
}
