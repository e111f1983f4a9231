import type { OutboxRow } from '../../storage/outbox-store.ts';
import type { Storage } from '../../storage/storage.ts';
import { type Clock, type Disk, type Log, TelegramError, type TelegramApi } from '../ports.ts';
import { createPatientWriter } from '../patient-writer.ts';
import type { LogLineReader } from '../runtimes/log-entries.ts';
import { createWorker, isPassingStorageTrouble, STORAGE_RETRY_MS, type Worker } from '../worker.ts';
import { type Call, callFor, type ReadyContent } from './bot-call.ts';
import { createChatPace, REFILL_MS } from './chat-pace.ts';
import { type Delivery, decideAfterFailure, simpler } from './delivery.ts';
import { createFileReader } from './file-content.ts';
import { createMediaReader } from './media-content.ts';
import { createDetours } from './detours.ts';
import { type Content, type Fetched, type FetchContent, isMedia } from './outbox.ts';
import { createOnlyChat, type Places } from './places.ts';
import { createUndeliveredNews } from './undelivered-news.ts';

/** How long one call may take before its answer counts as lost. Telegram answers in well under a second. */
const CALL_TIMEOUT_MS = 20_000;
/** What an upload has besides: a phone's uplink carries 100 kB/s, and the largest files that Telegram takes have 50 MB. */
const UPLOAD_BYTES_PER_MS = 100;
const LONGEST_UPLOAD_MS = 600_000;
/** Pause after a failed call, doubling: short at first, since most outages are; never so long that recovery is slow. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** After so many answers in a row that never came, something harmless is asked first: each message may have been shown each time. */
const MOST_DOUBLES = 3;
/** What only asks who we are is answered in well under a second. */
const QUESTION_TIMEOUT_MS = 10_000;

/** How long a call under way has to end when everything stops. */
const LAST_WORDS_MS = 1_000;

/** The sender, and what the pulse wants to know of it. */
export interface Sender extends Worker {
  /** Settles what a crash left half sent; called once, before `start`. */
  recover(): void;
}

/**
 * The effector of the outbox: makes Telegram show what the rows want.
 *
 * Each look: 1. takes what is due, most urgent first; 2. gives up what is no longer worth sending; 3. sends at most one message
 * of each class at a time, so that an alert never waits behind a card; 4. writes down what came of it.
 * Only replies are marked before the call: they are at most once. All others may come twice after a crash, never not at all.
 */
