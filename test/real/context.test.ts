import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import type { RunRow } from '../../storage/run-store.ts';
import type { CliName } from '../models/clis.ts';
import type { ModelAnswer, ModelServer } from '../models/model-server.ts';
import { eventually, findRealCli, openRealFleet, TEST_TIMEOUT_MS } from './stage.ts';

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS });

const WORKSTATE =
  '# Active Tasks\n- chapter seven, half done\n# Critical Context\n- the owner likes it short\n# Next\n- end chapter seven\n';

/** A step that takes as long as it needs to be told something in the middle of it. */
const WORK = 'for i in 1 2 3 4 5 6; do sleep 0.5; done; echo worked';
const WRITE = `printf '%s' '${WORKSTATE}' > WORKSTATE.md && echo written`;

/** What an agent's model is sent by one request, as one text. */
function request(model: ModelServer, index: number): string {
  return JSON.stringify(model.requests[index]?.body ?? {});
}

/**
 * Has a model work until its context is nearly full, obey, and go on in the session after it.
 *
 * @param fills Tokens of the prompt in its requests: the first passes 80 % of the usable context, and none 90 %.
 */
async function flush(
  cli: CliName,
  tool: (command: string, input: number) => ModelAnswer,
  fills: readonly [number, number, number],
): Promise<{
  readonly runs: readonly RunRow[];
  readonly model: ModelServer;
  readonly file: string;
  readonly troubles: number;
}> {
  const fleet = await openRealFleet(cli, {
    writer: {
      answers: [
        tool(WORK, fills[0]),
        // Codex tells its tokens only when the next request is under way, and breaks that off for words that come then.
        tool(WORK, fills[0]),
        tool(WRITE, fills[1]),
        { kind: 'text', text: 'It is written.', usage: { input: fills[2] } },
        { kind: 'text', text: 'Chapter seven is done.' },
      ],
      entry: { permissions: 'allow' },
    },
  });
  try {
    const program = await fleet.start();
    await fleet.ended('writer', 2);
    await eventually('the second run is done', () => fleet.runs('writer')[1]?.state === 'done');
    const file = readFileSync(fleet.stage.path('state/agents/writer/WORKSTATE.md'), 'utf8');
    const troubles = fleet.incidents('context').length + fleet.incidents('stuck').length;
    const runs = fleet.runs('writer');
    await program.stop();
    return { runs, model: fleet.models.writer, file, troubles };
  } finally {
    await fleet.close();
  }
}

function judge({ runs, model, file }: Awaited<ReturnType<typeof flush>>): void {
  expect(runs).toMatchObject([
    { state: 'stopped', failure: null, flushReason: 'context', stopReason: 'its context was nearly full' },
    { state: 'done', cause: 'resumed', continues: 1 },
  ]);
  expect(runs[0]?.resumeToken).not.toBe(runs[1]?.resumeToken);
  expect(file).toBe(WORKSTATE);
  expect(request(model, 0)).not.toContain('% full');
  // It read the words in the middle of its turn, before it wrote.
  expect(request(model, 2)).toContain('% full');
  const last = request(model, model.requests.length - 1);
  expect(last).toContain('end chapter seven');
  expect(last).toContain('Your run 1 ended because its context was');
  expect(last).not.toContain('echo worked');
}

describe.skipIf(findRealCli('claude') === undefined)('a context of the real claude that fills up', () => {
  it('is written down by its agent, and a fresh session goes on from it, at 80 % of what is usable of it', async () => {
    const bash = (command: string, input: number): ModelAnswer => ({
      kind: 'tool',
      name: 'Bash',
      input: { command, description: 'a step' },
      usage: { input },
    });

    const outcome = await flush('claude', bash, [790_000, 800_000, 810_000]);

    expect(outcome.troubles).toBe(0);
    judge(outcome);
  });
});

describe.skipIf(findRealCli('codex') === undefined)('a context of the real codex that fills up', () => {
  it('is written down by its agent, told by turn/steer, and a fresh thread goes on from it', async () => {
    const exec = (cmd: string, input: number): ModelAnswer => ({
      kind: 'tool',
      name: 'exec_command',
      input: { cmd },
      usage: { input },
    });

    const outcome = await flush('codex', exec, [198_000, 200_000, 202_000]);

    expect(outcome.troubles).toBe(0);
    judge(outcome);
  });
});
