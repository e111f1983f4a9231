import { basename } from 'node:path';
import type { Migration } from '../../storage/migrate.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Outbox } from '../telegram/outbox.ts';

/** Setting: the version of Nightdesk that started last. */
const VERSION_KEY = 'version';

/** Tells the owner once, without a sound, that another version of Nightdesk has started on this database than before. One transaction. */
export function tellUpgrade(options: {
  readonly storage: Storage;
  readonly outbox: Outbox;
  readonly version: string;
  /** What this start did to the database; undefined: nothing. */
  readonly migration: Migration | undefined;
}): void {
  const { storage, version, migration } = options;
  storage.transaction(() => {
    const before = storage.settings.get(VERSION_KEY);
    if (before === version && migration === undefined) return;
    storage.settings.set(VERSION_KEY, version);
    // A first start is no upgrade.
    if (before === undefined && migration === undefined) return;
    options.outbox.send({
      key: `upgraded:${version}:${migration?.to ?? 'same'}:${before ?? ''}`,
      class: 'notice',
      content: { kind: 'text', body: { text: describe(before, version, migration), entities: [] } },
      sound: 'never',
    });
  });
}

function describe(before: string | undefined, version: string, migration: Migration | undefined): string {
  const from = before === undefined || before === version ? '' : ` from ${before}`;
  const schema =
    migration === undefined
      ? ''
      : ` The database went from schema ${migration.from} to ${migration.to}; a copy of before is backup/${basename(migration.backup)}.`;
  return `⬆️ Nightdesk was upgraded${from} to ${version}.${schema}`;
}
