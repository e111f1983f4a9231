import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderCopy } from '../../src/sentinel/settings-copy.ts';
import { loadSettings } from '../../src/sentinel/settings.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const GOOD = `timezone: Europe/Berlin
home: ./state
telegram: { owners: [5, 6], chat: -100 }
alerts: { dark_after: 90s, fallback: [./sms.sh, me] }
`;

const COPY = { owners: [8], chat: 9, darkAfterMs: 5_000, fallback: ['sms'] as const, timezone: 'Asia/Tokyo' };

function load(yaml: string | undefined, copy?: { readonly home: string; readonly text: string }) {
  const folder = temporaryFolder();
  const file = join(folder, 'fleet.yaml');
  if (yaml !== undefined) writeFileSync(file, yaml);
  if (copy !== undefined) {
    mkdirSync(join(folder, copy.home), { recursive: true });
    writeFileSync(join(folder, copy.home, 'sentinel.json'), copy.text);
  }
  return { folder, settings: loadSettings(file) };
}

describe('loadSettings', () => {
  it('takes everything from a file that is sound, and nothing from an old copy', () => {
    const { folder, settings } = load(GOOD, { home: 'state', text: renderCopy(COPY) });

    expect(settings).toEqual({
      folder,
      home: join(folder, 'state'),
      owners: [5, 6],
      chat: -100,
      darkAfterMs: 90_000,
      fallback: [join(folder, 'sms.sh'), 'me'],
      timezone: 'Europe/Berlin',
      brokenBecause: undefined,
    });
  });

  it('does with the names of the owners alone', () => {
    const { settings } = load('telegram: { owners: [5] }\n');

    expect(settings).toMatchObject({ owners: [5], chat: undefined, darkAfterMs: 180_000, timezone: 'UTC' });
  });

  it('passes over what is wrong in a file whose rest can be read', () => {
    const { settings } = load(
      'timezone: Nowhere/Land\ntelegram: { owners: [5, "x", -3] }\nalerts: { dark_after: soon, fallback: "x" }\nagents: 7\n',
    );

    expect(settings).toMatchObject({ owners: [5], darkAfterMs: 180_000, timezone: 'UTC', fallback: undefined });
  });

  it.each([
    ['an open bracket', 'home: ./elsewhere # here\ntelegram: { owners: [5\nalerts: {{{\n', 'elsewhere'],
    ['a tab', '\thome: x\nhome: "./else where"\ntelegram:\n\towners: [5]\n', 'else where'],
    ['nothing in it', '', 'state'],
    ['an alias bomb', `home: ./bombed\na: &a [x,x]\nb: &b [*a,*a]\n${bomb()}`, 'bombed'],
  ])('falls back on the copy of the last start for a file with %s', (_what, yaml, home) => {
    const { folder, settings } = load(yaml, { home, text: renderCopy(COPY) });

    expect(settings).toMatchObject({ home: join(folder, home), owners: [8], chat: 9, darkAfterMs: 5_000 });
    expect(settings).toHaveProperty('brokenBecause', 'it is no valid YAML');
  });

  it('falls back on the copy in the default state folder for a file that is gone', () => {
    const { settings } = load(undefined, { home: 'state', text: renderCopy(COPY) });

    expect(settings).toMatchObject({ owners: [8], brokenBecause: 'it cannot be read (ENOENT)' });
  });

  it.each([
    ['a file that is gone', undefined, undefined],
    ['a file without owners', 'home: ./state\n', undefined],
    ['a copy that is garbage', undefined, { home: 'state', text: '{"owners": "me"' }],
  ])('knows nobody to tell from %s', (_what, yaml, copy) => {
    expect(load(yaml, copy).settings).toHaveProperty('problem');
  });
});

function bomb(): string {
  const levels = 'cdefghij'.split('');
  return (
    levels
      .map((name, index) => `${name}: &${name} [*${index === 0 ? 'b' : levels[index - 1]},*b]\n`.repeat(1))
      .join('') + 'z: [*j,*j,*j,*j,*j,*j,*j]\n'
  );
}
