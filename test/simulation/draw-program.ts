import { SECOND_MS } from './fleets.ts';
import type { Program } from './machine.ts';
import { EXIT, type ScriptOptions } from './program-tools.ts';

/** Plays the program that draws a digest's pictures: it finds nothing worth a picture, or fails, or hangs. */
export function playDrawing(program: Program, { random, isCalm }: ScriptOptions): void {
  const draw = isCalm() ? 0 : random.fraction();
  program.later(random.between(500, 5 * SECOND_MS), () => {
    if (draw > 0.85) return; // hangs
    if (draw > 0.6) {
      program.print('no font\n', 'stderr');
      return program.exit({ kind: 'exited', code: EXIT.failed });
    }
    program.print('{"pictures":[]}\n');
    program.exit({ kind: 'exited', code: EXIT.done });
  });
}
