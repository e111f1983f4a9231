import { describe, expect, it, test } from 'vitest';
import { judgeWorkstate, MAX_WORKSTATE_BYTES, type WorkstateSource } from '../../src/work/workstate.ts';

const GOOD = '# Active Tasks\n- the report\n# Critical Context\n# Next\n';

function judge(source: WorkstateSource): string {
  const verdict = judgeWorkstate(source, {
    twinOf: (text) => (text.includes('of the writer') ? 'writer' : undefined),
    holdsSecret: (text) => text.includes('sk-ant-oat01-TEST'),
  });
  return verdict.kind === 'valid' ? 'valid' : verdict.reason;
}

const text = (written: string): WorkstateSource => ({ kind: 'text', text: written });
const file = (bytes: Uint8Array): WorkstateSource => ({ kind: 'file', bytes, modifiedAt: 0 });

describe('a WORKSTATE.md', () => {
  test.each<readonly [string, WorkstateSource]>([
    ['has its three headings and something below one of them', text(GOOD)],
    [
      'writes them in another case, level, order and dress',
      text('### next steps:\n1. go on\n## **CRITICAL CONTEXT**\n###### active tasks ##\n'),
    ],
    [
      'has other headings beside and below',
      text('# Scout\nintro\n## Active Tasks\n### the report\nhalf done\n## Notes\n## Critical Context\n## Next\n'),
    ],
    ['has Windows line ends', text(GOOD.replaceAll('\n', '\r\n'))],
    ['comes as a file with a byte-order mark', file(Buffer.from(`\uFEFF${GOOD}`))],
    ['is exactly as long as may be', text(GOOD + 'x'.repeat(MAX_WORKSTATE_BYTES - GOOD.length))],
  ])('is kept when it %s', (_what, source) => {
    expect(judge(source)).toBe('valid');
  });

  test.each<readonly [string, WorkstateSource, string]>([
    ['is missing', { kind: 'missing' }, 'there is no WORKSTATE.md in your workdir: write one'],
    ['is a link that leads out', { kind: 'outside' }, 'is a link that leads out of your workdir'],
    ['is a folder', { kind: 'no-file' }, 'is not a regular file'],
    ['may not be read', { kind: 'unreadable', code: 'EACCES' }, 'cannot be read (EACCES)'],
    ['is empty', text(''), 'is empty: write what you are at'],
    ['is blank', text(' \n\t\n'), 'is empty'],
    ['is not UTF-8', file(Buffer.from([0xff, 0xfe, 0x41])), 'is not UTF-8 text'],
    ['holds a NUL', text(`${GOOD}\0`), 'holds NUL or broken characters'],
    ['holds half a character', text(`${GOOD}\ud83d`), 'holds NUL or broken characters'],
    ['is too long', text(GOOD + 'x'.repeat(MAX_WORKSTATE_BYTES)), 'has more than 256 KiB'],
    ['is a file that is too long', file(Buffer.alloc(MAX_WORKSTATE_BYTES + 1, 'x')), 'has more than 256 KiB'],
    ['lacks two headings', text('# Active Tasks\n- one\n'), 'has no heading Critical Context, none Next'],
    [
      'has one of them in a code block only',
      text('# Active Tasks\n- one\n# Critical Context\n```\n# Next\n```\n'),
      'has no heading Next',
    ],
    [
      'has one of them in a quotation only',
      text('# Active Tasks\n- one\n# Critical Context\n> # Next\n'),
      'has no heading Next',
    ],
    [
      'has nothing below its headings',
      text('intro\n# Active Tasks\n# Critical Context\n\n# Next\n \n'),
      'has nothing below its headings',
    ],
    ['is word for word another agent’s', text(`${GOOD}of the writer`), "this is writer's WORKSTATE.md, word for word"],
    ['holds a secret', text(`${GOOD}sk-ant-oat01-TEST-abc`), 'holds something that looks like a token or key'],
  ])('is refused with what to do when it %s', (_what, source, reason) => {
    expect(judge(source)).toContain(reason);
  });

  it('is judged within a few milliseconds when it is as long as may be', () => {
    const long = text(GOOD + '- a line of the report\n'.repeat(11_000));
    const begun = performance.now();

    judge(long);

    expect(performance.now() - begun).toBeLessThan(100);
  });
});
