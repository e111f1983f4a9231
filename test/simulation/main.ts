import { parseArgs } from 'node:util';
import { liveThrough } from './world.ts';

/** `npm run simulate -- --seeds N [--seed S] [--trace]`: lives through many worlds, or again through one. */
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
let failed = 0;
for (let seed = first; seed < first + count; seed += 1) {
  const { broken } = await liveThrough({
    seed,
    ...(values.trace ? { onTrace: (line: string) => console.log(line) } : {}),
  });
  if (broken === undefined) continue;
  failed += 1;
  console.log(
    `seed ${seed}: promise "${broken.name}" broken at ${broken.at} virtual: ${broken.how}; reproduce: npm run simulate -- --seed ${seed}`,
  );
}
console.log(`${count - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
