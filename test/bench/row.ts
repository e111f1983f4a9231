/** One line of the table. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  /** Undefined for a line that is there for comparison only. */
  readonly toReach?: string;
  readonly met?: boolean;
  /** What others were measured to need for the same. */
  readonly others?: string;
  /** From which event to which, and what the number contains besides. */
  readonly how: string;
  /** The bare numbers, for `--json`. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** Milliseconds as a person reads them: two digits that matter. */
export function ms(value: number): string {
  return value >= 1_000 ? `${(value / 1_000).toFixed(2)} s` : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

/** What a message costs at the least on this machine, right now: one commit on the disk and one bare request. */
export interface Bare {
  readonly sendMs: number;
  readonly commitMs: number;
}

/** How many times the least this is. */
export function timesBare(value: number, { sendMs, commitMs }: Bare): string {
  return `${(value / (sendMs + commitMs)).toFixed(1)} × bare`;
}

/** Renders the rows as a table for a terminal, and below it what each number is. */
export function renderTable(rows: readonly Row[]): string {
  const cells = [
    ['what', 'measured', 'to reach', '', 'others'],
    ...rows.map(({ what, measured, toReach = '', met, others = '' }) => [
      what,
      measured,
      toReach,
      met === undefined ? '' : met ? 'yes' : 'NO',
      others,
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const notes = rows.map(({ what, how }) => `- ${what}: ${how}`);
  return [lines[0], rule, ...lines.slice(1), '', 'What each number is:', ...notes].join('\n');
}
