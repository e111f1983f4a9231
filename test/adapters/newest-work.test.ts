import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findNewestWork } from '../../src/adapters/newest-work.ts';
import type { Fleet } from '../../src/config/fleet.ts';
import { workSearchOf } from '../../src/vigil/workdir.ts';
import { anAgent } from '../fakes/agents.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const NOW = Date.UTC(2026, 10, 22, 12);

/** A file that was changed so many seconds ago. */
function file(path: string, secondsAgo: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, 'x');
  utimesSync(path, new Date(NOW - secondsAgo * 1_000), new Date(NOW - secondsAgo * 1_000));
}

function search(folder: string, others: readonly string[] = []) {
  const agent = anAgent({ workdir: folder });
  const agents = new Map([
    ['scout', agent],
    ...others.map((workdir, number) => [`other-${number}`, anAgent({ workdir })] as const),
  ]);
  return workSearchOf(agent, { home: join(folder, 'state'), agents } as unknown as Fleet, NOW);
}

describe('the newest work in a folder', () => {
  it('is its newest file, however deep', async () => {
    const folder = temporaryFolder();
    file(join(folder, 'a.md'), 60);
    file(join(folder, 'deep/er/b.md'), 30);

    expect(await findNewestWork(search(folder))).toEqual({ path: join(folder, 'deep/er/b.md'), at: NOW - 30_000 });
  });

  it('is nothing of ours, of its tools, or of other agents', async () => {
    const folder = temporaryFolder();
    file(join(folder, 'a.md'), 60);
    const foreign = [
      'WORKSTATE.md',
      '.git/index',
      'node_modules/x/y.js',
      '.claude/log',
      'state/nightdesk.db-wal',
      'state/logs/scout/1.log',
      'agents/creator/c.md',
    ];
    for (const name of foreign) file(join(folder, name), 1);

    const found = await findNewestWork(search(folder, [join(folder, 'agents/creator')]));

    expect(found?.path).toBe(join(folder, 'a.md'));
  });

  it('is no file of the future, and no link out of it', async () => {
    const folder = temporaryFolder();
    const elsewhere = temporaryFolder();
    file(join(elsewhere, 'b.md'), 1);
    file(join(folder, 'a.md'), 60);
    file(join(folder, 'tomorrow.md'), -86_400);
    symlinkSync(elsewhere, join(folder, 'link'));

    expect((await findNewestWork(search(folder)))?.path).toBe(join(folder, 'a.md'));
  });

  it('is undefined where the folder is empty or gone', async () => {
    expect(await findNewestWork(search(temporaryFolder()))).toBeUndefined();
    expect(await findNewestWork(search('/nowhere/at/all'))).toBeUndefined();
  });

  it('is looked for among so many files and no more', async () => {
    const folder = temporaryFolder();
    for (let number = 0; number < 30; number += 1) file(join(folder, `deep/${number}.md`), 10);
    file(join(folder, 'top.md'), 60);

    expect((await findNewestWork({ ...search(folder), mostFiles: 2 }))?.path).toBe(join(folder, 'top.md'));
  });
});
