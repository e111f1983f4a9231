import type { MessageClass } from '../../storage/outbox-store.ts';
import { createStorage } from '../../storage/storage.ts';
import type { Fleet } from '../../src/config/fleet.ts';
import type { TelegramApi } from '../../src/ports.ts';
import { createOutbox, type Content, type OutgoingMessage } from '../../src/telegram/outbox.ts';
import { createOnlyChat, createPlaces } from '../../src/telegram/places.ts';
import { createSender } from '../../src/telegram/sender.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { openStorage } from '../fakes/open-storage.ts';
import { createVoidDisk } from '../fakes/void-disk.ts';
import { createScriptedApi, type PendingCall } from '../fakes/scripted-api.ts';

export const OWNER = 4242;

/** A message that is only text. */
export function text(body: string, more: Partial<Content & { kind: 'text' }> = {}): Content {
  return { kind: 'text', body: { text: body, entities: [] }, ...more };
}

/** The outbox and its sender over real SQLite, with an API and a clock in the hands of the test. */
export function createSenderWorld(
  opened = openStorage(),
  disk = createVoidDisk(),
  scrub: (text: string) => string = (given) => given,
  realApi?: TelegramApi,
  files: {
    downloadFile?: TelegramApi['downloadFile'];
    onFetched?: Parameters<typeof createSender>[0]['onFetched'];
    /** The places of a fleet; without them there is one chat. */
    places?: Fleet['telegram'];
  } = {},
) {
  const clock = createManualClock();
  const log = createMemoryLog();
  const api = createScriptedApi(files.downloadFile);
  const fatal: unknown[] = [];
  const storage = createStorage(opened.database);
  const places =
    files.places === undefined ? createOnlyChat(OWNER) : createPlaces({ fleet: { telegram: files.places }, storage });
  const outbox = createOutbox({ storage, clock, places, scrub, isQuiet: () => false });
  const sender = createSender({
    storage,
    places,
    api: realApi ?? api,
    clock,
    log,
    disk,
    scrub,
    ownerChatId: OWNER,
    ...(files.onFetched === undefined ? {} : { onFetched: files.onFetched }),
    onFatal: (error) => fatal.push(error),
  });
  sender.start();
  const send = (key: string, kind: MessageClass, content: Content = text(key), more: Partial<OutgoingMessage> = {}) =>
    storage.transaction(() => outbox.send({ key, class: kind, content, ...more }));
  const edit = (key: string, content: Content) => storage.transaction(() => outbox.edit(key, content));
  const row = (key: string) => storage.outbox.get(key);
  const shown = (call: PendingCall | undefined) => call?.payload['text'];
  return { ...opened, storage, outbox, clock, log, api, fatal, sender, send, edit, row, shown };
}
