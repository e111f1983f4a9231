/** A stream of output to measure with: chunks that are pushed in a circle, cut anywhere, the last one ending with a line. */
export type Output = readonly Buffer[];

/** As much as a pipe hands over at once. */
const CHUNK_BYTES = 64 * 1024;

/** What is measured takes turns this often, so that all share the machine's moods. */
const TURNS = 5;

/** Cuts a stream into chunks as a pipe does. */
export function cutIntoChunks(bytes: Buffer): Output {
  return Array.from({ length: Math.ceil(bytes.length / CHUNK_BYTES) }, (_, index) =>
    bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES),
  );
}

/** Who takes a stream in: each turn gets a new one, which `end` lets go. */
export interface Intake {
  take(chunk: Buffer): void;
  end?(): void;
}

/** Lets each take in at least so many bytes, in turns; gives the median of the megabytes (10^6 bytes) per second of each. */
export function compareThroughput<Name extends string>(
  output: Output,
  totalBytes: number,
  intakes: Readonly<Record<Name, () => Intake>>,
): Readonly<Record<Name, number>> {
  const names = Object.keys(intakes) as Name[];
  const samples = new Map(names.map((name) => [name, [] as number[]]));
  // One turn beforehand, so that the code is compiled.
  for (const name of names) takeIn(output, totalBytes / TURNS, intakes[name]());
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const name of names) samples.get(name)?.push(takeIn(output, totalBytes / TURNS, intakes[name]()));
  }
  const medians = names.map((name) => [name, samples.get(name)?.toSorted((a, b) => a - b)[TURNS >> 1] ?? 0]);
  return Object.fromEntries(medians) as Record<Name, number>;
}

function takeIn(output: Output, leastBytes: number, intake: Intake): number {
  const startedAt = performance.now();
  let bytes = 0;
  while (bytes < leastBytes) {
    for (const chunk of output) {
      intake.take(chunk);
      bytes += chunk.length;
    }
  }
  const tookMs = performance.now() - startedAt;
  intake.end?.();
  return bytes / 1_000 / tookMs;
}
