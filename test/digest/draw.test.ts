import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadImage } from '@napi-rs/canvas';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../fakes/temporary-folder.ts';
import { emptyFigures, madeUpFigures } from './draw-figures.ts';

const program = join(import.meta.dirname, '..', '..', 'src', 'digest', 'draw.ts');

function draw(input: unknown, environment: NodeJS.ProcessEnv = {}) {
  const folder = temporaryFolder();
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, folder], {
    input: typeof input === 'string' ? input : JSON.stringify(input),
    env: environment,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { folder, status, stdout, stderr };
}

function hashes(folder: string): readonly string[] {
  return readdirSync(folder).map((file) =>
    createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex'),
  );
}

describe('the drawing program', { timeout: 120_000 }, () => {
  it('writes three pictures that only their owner can read, each 1,280 wide, and names them on its last line', async () => {
    const { folder, status, stdout, stderr } = draw(madeUpFigures());

    expect(stderr).toBe('');
    expect(status).toBe(0);
    const { pictures } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as {
      pictures: { file: string; caption: string }[];
    };
    expect(pictures.map(({ file }) => file)).toEqual(['spend.png', 'timeline.png', 'desk.png']);
    for (const { file, caption } of pictures) {
      const path = join(folder, file);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const { width, height } = await loadImage(path);
      expect(width).toBe(1_280);
      expect(height).toBeGreaterThan(400);
      // Telegram takes no photo whose sides are further apart than 1 to 20, or longer than 10,000 together.
      expect(width + height).toBeLessThan(4_000);
      expect(caption).toMatch(/\S.*\.$/);
    }
  });

  it('paints the same bytes again, whatever the language of the machine is', () => {
    const first = draw(madeUpFigures(), { LANG: 'C' });
    const second = draw(madeUpFigures(), { LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', TZ: 'Asia/Tokyo' });

    expect(hashes(first.folder)).toHaveLength(3);
    expect(hashes(second.folder)).toEqual(hashes(first.folder));
  });

  it('writes no picture when there is nothing to show', () => {
    const { folder, status, stdout } = draw(emptyFigures());

    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ pictures: [] });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('draws a month of fifty agents with names that no font has', async () => {
    const names = [
      '🚀'.repeat(40),
      'エージェント',
      'وكيل',
      'a'.repeat(400),
      '\u0000\u202e\n',
      '',
      '{a|b}',
      '<b>&amp;',
      '%s {value}',
    ];
    const figures = madeUpFigures({
      agents: 50,
      hours: 720,
      days: 30,
      decisions: 2_000,
      nameOf: (index) => names[index % names.length] ?? '',
    });
    const { folder, status, stderr } = draw(figures);

    expect(stderr).toBe('');
    expect(status).toBe(0);
    for (const file of readdirSync(folder)) expect((await loadImage(join(folder, file))).width).toBe(1_280);
  });

  it.each([
    ['not JSON', 'spend', 'the figures on stdin are not JSON\n'],
    ['nothing', '', 'the figures on stdin are not JSON\n'],
    ['a timezone that is none', { ...madeUpFigures(), timezone: 'Mars/Olympus' }, 'timezone: is no timezone\n'],
    ['a time that ends before it begins', { ...madeUpFigures(), toAt: 5 }, 'toAt: is not after fromAt\n'],
    [
      'dollars below nothing',
      { ...madeUpFigures(), spend: { ...madeUpFigures().spend, monthUsd: -1 } },
      /^spend\.monthUsd: .+\n$/,
    ],
    ['a key that nobody agreed on', { ...madeUpFigures(), secret: 'sk-ant-oat01-TEST-figures' }, /^the figures: .+\n$/],
  ])('refuses %s with one line and exit 65', (_what, input, reason) => {
    const { folder, status, stdout, stderr } = draw(input);

    expect(status).toBe(65);
    expect(stderr).toMatch(reason);
    expect(stderr).not.toContain('sk-ant-');
    expect(stdout).toBe('');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says in one line that the folder is not there, with exit 74', () => {
    const { status, stderr } = spawnSync(process.execPath, [program, join(temporaryFolder(), 'gone')], {
      input: JSON.stringify(madeUpFigures()),
      encoding: 'utf8',
    });

    expect(status).toBe(74);
    expect(stderr).toMatch(/^ENOENT[^\n]*\n$/);
  });
});
