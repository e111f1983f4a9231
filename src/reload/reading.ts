import type { ComparedFile } from '../config/fleet-diff.ts';

/** A fleet.yaml that passed `check`. */
export interface ValidReading extends ComparedFile {
  readonly kind: 'valid';
  /** SHA-256 of the file, as hex. */
  readonly hash: string;
  /** What it takes from the environment under the name of a secret: it may be in no message and no log. */
  readonly secrets: readonly string[];
  /** What has changed beside it that no running program can take over, such as the bot's token. */
  readonly fixed: readonly string[];
}

/** What fleet.yaml says right now. */
export type FleetReading =
  | ValidReading
  | {
      readonly kind: 'bad';
      /** A line each, with file, line and key; never empty. */
      readonly problems: readonly string[];
      /** How many more there are. */
      readonly omitted: number;
    };

/** The fleet.yaml of the running program. */
export interface FleetFile {
  /** What it said when the program was started, as plain values. */
  readonly raw: unknown;
  /** SHA-256 of it then, as hex. */
  readonly hash: string;
  /** Reads it anew, with all that belongs to it, and checks it as `check` does. */
  readonly read: () => FleetReading;
}
