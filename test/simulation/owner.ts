import type { Fleet } from '../../src/config/fleet.ts';
import type { Chat } from './chat.ts';
import { MINUTE_MS, OWNER, SECOND_MS } from './fleets.ts';
import type { LoginPages } from './login-pages.ts';
import { createOwnerDesk } from './owner-desk.ts';
import { createOwnerLogins } from './owner-logins.ts';
import type { ChatMessage, WorldRecord } from './record.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** The simulated owner: looks at the phone now and then, and is neither quick nor careful. */
export interface Owner {
  /** Begins to look at intervals. */
  start(): void;
}

/** Questions about publications that nobody knows the end of: `live:12:1:…`. */
const UNKNOWN_BUTTON = /^live:(\d+):/;

/** Answers to questions of runs: `choose:7:0:…`. */
const QUESTION_BUTTON = /^choose:(\d+):/;

const AGENT_ASKS = /^❓ \w+ asks · run /;

/** Builds the owner. When the world is calm he sees to everything that waits for him. */
export function createOwner(options: {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly record: WorldRecord;
  readonly chat: Chat;
  readonly fleet: Fleet;
  readonly pages: LoginPages;
  readonly isCalm: () => boolean;
  /** His id; the second one of a fleet sees to drafts and questions only. */
  readonly by: number;
}): Owner {
  const { clock, random, record, chat, isCalm, by } = options;
  const isFirst = by === OWNER;
  const desk = createOwnerDesk({ ...options, random: random.fork('desk') });
  /** Cards as they looked when he last saw them: his phone may show an old one for a while. */
  const seen = new Map<number, ChatMessage>();
  const seeToLogin = createOwnerLogins({ ...options, random: random.fork('logins') });
  let calmLooks = 0;

  /** He lets agents try, whatever they were told. */
  function noteResume(target: string): void {
    for (const limit of record.limits) {
      const users = target === 'all' ? [...options.fleet.agents.keys()] : [target];
      if (users.some((name) => options.fleet.agents.get(name)?.credentials.includes(limit.credential) === true))
        limit.isExcused ||= limit.resetsAt > clock.now();
    }
  }

  function write(text: string): void {
    const target = /^\/(?:resume|run|restart) (\w+)/.exec(text)?.[1];
    if (target !== undefined) noteResume(target);
    chat.write(text, undefined, by);
  }

  function button(message: ChatMessage, label: RegExp): string | undefined {
    return message.buttons.find(({ text }) => label.test(text))?.data;
  }

  function press(message: ChatMessage, data: string | undefined): void {
    if (data === undefined) return;
    const question = QUESTION_BUTTON.exec(data)?.[1];
    const text = message.buttons.find((button) => button.data === data)?.text;
    if (question !== undefined && text !== undefined)
      record.choices.push({ question: Number(question), text, at: clock.now() });
    if (/^(resume|restart|confirm):/.test(data)) noteResume('all');
    desk.press(message, data);
  }

  function seeTo(message: ChatMessage): void {
    if (isFirst && seeToLogin(message)) return;
    if (desk.seeTo(message)) return;
    if (message.buttons.some(({ data }) => QUESTION_BUTTON.test(data ?? '')) || AGENT_ASKS.test(message.text))
      return answerQuestion(message);
    const live = button(message, /It is live/);
    if (live !== undefined) {
      const id = Number(UNKNOWN_BUTTON.exec(live)?.[1]);
      const isOut = record.publications.some(({ draft }) => draft === id);
      const isRight = isCalm() || random.chance(0.9);
      return press(message, isOut === isRight ? live : button(message, /Publish again/));
    }
    if (!isFirst) return;
    const [asked] = message.buttons.filter(({ data }) => /^(confirm|leave):/.test(data ?? ''));
    if (asked !== undefined) {
      // Two buttons: it is done, or left as it is.
      const draw = random.fraction();
      const chosen =
        draw < 0.4 || (message.text.startsWith('❓') && draw < 0.8)
          ? asked
          : draw < 0.6
            ? message.buttons[1]
            : undefined;
      // What frees the fleet he means, however long it waited.
      if (isCalm()) return /\/resume/.test(message.text) ? press(message, asked.data) : undefined;
      return press(message, chosen?.data);
    }
    const mend = button(message, /Re-auth|Restart/);
    // Later he knows what is mended already, and leaves old buttons alone.
    const isNeeded = !isCalm() || !mend?.startsWith('reauth') || listDead().some((name) => message.text.includes(name));
    if (mend !== undefined && isNeeded && (isCalm() || random.chance(0.5))) return press(message, mend);
    if (!isCalm() && random.chance(0.2)) press(message, button(message, random.pick([/Ack/, /Pause/, /Log/])));
  }

  /** Credentials that do not work, as far as /status tells. */
  function listDead(): readonly string[] {
    return record.rows?.deadCredentials ?? [];
  }

  /** Late, twice, or never: whatever he says is what he said. */
  function answerQuestion(message: ChatMessage): void {
    const draw = isCalm() ? 0 : random.fraction();
    const buttons = message.buttons.filter(({ data }) => QUESTION_BUTTON.test(data ?? ''));
    if (draw > 0.7) return;
    if (buttons.length > 0 && draw < 0.55) press(message, random.pick(buttons).data);
    else {
      const id = record.showings.findLast(({ messageId }) => messageId === message.id)?.key.split(':')[1];
      const text = `Words ${random.between(1, 1_000_000)} of an answer.`;
      record.choices.push({ question: Number(id), text, at: clock.now() });
      chat.write(text, message.id, by);
    }
    // Another mind, a moment later: the first word counts.
    if (!isCalm() && buttons.length > 1 && random.chance(0.1)) press(message, random.pick(buttons).data);
  }

  /** Of old buttons the second one presses those of drafts only; and nobody asks twice for what went out. */
  function mayPress(data: string): boolean {
    return (
      !data.startsWith('again') && (isFirst || /^(approve|edit|reject|snooze|revise|undo|next|review):/.test(data))
    );
  }

  function command(): string {
    const agent = random.pick([...options.fleet.agents.keys()]);
    const credential = random.pick([...options.fleet.credentials.keys()]);
    return random.pick([
      '/status',
      '/drafts',
      '/drafts',
      `/drafts ${random.pick(['reply', agent])}`,
      `/why ${agent}`,
      `/pause ${agent} 10m`,
      `/pause ${agent} now`,
      `/resume ${agent}`,
      '/pause all 5m',
      '/resume all',
      `/reauth ${credential}`,
      '/restart nightdesk',
      `/restart nightdesk${random.chance(0.5) ? ' now' : ''}`,
      `/restart ${agent}`,
      `/stop ${agent}`,
      `/run ${agent}`,
      '/help',
      '/cancel',
      '/nonsense',
    ]);
  }

  function look(): void {
    const open = record.messages.filter(
      ({ buttons, text }) => buttons.length > 0 || (AGENT_ASKS.test(text) && text.includes('Reply to this message')),
    );
    if (isCalm() && !isFirst) return;
    const fresh = isCalm() ? open : open.slice(-random.between(1, 12));
    for (const message of fresh) if (isCalm() || random.chance(0.7)) seeTo(message);
    if (isCalm()) {
      // His pauses are lifted at once; from then on everything has to go on by itself.
      if (calmLooks++ === 0) write('/resume all');
      if (calmLooks < 4) chat.write('/reload');
      // Alerts that he deleted have no button any more: he asks by name.
      if (calmLooks % 8 === 2)
        for (const name of listDead())
          if (options.fleet.credentials.get(name)?.login !== undefined) chat.write(`/reauth ${name}`);
      return;
    }
    const old = seen.size > 0 && random.chance(0.4) ? random.pick([...seen.values()]) : undefined;
    const stale = old === undefined || old.buttons.length === 0 ? undefined : random.pick(old.buttons).data;
    if (old !== undefined && stale !== undefined && mayPress(stale)) press(old, stale);
    for (const message of record.messages.slice(-30)) if (!seen.has(message.id)) seen.set(message.id, { ...message });
    if (random.chance(0.25)) write(isFirst ? command() : '/drafts');
    if (!isFirst) return;
    if (random.chance(0.02)) chat.write('What is going on?');
    if (random.chance(0.02)) chat.writeAsStranger();
    // What only he knows he is asked once: that question he keeps.
    const expendable = record.messages.slice(-20).filter((message) => button(message, /It is live/) === undefined);
    if (random.chance(0.03) && expendable.length > 0) chat.remove(random.pick(expendable));
  }

  function wait(): void {
    const pause = isCalm()
      ? MINUTE_MS
      : random.between(20 * SECOND_MS, random.chance(0.2) ? 40 * MINUTE_MS : 6 * MINUTE_MS);
    clock.after(pause, () => {
      look();
      wait();
    });
  }

  return { start: wait };
}
