import { join } from 'node:path';
import type { DigestRow } from '../../storage/digest-store.ts';
import { createPatientWriter } from '../patient-writer.ts';
import type { Clock, Disk, Log, Processes } from '../ports.ts';
import { shorten } from '../telegram/cards/words.ts';
import type { Content, Outbox } from '../telegram/outbox.ts';
import { createWorker, type Worker } from '../worker.ts';
import { type Digests, picturesKey } from './digests.ts';
import { createDrawing, type Drawn } from './drawing.ts';
import type { DigestSources } from './facts.ts';
import { loadDigestFigures } from './load-figures.ts';

/** A third failure is no accident any more. */
const MOST_ATTEMPTS = 3;
const PAUSE_MS = 5_000;
/** Pictures are kept as long as anybody scrolls back to them, and never many of them. */
const KEEP_MS = 30 * 86_400_000;
const MOST_BYTES = 50_000_000;
/** What is said below the picture of runs when there are too many of them. */
const MERGED = { 'timeline.png': 'Runs that lie close together are drawn as one.' };
/** How long a digest that is due waits at most, should a clock have jumped over its time. */
const LOOK_EVERY_MS = 15_000;

/**
 * The effector of digests.
 *
 * Each look: 1. makes the digest that is due by the schedule a row, and its text a message, in one transaction; 2. draws the pictures of one
 * digest in a process of its own, 30 s at most; 3. makes them a message below its text, or says there why there are none. A crash while it
 * draws costs one of three attempts; the text waits for nothing.
 */
export function createDigestTeller(
  options: DigestSources & {
    readonly digests: Digests;
    readonly outbox: Outbox;
    readonly processes: Pick<Processes, 'spawn'>;
    readonly disk: Pick<Disk, 'ensureFolder' | 'listFiles' | 'remove' | 'digest'>;
    readonly clock: Clock;
    readonly log: Log;
    /** The program that draws, without its folder. */
    readonly program: readonly [string, ...string[]];
    readonly env: Readonly<Record<string, string>>;
    /** False while the disk has too little room for pictures. */
    readonly mayWrite: () => boolean;
    readonly scrub: (text: string) => string;
    readonly onFatal: (error: unknown) => void;
  },
): Worker {
  const { fleet, storage, clock, log, disk, outbox } = options;
  const writer = createPatientWriter({ name: 'digest', clock, log });
  const drawing = createDrawing(options);
  let flight: Promise<void> = Promise.resolve();
  let isBusy = false;
  let isStopping = false;
  let cancelPause = (): void => {};
  let isPausing = false;

  function look(): number | undefined {
    const nextAt = options.digests.tellDue();
    const row = storage.digests.toDraw();
    if (row !== undefined && !isBusy && !isPausing) begin(row);
    return nextAt === undefined ? undefined : Math.max(1, nextAt - clock.now());
  }

  function begin(row: DigestRow): void {
    if (!options.mayWrite()) return finish(row, { kind: 'failed', why: 'the disk is nearly full' }, null);
    if (row.attempts >= MOST_ATTEMPTS)
      return finish(row, { kind: 'failed', why: row.error ?? 'Nightdesk ended each time while it drew' }, null);
    storage.transaction(() => storage.digests.attempt(row.id));
    isBusy = true;
    flight = draw(row)
      .catch(options.onFatal)
      .finally(() => {
        isBusy = false;
        worker.nudge();
      });
  }

  async function draw(row: DigestRow): Promise<void> {
    const startedAt = clock.monotonic();
    const { figures, isMerged } = loadDigestFigures(options, row.fromAt, row.toAt, clock.now());
    const drawn = await drawing.draw(figures, join(folderOf(fleet.home), String(row.id)), isMerged ? MERGED : {});
    if (isStopping) return;
    const tookMs = Math.round(clock.monotonic() - startedAt);
    log.info('digest', { id: row.id, tookMs, trouble: drawn.kind === 'failed' ? options.scrub(drawn.why) : null });
    if (drawn.kind === 'failed' && row.attempts + 1 < MOST_ATTEMPTS) {
      await writer.write(() => storage.transaction(() => storage.digests.failed(row.id, options.scrub(drawn.why))));
      return pause();
    }
    await writer.write(() => finish(row, drawn, tookMs));
    clear();
  }

  function pause(): void {
    isPausing = true;
    cancelPause = clock.after(PAUSE_MS, () => {
      isPausing = false;
      worker.nudge();
    });
  }

  function finish(row: DigestRow, drawn: Drawn, drawnMs: number | null): void {
    storage.transaction(() => {
      const isDrawn = drawn.kind === 'drawn';
      const end = isDrawn
        ? { pictures: JSON.stringify(drawn.pictures), error: null }
        : { pictures: null, error: options.scrub(drawn.why) };
      // Meanwhile it may have been told with the next one.
      if (!storage.digests.told(row.id, { ...end, drawnMs, at: clock.now() })) return;
      if (!isDrawn) tellWhy(row, end.error ?? '');
      else if (drawn.pictures.length > 0) send(row, { kind: 'media', files: drawn.pictures });
    });
  }

  function send(row: DigestRow, content: Content): void {
    outbox.send({
      key: picturesKey(row),
      class: 'notice',
      content,
      replyToKey: row.messageKey,
      sound: 'never',
      ...(row.chatId === null ? {} : { chatId: row.chatId, topicId: row.topicId }),
    });
  }

  function tellWhy({ messageKey }: DigestRow, why: string): void {
    const shown = storage.outbox.get(messageKey);
    const content = shown === undefined ? undefined : (JSON.parse(shown.content) as Content);
    if (content?.kind !== 'text') return;
    const { text, entities } = content.body;
    outbox.edit(messageKey, {
      ...content,
      body: { text: `${text}\n\n🖼 No pictures: ${shorten(why, 200)}.`, entities },
    });
  }

  /** Removes pictures that are old, and the oldest ones of too many. */
  function clear(): void {
    const now = clock.now();
    let bytes = 0;
    for (const { path, sizeBytes, modifiedAt } of disk
      .listFiles(folderOf(fleet.home))
      .toSorted((a, b) => b.modifiedAt - a.modifiedAt)) {
      bytes += sizeBytes;
      if (modifiedAt < now - KEEP_MS || bytes > MOST_BYTES) disk.remove(path);
    }
  }

  const worker = createWorker({
    name: 'digest',
    clock,
    log,
    everyMs: LOOK_EVERY_MS,
    stepsAside: true,
    look,
    onFatal: options.onFatal,
  });
  storage.onChange('digests', worker.nudge);

  return {
    ...worker,
    async stop() {
      isStopping = true;
      writer.stop();
      cancelPause();
      await worker.stop();
      drawing.kill();
      await flight;
    },
  };
}

/** Where the pictures lie. */
function folderOf(home: string): string {
  return join(home, 'digests');
}
