import type { FleetLoadRow } from '../../storage/fleet-load-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Change, ComparedFile } from '../config/fleet-diff.ts';
import type { Fleet } from '../config/fleet.ts';
import type { LiveFleet } from '../config/live-fleet.ts';
import { nameOfPerson } from '../drafts/who.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { createPatientWriter } from '../patient-writer.ts';
import type { Clock, Log } from '../ports.ts';
import type { Questions } from '../questions/questions.ts';
import { outcomeText, renderReload } from '../telegram/cards/reload-card.ts';
import { richText } from '../telegram/cards/words.ts';
import type { Confirmations } from '../telegram/confirmations.ts';
import type { Outbox } from '../telegram/outbox.ts';
import { decideReload, type ReloadDecision } from './decide-reload.ts';
import { followFleet } from './follow-fleet.ts';
import type { FleetFile } from './reading.ts';

/** What came of reading fleet.yaml anew. */
export type ReloadOutcome =
  | Exclude<ReloadDecision, { readonly kind: 'take' | 'same' }>
  /** `last`: the row of the file that is in force. */
  | { readonly kind: 'same'; readonly last: FleetLoadRow | undefined }
  | { readonly kind: 'taken'; readonly changes: readonly Change[]; readonly toKnow: readonly string[] };

/** Takes fleet.yaml over anew while everything runs: all of it, or nothing. */
export interface Reloads {
  /** Writes down the file of this start, and does what follows from it; called before anything is due. */
  started(): void;
  /**
   * One transaction: what it does is in force once that, or the one around it, is committed. `confirmed`: the hash of the file that its
   * owner said yes to.
   */
  reload(actor: string, confirmed?: string): ReloadOutcome;
  /** SIGHUP: does the same, and says to the owner what came of it; gives it in a line for the terminal. */
  hangUp(): Promise<string>;
  stop(): void;
}

const CONFIG_FINGERPRINT = 'config:fleet.yaml';
/** Who asks with a signal. */
const SIGHUP_ACTOR = 'SIGHUP';
/** More lines than that are in no row: who changes that much has the file itself. */
const MOST_LINES = 200;

