import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const LOG = fileURLToPath(new URL('../../src/adapters/pino-log.ts', import.meta.url));
const SECRETS = fileURLToPath(new URL('../../src/secrets.ts', import.meta.url));

function run(body: string): { stdout: string; stderr: string } {
  const program = `
    import { createLog } from ${JSON.stringify(LOG)};
    import { createScrubber } from ${JSON.stringify(SECRETS)};
    const { scrub } = createScrubber(['pass"word\\\\1']);
    ${body}`;
  return spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8', timeout: 60_000 });
}

it('the log goes to stderr as one JSON object per line, written before the process can end', () => {
  const { stdout, stderr } = run(
    `createLog({ level: 'info', scrub }).warn('late', { agent: 'scout', run: 7, ok: null }); process.kill(process.pid, 'SIGKILL');`,
  );

  expect(stdout).toBe('');
  expect(JSON.parse(stderr)).toEqual({
    level: 'warn',
    time: expect.any(String),
    agent: 'scout',
    run: 7,
    ok: null,
    msg: 'late',
  });
}, 60_000);

it('the log goes to stdout when it is told to', () => {
  const { stdout, stderr } = run(`createLog({ level: 'info', scrub, to: 'stdout' }).info('hello');`);

  expect(JSON.parse(stdout)).toMatchObject({ level: 'info', msg: 'hello' });
  expect(stderr).toBe('');
}, 60_000);

it('the log leaves out what is below its level', () => {
  const { stderr } = run(
    `const log = createLog({ level: 'warn', scrub }); log.debug('a'); log.info('b'); log.error('c');`,
  );

  expect(stderr.trim().split('\n')).toHaveLength(1);
}, 60_000);

it('the log holds no secret, neither in the message nor in a field, though JSON would escape it', () => {
  const { stderr } = run(
    `createLog({ level: 'info', scrub }).error('bot12345678:${'A'.repeat(35)} failed', { detail: 'pass"word\\\\1' });`,
  );

  expect(JSON.parse(stderr)).toMatchObject({ msg: 'bot[secret] failed', detail: '[secret]' });
}, 60_000);
