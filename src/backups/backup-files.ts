/** Copies of the schedule and of `nightdesk backup`: `nightdesk-YYYYMMDD-HHMMSS.db`, in UTC, so that names sort by age. */
const COPY = /^nightdesk-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)\.db$/;
/** What is left of a copy that was cut off. */
const LEFT_OVER = /\.part(-journal|-wal|-shm)?$/;
const BEFORE_MIGRATION = /^before-migration-.*\.db$/;

/** How many copies of before an upgrade are kept: the newest. */
const KEPT_BEFORE_MIGRATION = 3;

/** The name of a copy made at that time. */
export function copyName(at: number): string {
  const [date = '', time = ''] = new Date(at).toISOString().replace(/[-:]/g, '').split('T');
  return `nightdesk-${date}-${time.slice(0, 6)}.db`;
}

/** When a file was copied, by its name (epoch ms); undefined when it is no copy of ours. */
export function copiedAt(name: string): number | undefined {
  const [, year, month, day, hour, minute, second] = COPY.exec(name) ?? [];
  return year === undefined
    ? undefined
    : Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
}

/** A name for a copy that no file has yet. */
export function freeCopyName(at: number, names: readonly string[]): string {
  for (let second = 0; ; second += 1) {
    const name = copyName(at + second * 1_000);
    if (!names.includes(name)) return name;
  }
}

/** Decides which files of HOME/backup go: copies beyond `keep` and beyond those of before an upgrade, the oldest first. */
export function decideRemovals(
  files: readonly { readonly name: string; readonly modifiedAt: number }[],
  keep: number,
): readonly string[] {
  const copies = files.filter(({ name }) => COPY.test(name)).map(({ name }) => name);
  const before = files
    .filter(({ name }) => BEFORE_MIGRATION.test(name))
    .toSorted((a, b) => a.modifiedAt - b.modifiedAt)
    .map(({ name }) => name);
  // The newest is the one that was just verified: it stays whatever fleet.yaml says.
  return [
    ...copies.toSorted().slice(0, Math.max(0, copies.length - Math.max(1, keep))),
    ...before.slice(0, Math.max(0, before.length - KEPT_BEFORE_MIGRATION)),
  ];
}

/** Files of HOME/backup that nobody can use: what a cut-off copy left. */
export function leftOvers(names: readonly string[]): readonly string[] {
  return names.filter((name) => LEFT_OVER.test(name));
}
