/**
 * What Nightdesk costs and how fast it is, measured on the real program: `npm run bench [-- --quick] [--json] [--only NAME]`.
 *
 * A measurement, not a test: it exits 0 whatever the numbers are. TMPDIR decides which disk is measured.
 */
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { measureBaselines } from './baselines.ts';
import { measureDeadCredential } from './dead-credential.ts';
import { measureDrafts } from './drafts.ts';
import { measureFailingLines } from './failing-lines.ts';
import { measureIdle } from './idle.ts';
import { measureNineHours } from './nine-hours.ts';
import { type Bare, renderTable, type Row } from './row.ts';
import { measureStartAndStop } from './start-and-stop.ts';

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, only: { type: 'string' } },
});
const quick = values.quick === true;

const measurements: readonly (readonly [name: string, measure: (bare: Bare) => Promise<readonly Row[]>])[] = [
  ['failing-lines', (bare) => measureFailingLines(quick ? 20 : 60, bare)],
  ['drafts', (bare) => measureDrafts(quick ? 8 : 30, quick ? 2 : 5, bare)],
  ['nine-hours', measureNineHours],
  ['dead-credential', () => measureDeadCredential(quick ? 15_000 : 60_000)],
  ['idle', () => measureIdle(quick ? 15_000 : 60_000)],
  ['start-and-stop', () => measureStartAndStop(quick ? 5 : 15)],
];

const loads = [loadavg()[0] ?? 0];
const { bare, rows: bareRows } = await measureBaselines(quick ? 50 : 100);
const rows: Row[] = [];
for (const [name, measure] of measurements) {
  if (values.only !== undefined && values.only !== name) continue;
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
