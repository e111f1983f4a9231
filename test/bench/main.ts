/**
 * What Nightdesk costs and how fast it is, measured on the real program: `npm run bench [-- --quick] [--json] [--only NAME,NAME]`.
 *
 * A measurement, not a test: it exits 0 whatever the numbers are. TMPDIR decides which disk is measured. BENCH_NODE_OPTIONS become the
 * program's NODE_OPTIONS, to see why a number is what it is: `--cpu-prof --cpu-prof-dir=…`, `--heapsnapshot-signal=…`.
 */
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { findClis } from '../models/clis.ts';
import { measureBaselines } from './baselines.ts';
import { measureCheckpoints } from './checkpoints.ts';
import { measureContainedStarts, measureIdleSweep, measureStops } from './containment.ts';
import { measureCommands } from './commands.ts';
import { measureDeadCredential } from './dead-credential.ts';
import { measureDesk } from './desk.ts';
import { measureDigest } from './digest.ts';
import { measureDrafts } from './drafts.ts';
import { measureDrills } from './drills.ts';
import { measureFailingLines } from './failing-lines.ts';
import { measureFirstSteps } from './first-steps.ts';
import { measureFlood } from './flood.ts';
import { measureFullDatabase } from './full-database.ts';
import { measureIdle } from './idle.ts';
import { measureManyAgents } from './many-agents.ts';
import { measureMonth } from './month.ts';
import { measureNineHours } from './nine-hours.ts';
import { measureOutputIntake } from './output-intake.ts';
import { measureReal401 } from './real-401.ts';
import { type Bare, renderTable, type Row } from './row.ts';
import { measureReauth } from './reauth.ts';
import { measureTasks } from './tasks.ts';
import { measureStartAndStop } from './start-and-stop.ts';
import { measureStorm } from './storm.ts';
import { measureStreamDecoding } from './stream-decoding.ts';
import { measureKilledProgram, measureSurvivors } from './survivors.ts';

type Measure = (bare: Bare) => readonly Row[] | Promise<readonly Row[]>;

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, only: { type: 'string' } },
});
const quick = values.quick === true;

const measurements: readonly (readonly [name: string, measure: Measure])[] = [
  ['failing-lines', (bare) => measureFailingLines(quick ? 20 : 60, bare)],
  ['drafts', (bare) => measureDrafts(quick ? 8 : 30, quick ? 2 : 5, bare)],
  ['commands', () => measureCommands(quick ? 3 : 20)],
  ['desk', () => measureDesk(quick ? 3 : 10, quick ? 5 : 20)],
  ['digest', () => measureDigest(quick ? 3 : 10)],
  ['tasks', () => measureTasks(quick ? 2 : 5)],
  ['checkpoints', (bare) => measureCheckpoints(quick ? 20 : 100, bare)],
  ['full-database', () => measureFullDatabase(quick ? 2 : 7, quick ? 10_000 : 60_000)],
  ['drills', () => measureDrills(quick ? 1 : 5)],
  ['storm', () => measureStorm(quick ? 10_000 : 55_000)],
  ['reauth', () => measureReauth(quick ? 1 : 5)],
  ['nine-hours', measureNineHours],
  ['month', () => measureMonth(quick ? 1 : 30)],
  ['dead-credential', () => measureDeadCredential(quick ? 15_000 : 60_000)],
  ['idle', () => measureIdle(quick ? 15_000 : 60_000)],
  ['first-steps', measureFirstSteps],
  ['start-and-stop', () => measureStartAndStop(quick ? 5 : 15)],
  ['decoding', () => measureStreamDecoding(quick ? 100_000_000 : 400_000_000)],
  ['intake', () => measureOutputIntake(quick ? 200_000_000 : 1_000_000_000)],
  ['contained-start', () => measureContainedStarts(quick ? 20 : 100)],
  ['stop', () => measureStops(quick ? 5 : 20)],
  ['survivors', () => measureSurvivors(quick ? 2 : 10)],
  ['killed', () => measureKilledProgram(quick ? 1 : 5)],
  ['many-agents', () => measureManyAgents(quick ? 15_000 : 30_000)],
  ['flood', () => measureFlood(quick ? 10_000 : 60_000)],
  ['real-401', () => measureWithRealClaude(quick ? 3 : 10)],
  ['sweep', async () => [await measureIdleSweep(quick ? 20 : 100)]],
];

const only = values.only?.split(',');
const unknown = only?.filter((name) => !measurements.some(([known]) => known === name)) ?? [];
if (unknown.length > 0)
  throw new Error(`--only takes ${measurements.map(([name]) => name).join(', ')}, not ${unknown.join(', ')}`);

async function measureWithRealClaude(count: number): Promise<readonly Row[]> {
  const { claude } = findClis(process.env);
  if (claude !== undefined) return await measureReal401(claude, count);
  process.stderr.write('real-401: NOT MEASURED, no claude is installed where NIGHTDESK_TEST_CLIS or .clis says\n');
  return [];
}

// What was started ends with us, however that comes.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const loads = [loadavg()[0] ?? 0];
const { bare, rows: bareRows } = await measureBaselines(quick ? 50 : 100);
const rows: Row[] = [];
for (const [name, measure] of measurements) {
  if (only !== undefined && !only.includes(name)) continue;
  loads.push(loadavg()[0] ?? 0);
  process.stderr.write(`${name} …\n`);
  rows.push(...(await measure(bare)));
}
rows.push(...bareRows);

const cores = availableParallelism();
if (values.json === true) {
  console.log(JSON.stringify({ node: process.version, cores, loads, rows }, null, 2));
} else {
  console.log(renderTable(rows));
  const load = loads.map((one) => one.toFixed(1)).join(', ');
  console.log(`\nNode ${process.version}, ${cores} cores, load before each measurement: ${load}`);
}
