import Database from 'better-sqlite3';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { machineNow, toMachineTime } from './machine-clock.ts';
import { openBench } from './program.ts';
import { type Bare, ms, type Row } from './row.ts';
import { summarise } from './statistics.ts';

const AT = /\(at ([\d.]+)\)/;

/** What the machine itself takes: a message from a bare program to the server, and a commit that is on the disk. */
export async function measureBaselines(count: number): Promise<{ readonly bare: Bare; readonly rows: readonly Row[] }> {
  const bench = await openBench('agents: {}\n');
  const sends: number[] = [];
  bench.sandbox.onCall(({ payload, readAt }) => {
    const line = AT.exec(String(payload['text']));
    if (line !== null) sends.push(toMachineTime(readAt) - Number(line[1]));
  });
  const url = `${bench.sandbox.apiRoot}/bot${bench.token}/sendMessage`;
  await promisify(execFile)(process.execPath, [
    join(import.meta.dirname, 'fixtures', 'bare-sender.ts'),
    url,
    String(bench.chat),
    String(count),
  ]);
  const commit = summarise(commits(join(bench.folder, 'bare.db'), count * 2));
  const send = summarise(sends);
  await bench.close();
  const rows: readonly Row[] = [
    {
      what: 'bare: message from a Node program',
      measured: `median ${ms(send.median)}, p99 ${ms(send.p99)} (${send.count})`,
      how: 'sendMessage by node:http on a kept connection, from just before the request to when the server has read it',
      numbers: { ...send },
    },
    {
      what: 'bare: SQLite commit on this disk',
      measured: `median ${ms(commit.median)}, p99 ${ms(commit.p99)} (${commit.count})`,
      how: 'one row, WAL, synchronous=FULL, in the folder of the state: one fsync',
      numbers: { ...commit },
    },
  ];
  return { bare: { sendMs: send.median, commitMs: commit.median }, rows };
}

function commits(file: string, count: number): readonly number[] {
  const database = new Database(file);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec('CREATE TABLE line (id INTEGER PRIMARY KEY, text TEXT) STRICT');
  const insert = database.prepare('INSERT INTO line (text) VALUES (?)');
  const samples = Array.from({ length: count }, () => {
    const startedAt = machineNow();
    insert.run('something that happened');
    return machineNow() - startedAt;
  });
  database.close();
  return samples;
}
