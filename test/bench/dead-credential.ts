import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toMachineTime } from './machine-clock.ts';
import { openBench } from './program.ts';
import { ms, type Row } from './row.ts';

const AGENTS = 23;
const AT = /\(at ([\d.]+)\)/;

/** Many agents without a pause on one credential that an endpoint refuses, with no check that could tell before. */
export async function measureDeadCredential(forMs: number): Promise<readonly Row[]> {
  let calls = 0;
  const endpoint = createServer((_request, response) => {
    calls += 1;
    response.writeHead(401).end();
  });
  await new Promise<void>((resolve) => {
    endpoint.listen(0, '127.0.0.1', resolve);
  });
  const { port } = endpoint.address() as AddressInfo;
  const names = Array.from({ length: AGENTS }, (_, index) => `agent-${String.fromCodePoint(97 + index)}`);
  const command = JSON.stringify([process.execPath, join(import.meta.dirname, 'fixtures', 'refused-agent.ts')]);
  const bench = await openBench(`
credentials: { shared-login: {} }
defaults: { env: { BENCH_ENDPOINT: "http://127.0.0.1:${port}" } }
agents:
${names.map((name) => `  ${name}: { runtime: command, command: ${command}, schedule: continuous, credentials: [shared-login] }`).join('\n')}
`);
  let firstLineAt = Infinity;
  let allNamedAt = Infinity;
  let alerts = 0;
  bench.sandbox.onCall(({ method, payload, readAt }) => {
    const text = String(payload['text']);
    const line = AT.exec(text);
    if (line === null) return;
    if (method === 'sendMessage') alerts += 1;
    firstLineAt = Math.min(firstLineAt, Number(line[1]));
    if (names.every((name) => text.includes(name))) allNamedAt = Math.min(allNamedAt, toMachineTime(readAt));
  });
  const program = await bench.start();
  await sleep(forMs);
  await program.stop();
  await bench.close();
  endpoint.close();
  const namedAfterMs = allNamedAt - firstLineAt;
  return [
    {
      what: `${AGENTS} agents on one dead credential, ${forMs / 1_000} s`,
      measured: `${calls} calls; ${alerts} ${alerts === 1 ? 'alert' : 'alerts'}; all named after ${ms(namedAfterMs)}`,
      toReach: '≤ 23; 1; ≤ 1 s',
      met: calls <= AGENTS && alerts === 1 && namedAfterMs <= 1_000,
      others: 'PM2 519; 8; never. s6 404; 404; 0.3 s',
      how: 'schedule continuous, each is refused three seconds into its work; named: from the first refused line to the first message that names every agent',
      numbers: { calls, alerts, namedAfterMs },
    },
  ];
}