/** Builds the room over the live fleet. */
export function createReloads(options: {
  readonly live: LiveFleet;
  readonly file: FleetFile;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly incidents: IncidentRegister;
  readonly questions: Pick<Questions, 'withdraw'>;
  readonly outbox: Outbox;
  readonly confirmations: Confirmations;
  /** What waits for a chat that is not named any more goes to the one that is. */
  readonly followChats: (next: Fleet) => void;
  readonly learnSecret: (secret: string) => void;
  readonly scrub: (text: string) => string;
  readonly onFatal: (error: unknown) => void;
}): Reloads {
  const { live, storage, clock, log, incidents, outbox } = options;
  const writer = createPatientWriter({ name: 'reload', clock, log });
  let running: ComparedFile & { readonly hash: string } = {
    raw: options.file.raw,
    hash: options.file.hash,
    fleet: live.current(),
  };
  let hasStopped = false;
  /** What is in force as soon as its row is. */
  let pending: { readonly id: number; readonly file: typeof running } | undefined;

  storage.onChange('fleet', () => {
    const taken = pending;
    pending = undefined;
    if (taken === undefined || storage.fleetLoads.get(taken.id)?.hash !== taken.file.hash) return;
    running = taken.file;
    live.replace(taken.file.fleet);
    log.info('fleet.yaml was taken over', { hash: taken.file.hash });
  });

  function write(how: FleetLoadRow['how'], actor: string | null, hash: string, texts: readonly string[]): number {
    const changes = JSON.stringify(texts.slice(0, MOST_LINES).map(options.scrub));
    return storage.fleetLoads.add({ at: clock.now(), hash, how, actor, changes });
  }

  /** The row of the file that is in force, with the name of who had it taken over. */
  function lastLoad(): FleetLoadRow | undefined {
    const last = storage.fleetLoads.last();
    if (last === undefined || last.how !== 'reload' || last.actor === null) return last;
    return { ...last, actor: nameOfPerson({ fleet: live.current(), storage }, last.actor) };
  }

  function reload(how: 'reload' | 'signal', actor: string, confirmed?: string): ReloadOutcome {
    const reading = options.file.read();
    // Before a word of the file is said.
    if (reading.kind === 'valid') for (const secret of reading.secrets) options.learnSecret(secret);
    const decision = decideReload(running, reading, confirmed);
    if (decision.kind !== 'bad') incidents.resolve(CONFIG_FINGERPRINT, 'fleet.yaml is valid again.');
    if (decision.kind === 'same') return { kind: 'same', last: lastLoad() };
    if (decision.kind !== 'take') return decision;
    const { fleet, raw, hash } = decision.reading;
    const texts = decision.changes.map(({ kind, text }) => `${kind}: ${text}`);
    pending = { id: write(how, actor, hash, texts), file: { fleet, raw, hash } };
    const toKnow = followFleet(options, fleet, clock.now());
    options.followChats(fleet);
    greetChat(fleet, pending.id);
    return { kind: 'taken', changes: decision.changes, toKnow };
  }

  /** Whoever reads there has to know; and a chat that the bot may not write to shows now, and not at the next alert. */
  function greetChat({ telegram }: Fleet, id: number): void {
    const { chat, topic } = telegram;
    if (chat === running.fleet.telegram.chat) return;
    const text =
      '👋 This is where your fleet reports from now on: fleet.yaml was taken over with this chat. /status says how it stands.';
    const content = { kind: 'text' as const, body: { text, entities: [] } };
    outbox.send({ key: `moved-here:${id}`, class: 'notice', content, chatId: chat, topicId: topic ?? null });
  }

  function hangUp(): string {
    const outcome = reload('signal', SIGHUP_ACTOR);
    const now = clock.now();
    const words = renderReload(outcome, { timezone: live.fleet.timezone, now, how: 'signal' });
    const key = `hang-up:${now}`;
    if (outcome.kind === 'bad') tellBad(outcome);
    else if (outcome.kind === 'ask') {
      const asked = { command: 'reload', argument: outcome.hash, actor: SIGHUP_ACTOR, saidAt: now, now };
      const content = options.confirmations.ask({ ...asked, messageKey: key, yes: TAKE_OVER }, words);
      outbox.send({ key, class: 'card', content });
    } else outbox.send({ key, class: 'card', content: { kind: 'text', body: richText(words) }, sound: 'never' });
    return outcomeText(outcome);
  }

  function tellBad({ problems, omitted }: Extract<ReloadOutcome, { readonly kind: 'bad' }>): void {
    const more = omitted > 0 ? [`… and ${omitted} more`] : [];
    incidents.report({
      kind: 'config',
      fingerprint: CONFIG_FINGERPRINT,
      subject: 'fleet.yaml',
      severity: 'warning',
      title: 'fleet.yaml is not valid',
      evidence: [...problems, ...more].join('\n'),
      agents: [],
      note: 'SIGHUP asked for it to be taken over. Nothing was changed: the fleet goes on with the file of before. Correct it on the host, then send /reload.',
    });
  }

  return {
    started: () =>
      storage.transaction(() => {
        const last = storage.fleetLoads.last();
        const isNew = last !== undefined && last.hash !== running.hash;
        write('start', null, running.hash, isNew ? ['another file than before'] : []);
        followFleet(options, running.fleet, clock.now());
        incidents.resolve(CONFIG_FINGERPRINT, 'Nightdesk was started with a valid one.');
      }),
    reload: (actor, confirmed) => storage.transaction(() => reload('reload', actor, confirmed)),
    async hangUp() {
      let said = 'Nightdesk is ending: its next start reads the file';
      const write = writer.write(() => {
        if (!hasStopped) said = storage.transaction(hangUp);
      });
      await write.catch(options.onFatal);
      return said;
    },
    stop() {
      hasStopped = true;
      writer.stop();
    },
  };
}

/** What the button says that takes a file over. */
export const TAKE_OVER = 'Take it over';
