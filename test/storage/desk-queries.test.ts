import { expect, test } from 'vitest';
import { openStorage } from '../fakes/open-storage.ts';

test.each([
  [
    "an agent's record",
    `SELECT state, revision FROM draft WHERE agent = 'a' AND state <> 'pending' ORDER BY id DESC LIMIT 50`,
    'USING INDEX draft_record (agent=?)',
  ],
  [
    'the missed windows',
    `SELECT count(*) FROM draft WHERE decided_at >= 1 AND state = 'expired'`,
    'USING COVERING INDEX draft_decided (decided_at>?)',
  ],
  [
    "an owner's last edit",
    `SELECT draft_id FROM decision WHERE at >= 1 AND actor = 'owner:1' AND verdict = 'edited' ORDER BY at DESC, id DESC LIMIT 1`,
    'USING INDEX decision_at (at>?)',
  ],
  [
    'the versions that are wanted',
    `SELECT d.id FROM draft d JOIN draft_revision r ON r.draft_id = d.id AND r.revision = d.revision
     WHERE d.state IN ('pending', 'approved', 'publishing', 'unknown') AND d.state = 'pending' AND +d.agent = 'a'
       AND d.revise_instruction IS NOT NULL ORDER BY d.revise_wanted_at, d.id LIMIT 1`,
    'USING INDEX draft_open (state=?)',
  ],
])('after a year of drafts the database finds %s by an index', (_title, sql, index) => {
  const { database } = openStorage();

  const plan = database.prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all();

  expect(plan[0]?.detail).toContain(index);
});
