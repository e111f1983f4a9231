import type { Connection } from './database.ts';

/** What runs that are alive show of themselves, and are asked for. Times are epoch ms. */
export interface RunSignStore {
  /** It said something; `bytes`: all that it has said so far. */
  output(id: number, at: number, bytes: number): void;
  /** It said that it is alive; without a note the one before stays. */
  beat(id: number, at: number, note: string | null): void;
  /** It got something done. */
  progress(id: number, at: number, note: string): void;
  /** Its CLI told of something new that the agent does. */
  lively(id: number, at: number): void;
  /** Work was seen in its folder. */
  worked(id: number, at: number): void;
  /** Nothing is expected of it until then. */
  patient(id: number, until: number): void;
  /** Wants it to be asked for a sign of life. */
  wantAnswer(id: number, at: number): void;
  /** What it does over and over; null: nothing any more. */
  repeating(id: number, words: string | null): void;
}

/** Builds the part of the run store that writes down signs of life. */
export function createRunSignStore(connection: Connection): RunSignStore {
  const output = connection.statement<[number, number, number]>(
    'UPDATE run SET output_at = ?, output_bytes = ? WHERE id = ?',
  );
  const beat = connection.statement<[number, string | null, number]>(
    'UPDATE run SET beat_at = ?, beat_note = coalesce(?, beat_note) WHERE id = ?',
  );
  const progress = connection.statement<[number, string, number]>(
    'UPDATE run SET progress_at = ?, progress_note = ? WHERE id = ?',
  );
  const lively = connection.statement<[number, number]>('UPDATE run SET lively_at = ? WHERE id = ?');
  const worked = connection.statement<[number, number]>('UPDATE run SET worked_at = ? WHERE id = ?');
  const patient = connection.statement<[number, number]>('UPDATE run SET patient_until = ? WHERE id = ?');
  const wantAnswer = connection.statement<[number, number]>('UPDATE run SET asked_at = ? WHERE id = ?');
  const repeating = connection.statement<[string | null, number]>('UPDATE run SET repeating = ? WHERE id = ?');

  return {
    output: (id, at, bytes) => void output.run(at, bytes, id),
    beat: (id, at, note) => void beat.run(at, note, id),
    progress: (id, at, note) => void progress.run(at, note, id),
    lively: (id, at) => void lively.run(at, id),
    worked: (id, at) => void worked.run(at, id),
    patient: (id, until) => void patient.run(until, id),
    wantAnswer(id, at) {
      connection.touch('runs');
      wantAnswer.run(at, id);
    },
    repeating: (id, words) => void repeating.run(words, id),
  };
}