export function createSender(options: {
  readonly storage: Storage;
  readonly api: TelegramApi;
  readonly clock: Clock;
  readonly log: Log;
  /** Where the logs and the files are that messages name. */
  readonly disk: Pick<Disk, 'readLog' | 'readWhole'>;
  /** Takes secrets out of what is read from them. */
  readonly scrub: (text: string) => string;
  /** Who understands the lines of a log, for its end to be readable. */
  readonly lineReaderOf?: (logPath: string) => LogLineReader | undefined;
  /** Hears of each file of an owner's that was read, or could not be; within the transaction in which its row is settled. */
  readonly onFetched?: (wanted: FetchContent, fetched: Fetched) => void;
  /** Where an alert goes when its own chat refuses us: the first owner's private chat. */
  readonly ownerChatId: number;
  /** Where else than to the fleet's chat messages go; without it nowhere. */
  readonly places?: Places;
  readonly onFatal: (error: unknown) => void;
}): Sender {
  const { storage, api, clock, log } = options;
  const readFile = createFileReader(options);
  const readMedia = createMediaReader(options.disk);
  const busy = new Set<string>();
  const flying = new Set<Promise<void>>();
  let failures = 0;
  let lostInARow = 0;
  /** Why all calls wait, if they do; ended by a timer and not by the time of day, which may jump. */
  let pausedFor: 'flood' | 'trouble' | undefined;
  let cancelPause = (): void => {};
  let pauseEndsAt = 0;
  const pace = createChatPace(clock.now());
  const places = options.places ?? createOnlyChat(options.ownerChatId);
  const news = createUndeliveredNews(options);
  const detours = createDetours({ storage, clock, log, places });
  const stopped = new AbortController();
  const writer = createPatientWriter({ name: 'sender', clock, log });
  function look(): number | undefined {
    const now = clock.now();
    if (pausedFor === 'trouble') return undefined;
    let held = false;
    for (const row of storage.outbox.due(now, 50)) {
      // A flood is the chat's: the answer to a press goes to no chat.
      if (pausedFor === 'flood' && (row.class !== 'answer' || row.chatId !== null)) continue;
      // Files take minutes where others take a second, and come below what they belong to.
      const lane = row.class === 'answer' ? row.key : isMedia(row) ? 'media' : row.class;
      if (busy.has(lane) || (lane === 'media' && awaitsOther(row))) continue;
      if (isOfFormerPerson(row)) {
        storage.transaction(() => endForFormer(row, now));
        continue;
      }
      if (row.messageId === null && row.giveUpAt !== null && row.giveUpAt <= now) {
        storage.transaction(() => {
          storage.outbox.end(row.id, 'refused', 'not delivered in time');
          news.undeleted(row, now);
        });
        continue;
      }
      if (!pace.take(row, now)) {
        held = true;
        continue;
      }
      busy.add(lane);
      const flight = deliver(row)
        .catch(options.onFatal)
        .finally(() => {
          busy.delete(lane);
          flying.delete(flight);
          worker.nudge();
        });
      flying.add(flight);
    }
    if (held) return REFILL_MS;
    if (pausedFor !== undefined) return undefined;
    const next = storage.outbox.nextAt();
    return next === undefined ? undefined : Math.max(0, next - now) || undefined;
  }

  /** Whoever fleet.yaml names no more is shown nothing more: not what a message of his would go on to show, either. */
  function isOfFormerPerson({ chatId, content }: OutboxRow): boolean {
    return chatId !== null && chatId > 0 && !places.isOurs(chatId) && !content.startsWith('{"kind":"delete"');
  }

  function endForFormer(row: OutboxRow, now: number): void {
    if (row.messageId !== null) return storage.outbox.delivered(row.id, row.wanted, null, now);
    log.warn('a message to somebody who is not in fleet.yaml is not sent', { key: row.key });
    storage.outbox.end(row.id, 'refused', 'fleet.yaml does not name its reader any more');
  }

  /** Whether the message that it answers is still to be shown. */
  function awaitsOther({ replyToKey }: OutboxRow): boolean {
    const other = replyToKey === null ? undefined : storage.outbox.get(replyToKey);
    return other !== undefined && other.messageId === null && (other.state === 'queued' || other.state === 'sending');
  }

  function pauseAll(reason: 'flood' | 'trouble', delayMs: number): void {
    // What Telegram asked for is not cut short by our own guess.
    if (pausedFor === 'flood' && reason === 'trouble') return;
    // Of several answers to calls that were under way at once the longest wait counts.
    const endsAt = clock.monotonic() + delayMs;
    if (pausedFor === 'flood' && endsAt <= pauseEndsAt) return;
    pauseEndsAt = endsAt;
    pausedFor = reason;
    cancelPause();
    cancelPause = clock.after(delayMs, lostInARow < MOST_DOUBLES ? resume : askFirst);
  }

  function resume(): void {
    cancelPause();
    pausedFor = undefined;
    worker.nudge();
  }

  function resumeAfterTrouble(): void {
    if (pausedFor !== 'flood') resume();
  }

  /** Whoever loses every answer shows the same alert again and again: nothing is sent before a question was answered. */
  function askFirst(): void {
    const asking = api
      .call('getMe', {}, { timeoutMs: QUESTION_TIMEOUT_MS, signal: stopped.signal })
      .then(resumeAfterTrouble, (error: unknown) => {
        if (!(error instanceof TelegramError)) throw error;
        if (error.code === 'lost' || error.code === 'unreachable' || error.code === 'aborted')
          pauseAll('trouble', LONGEST_PAUSE_MS);
        else resumeAfterTrouble();
      })
      .catch(options.onFatal)
      .finally(() => flying.delete(asking));
    flying.add(asking);
  }

  async function deliver(row: OutboxRow): Promise<void> {
    if (row.class === 'reply' && row.messageId === null && !markSending(row)) return;
    const result = await attempt(row);
    lostInARow = result.kind === 'unknown' || (result.kind === 'retry' && result.isLost) ? lostInARow + 1 : 0;
    if (result.kind === 'retry' && result.everybody) {
      failures += 1;
      pauseAll(result.isFlood === true ? 'flood' : 'trouble', result.afterMs);
    } else if (result.kind !== 'unknown') {
      failures = 0;
      // Telegram answered: what waits out an outage need not any longer.
      if (pausedFor === 'trouble') resume();
    }
    // What was sent must be known as sent, or a full disk sends it again and again.
    await writer.write(() => storage.transaction(() => settle(row, result, clock.now())));
  }

  function markSending(row: OutboxRow): boolean {
    try {
      storage.transaction(() => storage.outbox.markSending(row.id));
      return true;
    } catch (error) {
      if (!isPassingStorageTrouble(error)) throw error;
      log.error('sender: the database cannot be written right now; trying again', { code: error.code });
      pauseAll('trouble', STORAGE_RETRY_MS);
      return false;
    }
  }

  function tellUnfetched(row: OutboxRow, reason: string): void {
    const content = JSON.parse(row.content) as Content;
    if (content.kind === 'fetch')
      options.onFetched?.(content, { kind: 'refused', reason, chatId: row.chatId, topicId: row.topicId });
  }

  function settle(row: OutboxRow, result: Delivery, now: number): void {
    const hasNewer = (storage.outbox.get(row.key)?.wanted ?? row.wanted) > row.wanted;
    // A newer content may well be taken where the older one was refused.
    if (
      hasNewer &&
      (result.kind === 'plain' || result.kind === 'refused' || (result.kind === 'retry' && !result.everybody))
    )
      return storage.outbox.retry(row.id, now, 'an older content was refused');
    switch (result.kind) {
      case 'fetched':
        storage.outbox.delivered(row.id, row.wanted, null, now);
        return options.onFetched?.(result.wanted, {
          kind: 'read',
          bytes: result.bytes,
          chatId: row.chatId,
          topicId: row.topicId,
        });
      case 'delivered':
        detours.arrived(row);
        return storage.outbox.delivered(row.id, row.wanted, result.messageId, now);
      case 'no-topic':
        return detours.withoutTopic(row, result.error);
      case 'moved':
        return detours.moved(row, result.to);
      case 'retry':
        if (result.isRefusal === true && detours.refused(row, result.error)) return;
        if (result.isRefusal === true) news.refused(row, result.error, now);
        return storage.outbox.retry(row.id, waitsAlone(row, result) ? now + result.afterMs : now, result.error);
      case 'resend':
        return storage.outbox.forget(row.id, now);
      case 'plain':
        log.error('Telegram refused the form of a message; sending it plainer', { key: row.key });
        storage.outbox.change(row.key, JSON.stringify(simpler(JSON.parse(row.content) as Content)), now);
        return storage.outbox.retry(row.id, now, 'sent again, plainer');
      case 'refused':
      case 'unknown':
        if (row.messageId !== null) {
          // The message stays as it was, and later edits of it have their own chance.
          log.error('message not changed', { key: row.key, reason: result.error });
          return storage.outbox.delivered(row.id, row.wanted, null, now);
        }
        log.error('message not delivered', { key: row.key, outcome: result.kind, reason: result.error });
        news.undeleted(row, now);
        tellUnfetched(row, result.error);
        return storage.outbox.end(row.id, result.kind, result.error);
    }
  }

  /** Where everybody waits, a pause holds the message; but answers to presses pass a flood's pause. */
  function waitsAlone(row: OutboxRow, result: Delivery & { kind: 'retry' }): boolean {
    return !result.everybody || (result.isFlood === true && row.class === 'answer');
  }

  async function attempt(row: OutboxRow): Promise<Delivery> {
    const wanted = JSON.parse(row.content) as Content;
    try {
      if (wanted.kind === 'fetch') return { kind: 'fetched', wanted, bytes: await fetchFile(wanted) };
      const content = await read(wanted);
      const call = callFor(row, content, answeredBy(row));
      const result = await api.call<Shown | readonly Shown[] | true>(call.method, call.payload, {
        timeoutMs: CALL_TIMEOUT_MS + uploadMs(call),
        files: call.files,
        signal: stopped.signal,
      });
      const shown = Array.isArray(result) ? (result as readonly Shown[])[0] : (result as Shown | true);
      return { kind: 'delivered', messageId: shown === true ? null : (shown?.message_id ?? null) };
    } catch (error) {
      if (!(error instanceof TelegramError)) throw error;
      return decideAfterFailure(row, error, Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10)));
    }
  }

  /** The message that it answers, where that stands in the same place: ids of another chat would name another message. */
  function answeredBy({ replyToKey, chatId, topicId }: OutboxRow): number | null | undefined {
    const other = replyToKey === null ? undefined : storage.outbox.get(replyToKey);
    return other?.chatId === chatId && other.topicId === topicId ? other.messageId : undefined;
  }

  /** What a file holds; undefined when it is larger than wanted. */
  async function fetchFile({ fileId, maxBytes }: FetchContent): Promise<Uint8Array | undefined> {
    const { signal } = stopped;
    const file = await api.call<{ file_path?: string; file_size?: number }>(
      'getFile',
      { file_id: fileId },
      { timeoutMs: CALL_TIMEOUT_MS, signal },
    );
    if ((file.file_size ?? 0) > maxBytes) return undefined;
    return await api.downloadFile(file.file_path ?? '', { maxBytes, timeoutMs: CALL_TIMEOUT_MS, signal });
  }

  async function read(wanted: Exclude<Content, FetchContent>): Promise<ReadyContent> {
    if (wanted.kind === 'file') return await readFile(wanted);
    return wanted.kind === 'media' ? await readMedia(wanted) : wanted;
  }

  const worker = createWorker({ name: 'sender', clock, log, everyMs: 5_000, look, onFatal: options.onFatal });
  storage.onChange('outbox', worker.nudge);

  return {
    ...worker,
    recover() {
      storage.transaction(() => {
        for (const row of storage.outbox.sending())
          storage.outbox.end(row.id, 'unknown', 'Nightdesk ended while it was being sent');
      });
    },
    async stop() {
      await worker.stop();
      writer.stop();
      // What hangs is cut: its row says what to do about it at the next start.
      const cancel = clock.after(LAST_WORDS_MS, () => stopped.abort());
      await Promise.all(flying);
      cancel();
      cancelPause();
    },
  };
}

/** A message as a call answers it; several, where several files are shown together. */
interface Shown {
  readonly message_id?: number;
}

function uploadMs(call: Call): number {
  const length = call.files.reduce((sum, file) => sum + file.content.length, 0);
  return Math.min(LONGEST_UPLOAD_MS, Math.round(length / UPLOAD_BYTES_PER_MS));
}
