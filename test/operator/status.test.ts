import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openDatabase } from '../../storage/database.ts';
import { status } from '../../src/operator/status.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightdesk-status-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('says of a database with damaged pages in one line how to restore it', () => {
  const config = join(folder, 'fleet.yaml');
  writeFileSync(config, 'telegram: { owners: [1] }\nagents: {}\n');
  mkdirSync(join(folder, 'state'));
  const file = join(folder, 'state', 'nightdesk.db');
  openDatabase(file, () => '').close();
  const bytes = readFileSync(file);
  // The first two pages tell what it is; all tables are behind them.
  bytes.fill(0xa5, 8_192);
  writeFileSync(file, bytes);
  const complain = vi.fn<(line: string) => void>();
  const terminal = { env: {}, print: () => {}, complain, interrupted: new Promise<string>(() => {}) };

  expect(status(config, false, terminal)).toBe(78);
  expect(complain.mock.calls).toEqual([[expect.stringMatching(/nightdesk\.db is damaged.*nightdesk restore FILE/)]]);
});
