import type { CliRow } from '../../storage/cli-store.ts';
import type { ProgramSight } from '../config/programs.ts';
import type { Cli } from '../runtimes/runtime.ts';

/** Whether an agent's CLI lets it start. */
export type CliReadiness =
  | { readonly kind: 'ready' }
  /** Passes by itself, soon. */
  | { readonly kind: 'wait'; readonly reason: string }
  /** A person has to do something: the sentence says what. */
  | { readonly kind: 'refuse'; readonly reason: string };

/** Decides from what stands on the disk, and from what is known of it; undefined sight: nobody has looked yet. */
export function decideCliReadiness(cli: Cli, sight: ProgramSight | undefined, row: CliRow | undefined): CliReadiness {
  const checking = { kind: 'wait', reason: `checking the version of ${cli.program}` } as const;
  switch (sight?.kind) {
    case undefined:
      return checking;
    case 'missing':
      return {
        kind: 'refuse',
        reason: `there is no ${cli.program} on the PATH: install it, or give PATH under env in fleet.yaml`,
      };
    case 'not-executable':
      return { kind: 'refuse', reason: `${sight.path} cannot be executed: chmod +x ${sight.path}` };
    case 'found':
      if (row === undefined || row.file !== sight.file) return checking;
      if (row.state === 'unreadable')
        return {
          kind: 'refuse',
          reason: `${sight.path} does not tell its version: ${row.detail ?? 'it said nothing'}`,
        };
      if (row.version === null) return checking;
      return isOlder(row.version, cli.oldest)
        ? {
            kind: 'refuse',
            reason: `${cli.program} ${row.version} at ${sight.path} is too old to be understood: update it to ${cli.oldest} or newer`,
          }
        : { kind: 'ready' };
  }
}

/** Compares dotted numbers; what comes behind them, such as `-beta`, does not count. */
export function isOlder(version: string, than: string): boolean {
  const parts = (text: string): number[] => (/\d+(?:\.\d+)*/.exec(text)?.[0] ?? '0').split('.').map(Number);
  const [own, other] = [parts(version), parts(than)];
  for (let index = 0; index < Math.max(own.length, other.length); index += 1) {
    const difference = (own[index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
