import { parseArgs } from 'node:util';
import { liveSeeds } from './live-seeds.ts';

/** `npm run simulate -- --seeds N [--seed S] [--from S] [--trace]`: lives through many worlds, or again through one. */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    seed: { type: 'string' },
    from: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
  },
});

const first = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || count < 1) {
  console.error('simulate: --seeds, --seed and --from take whole numbers');
  process.exit(64);
}
let failed = 0;
for (let seed = first; seed < first + count; seed += 1) {
  const lines = await liveSeeds(seed, 1, values.trace ? (line) => console.log(line) : undefined);
  for (const line of lines) console.log(line);
  failed += lines.length;
}
console.log(`${count - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
