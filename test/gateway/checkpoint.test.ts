import { afterEach, describe, expect, it } from 'vitest';
import { createLoopbackServer } from '../../src/adapters/loopback-http.ts';
import { runAgentCommand } from '../../src/gateway/agent-commands.ts';
import { AGENT_TOOLS } from '../../src/gateway/agent-tools.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import { MAX_REQUEST_BYTES } from '../../src/gateway/limits.ts';
import { createFakeLog, createFakeRooms, RUN, TOKEN } from './fake-rooms.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function setUp() {
  const { rooms, acts } = createFakeRooms();
  const { log } = createFakeLog();
  const gateway = createGateway(rooms, log);
  const server = await createLoopbackServer(gateway.serve, { maxBodyBytes: MAX_REQUEST_BYTES, log });
  closers.push(async () => await server.close());

  async function command(stdin: readonly Uint8Array[], isTTY = false) {
    let [stdout, stderr] = ['', ''];
    const code = await runAgentCommand(['checkpoint'], {
      env: { NIGHTDESK_URL: server.url, NIGHTDESK_TOKEN: TOKEN },
      stdin: Object.assign(
        (async function* () {
          yield* stdin;
        })(),
        { isTTY },
      ),
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
    });
    return { code, stdout, stderr };
  }

  return { acts, command };
}

describe('nightdesk checkpoint', () => {
  it('hands in what stands on stdin, and prints the number of the version', async () => {
    const { acts, command } = await setUp();

    expect(await command([Buffer.from('# Active'), Buffer.from(' Tasks\n')])).toEqual({
      code: 0,
      stdout: '3\n',
      stderr: '',
    });

    expect(acts).toEqual([{ act: 'checkpoint', run: RUN, text: '# Active Tasks\n' }]);
  });

  it('means the file in the workdir when nothing stands on stdin, or that is a terminal', async () => {
    const { acts, command } = await setUp();

    expect(await command([])).toMatchObject({ code: 0, stdout: '3\n' });
    expect(await command([Buffer.from('typed')], true)).toMatchObject({ code: 0, stdout: '3\n' });

    expect(acts).toEqual([
      { act: 'checkpoint', run: RUN },
      { act: 'checkpoint', run: RUN },
    ]);
  });

  it.each([
    ['is not kept', Buffer.from('bad'), 'WORKSTATE.md has no heading Next'],
    ['is not UTF-8', Buffer.from([0xff, 0xfe]), 'is not UTF-8'],
    ['is endless', Buffer.alloc(2 * 1024 * 1024, 'x'), 'has more than 256 KiB'],
  ])('exits 1 with the sentence when the text %s', async (_what, bytes, reason) => {
    const { command } = await setUp();

    const { code, stdout, stderr } = await command([bytes]);

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(reason);
  });

  it('says so when the version is stored, but the file could not be written', async () => {
    const { command } = await setUp();

    const { code, stderr } = await command([Buffer.from('unwritten')]);

    expect(code).toBe(0);
    expect(stderr).toContain('it is stored, but WORKSTATE.md in the workdir could not be written (EROFS)');
  });
});

describe('the tool checkpoint', () => {
  it('takes the text, or the file without one, and says what is refused', async () => {
    const tool = AGENT_TOOLS.find(({ name }) => name === 'checkpoint');
    const bodies: unknown[] = [];
    const setting = {
      call: ({ body }: { readonly body?: unknown }) => {
        bodies.push(body);
        return Promise.resolve(
          bodies.length < 3
            ? ({ kind: 'answered', answer: { version: 4 } } as const)
            : ({ kind: 'refused', reason: 'WORKSTATE.md is empty' } as const),
        );
      },
    };

    const results = [];
    for (const given of [{ text: '# Next' }, {}, { text: ' ' }, { note: 'x' }])
      results.push(await tool?.run(given, setting as never));

    expect(bodies).toEqual([{ text: '# Next' }, { text: undefined }, { text: ' ' }]);
    expect(results).toMatchObject([
      { text: '4', isError: false },
      { text: '4', isError: false },
      { text: 'WORKSTATE.md is empty', isError: true },
      { isError: true },
    ]);
  });
});
