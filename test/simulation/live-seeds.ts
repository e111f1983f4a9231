import { liveThrough } from './world.ts';

/** Lives through the worlds of these seeds; gives one line for each that broke a promise, which is all that its reproduction needs. */
export async function liveSeeds(
  first: number,
  count: number,
  onTrace?: (line: string) => void,
): Promise<readonly string[]> {
  const lines: string[] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    const { broken } = await liveThrough({ seed, ...(onTrace === undefined ? {} : { onTrace }) });
    if (broken !== undefined)
      lines.push(
        `seed ${seed}: promise "${broken.name}" broken at ${broken.at} virtual: ${broken.how}; reproduce: npm run simulate -- --seed ${seed}`,
      );
  }
  return lines;
}
