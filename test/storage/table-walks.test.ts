import { expect, test } from 'vitest';
import { createStorage } from '../../storage/storage.ts';
import { openStorage } from '../fakes/open-storage.ts';

/** Tables whose rows are few at any time: what there is of each name, or what is kept for a month of rare things. */
const SMALL = new Set(
  'confirmation self_restart credential credential_check login rotation drill silence cli hold fallback review budget_notice budget_raise incident backup fleet_load json_each pragma_page_count pragma_page_size'.split(
    ' ',
  ),
);
/** The hourly drop of what is too old, and what follows a clock that was set back, may look at each row. */
const MAY_WALK = [/@byMs/, /^SELECT DISTINCT agent FROM checkpoint/];
/** The newest rows by their ids, so many of them. */
const ENDS_SOON = /FROM (draft|outbox) (WHERE [\w ]+ )?ORDER BY id DESC LIMIT \?\)/;

test('no statement walks a table that grows, nor does a row that goes look for whoever names it', () => {
  const { database } = openStorage();
  const statements: string[] = [];
  const prepare = database.prepare.bind(database);
  database.prepare = ((sql: string) => {
    statements.push(sql);
    return prepare(sql);
  }) as typeof prepare;
  createStorage(database);
  const partial = new Set(
    prepare<[], { name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'index' AND sql LIKE '% WHERE %'`)
      .all()
      .map(({ name }) => name),
  );

  const walks = statements
    .map((sql) => sql.trim())
    .filter((sql) => /^(SELECT|UPDATE|DELETE)/.test(sql) && ![...MAY_WALK, ENDS_SOON].some((may) => may.test(sql)))
    .flatMap((sql) =>
      planOf(sql)
        .filter(isWalk)
        .map((step) => `${step} in: ${sql}`),
    );

  expect(statements.length).toBeGreaterThan(200);
  expect(walks).toEqual([]);

  function planOf(sql: string): readonly string[] {
    const names = [...sql.matchAll(/@(\w+)/g)].map(([, name = '']) => [name, null]);
    const places = [...sql.matchAll(/\?/g)].map(() => null);
    const explain = prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
    return explain.all(...(names.length > 0 ? [Object.fromEntries(names)] : places)).map(({ detail }) => detail);
  }

  /** `SCAN name [USING [COVERING] INDEX index]`: an index of some rows only is as short as what it is for. */
  function isWalk(step: string): boolean {
    const [, name = '', index] = /^SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?/.exec(step) ?? [];
    return name !== '' && name !== 'CONSTANT' && !SMALL.has(name) && !(index !== undefined && partial.has(index));
  }
});
