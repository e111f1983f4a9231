import { createHash } from 'node:crypto';
import type { Storage } from '../../storage/storage.ts';
import type { Outbox, RichText } from './outbox.ts';

/** Queues the list of commands for Telegram's menu, once for each bot and each list, and the welcome, once for each home. */
export function introduce(
  { storage, outbox }: { readonly storage: Storage; readonly outbox: Outbox },
  botId: number,
  listed: readonly { readonly name: string; readonly description: string }[],
  welcome: RichText | undefined,
): void {
  const commands = listed.map(({ name, description }) => ({ command: name, description }));
  const version = createHash('sha256').update(JSON.stringify(commands)).digest('hex').slice(0, 12);
  storage.transaction(() => {
    outbox.send({ key: `commands:${botId}:${version}`, class: 'notice', content: { kind: 'commands', commands } });
    if (welcome !== undefined)
      outbox.send({ key: 'welcome', class: 'reply', content: { kind: 'text', body: welcome } });
  });
}

/** What waits for a chat that fleet.yaml no longer names goes to the one that it names now. */
export function followChat(storage: Storage, chatId: number): void {
  storage.transaction(() => {
    const before = storage.settings.get('chat');
    if (before !== undefined && before !== String(chatId)) storage.outbox.moveChat(Number(before), chatId);
    storage.settings.set('chat', String(chatId));
  });
}
