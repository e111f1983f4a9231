import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createAnthropicServer } from '../models/anthropic-server.ts';
import { MADE_UP_TOKEN } from '../models/run-cli.ts';
import { machineNow } from './machine-clock.ts';
import { openBench } from './program.ts';
import { ms, type Row } from './row.ts';
import { summarise } from './statistics.ts';

/** What Nightdesk may need on top of the CLI's own time, in milliseconds (issue 3, "Measured"). */
const TO_REACH_MS = 50;

/**
 * Stands before the real CLI on the PATH, and writes down when the first line with its word for a refused login came out of it, before
 * it hands the line on. Arguments: the real program, the folder for the times.
 */
const WATCHER = `
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
const [real, folder] = process.argv.slice(2, 4);
const child = spawn(real, process.argv.slice(4), { stdio: ['inherit', 'pipe', 'inherit'] });
let tail = '';
let isSeen = false;
child.stdout.on('data', (chunk) => {
  if (!isSeen) {
    tail = tail.slice(-100) + chunk.toString('latin1');
    isSeen = tail.includes('"error":"authentication_failed"');
    if (isSeen) writeFileSync(folder + '/' + process.env.NIGHTDESK_AGENT, String(Number(process.hrtime.bigint()) / 1e6));
  }
  process.stdout.write(chunk);
});
child.on('close', (code) => { process.exitCode = code ?? 1; });
process.on('SIGTERM', () => {});
`;

/**
 * How long the first 401 of a real claude takes to the owner: from the model's answer to the CLI's own line about it, and from there to
 * the read sendMessage. One agent after the other, each with a credential, a model and an alert of its own; `claude` is the executable.
 */
export async function measureReal401(claude: string, count: number): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nightdesk-401-'));
  const names = Array.from({ length: count }, (_, index) => `agent-${index}`);
  const answeredAt = new Map<string, number>();
  const models = await Promise.all(
    names.map((name) =>
      createAnthropicServer([{ kind: 'status', status: 401 }], {
        onRequest: () => void answeredAt.set(name, answeredAt.get(name) ?? machineNow()),
      }),
    ),
  );
  writeFileSync(join(folder, 'prompt.md'), 'Do it.\n');
  writeFileSync(join(folder, 'watcher.mjs'), WATCHER);
  writeFileSync(
    join(folder, 'claude'),
    `#!/bin/sh\nexec '${process.execPath}' '${join(folder, 'watcher.mjs')}' '${claude}' '${folder}' "$@"\n`,
  );
  chmodSync(join(folder, 'claude'), 0o755);
  const agents = names.map((name, index) => {
    const env = { ANTHROPIC_BASE_URL: models[index]?.url, ANTHROPIC_API_KEY: MADE_UP_TOKEN, HOME: folder };
    const prompt = join(folder, 'prompt.md');
    return `  ${name}: ${JSON.stringify({ runtime: 'claude', prompt, schedule: 'every 24h', credentials: [`login-${name}`], env })}\n`;
  });
  const credentials = names.map((name) => `  login-${name}: { backoff: { first: 24h, max: 24h } }\n`);
  const bench = await openBench(`credentials:\n${credentials.join('')}agents:\n${agents.join('')}`, 1);
  const alerts = names.map((name) =>
    bench.nextCall(
      ({ method, payload }) => method === 'sendMessage' && String(payload['text']).includes(`login-${name}`),
    ),
  );
  const program = await bench.start({ path: [folder, process.env['PATH']].join(delimiter) });
  const toldAt = (await Promise.all(alerts)).map(({ at }) => at);
  await program.stop();
  await bench.close();
  await Promise.all(models.map((model) => model.close()));
  const printedAt = names.map((name) => Number(readFileSync(join(folder, name), 'utf8')));
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });

  const cli = summarise(
    names.map((name, index) => (printedAt[index] ?? Number.NaN) - (answeredAt.get(name) ?? Number.NaN)),
  );
  const own = summarise(toldAt.map((at, index) => at - (printedAt[index] ?? Number.NaN)));
  return [
    {
      what: `first 401 of a real claude → sendMessage, ${count} runs`,
      measured: `${ms(own.median)}, worst ${ms(own.worst)}, after the ${ms(cli.median)} of the CLI itself`,
      toReach: `≤ ${TO_REACH_MS} ms after it`,
      met: own.median <= TO_REACH_MS,
      how: 'from the line with authentication_failed on the stdout of the real CLI, as a program between it and Nightdesk sees it, to the sendMessage being fully read; its own time: from the 401 on the wire to that line',
      numbers: { ownMs: own.median, ownWorstMs: own.worst, cliMs: cli.median, cliWorstMs: cli.worst },
    },
  ];
}
