import type { CustomSeriesOption } from 'echarts';
import type { RunOutcome, TimelineFigures } from '../figures.ts';

/** Colour, and height as a part of the row: what went wrong stands out without its colour, too. */
export const OUTCOMES = {
  done: { name: 'done', colour: '#44bb99', height: 0.42, leastWidth: 3 },
  running: { name: 'running', colour: '#77aadd', height: 0.42, leastWidth: 14 },
  stopped: { name: 'stopped', colour: '#eedd88', height: 0.6, leastWidth: 7 },
  lost: { name: 'lost', colour: '#d58fd0', height: 0.78, leastWidth: 9 },
  failed: { name: 'failed', colour: '#ff7a66', height: 0.78, leastWidth: 9 },
} as const satisfies Readonly<Record<RunOutcome, { name: string; colour: string; height: number; leastWidth: number }>>;

/** In the order in which they are painted: what went wrong lies on top. */
export const OUTCOME_ORDER = Object.keys(OUTCOMES) as readonly RunOutcome[];

/** One run as the series holds it: its row, its two instants, the place of its outcome in OUTCOME_ORDER. */
type Segment = readonly [row: number, fromAt: number, toAt: number, outcome: number];

/** The runs as segments; `pitch` is the height of a row in pixels, `msPerPixel` what one pixel of its width stands for. */
export function runSegments(rows: TimelineFigures['agents'], pitch: number, msPerPixel: number): CustomSeriesOption {
  const data = OUTCOME_ORDER.flatMap((outcome, index) =>
    rows.flatMap(({ runs }, row) =>
      withoutHidden(
        runs.filter((run) => run.outcome === outcome),
        OUTCOMES[outcome].leastWidth * msPerPixel,
      ).map(({ fromAt, toAt }): Segment => [row, fromAt, toAt, index]),
    ),
  );
  return {
    type: 'custom',
    name: 'runs',
    clip: true,
    // All at once: the picture is taken before a timer could paint the rest.
    progressive: 0,
    encode: { x: [1, 2], y: 0 },
    data: data as unknown as number[][],
    renderItem(_params, api) {
      const [row, fromAt, toAt, index] = [0, 1, 2, 3].map((dimension) => Number(api.value(dimension)));
      const outcome = OUTCOME_ORDER[index ?? 0] ?? 'done';
      const { colour, height: part, leastWidth } = OUTCOMES[outcome];
      const [left = 0, middle = 0] = api.coord([fromAt ?? 0, row ?? 0]);
      const [right = 0] = api.coord([toAt ?? 0, row ?? 0]);
      const height = pitch * part;
      const width = Math.max(leastWidth, right - left);
      const x = outcome === 'running' ? Math.min(left, right - leastWidth) : left;
      const shape = { x, y: middle - height / 2, width, height, r: Math.min(6, width / 2) };
      if (outcome !== 'running') return { type: 'rect', shape, style: { fill: colour } };
      // Open-ended: it points to where the picture ends.
      const tip = Math.min(leastWidth, width);
      const points = [
        [x, middle - height / 2],
        [x + width - tip, middle - height / 2],
        [x + width, middle],
        [x + width - tip, middle + height / 2],
        [x, middle + height / 2],
      ];
      return { type: 'polygon', shape: { points }, style: { fill: colour } };
    },
  };
}

/** Runs that would be painted over each other become one: as many as fit beside each other are painted, however many there were. */
function withoutHidden<Run extends { readonly fromAt: number; readonly toAt: number }>(
  runs: readonly Run[],
  leastMs: number,
): readonly { readonly fromAt: number; readonly toAt: number }[] {
  const painted: { fromAt: number; toAt: number }[] = [];
  for (const { fromAt, toAt } of runs.toSorted((a, b) => a.fromAt - b.fromAt)) {
    const before = painted.at(-1);
    if (before !== undefined && fromAt < Math.max(before.toAt, before.fromAt + leastMs))
      before.toAt = Math.max(before.toAt, toAt);
    else painted.push({ fromAt, toAt });
  }
  return painted;
}
