import { SECOND_MS } from './fleets.ts';
import type { Program } from './machine.ts';
import { EXIT, type ScriptOptions } from './program-tools.ts';

/** Plays the second route: mostly it tells what it is given; it may fail, hang, or fail after it has told. */
export function playFallback(program: Program, { clock, random, record, isCalm }: ScriptOptions): void {
  const text = program.request.stdin ?? '';
  const attempt = { at: clock.now(), text, isTold: false };
  record.fallbacks.push(attempt);
  const draw = isCalm() ? 0 : random.fraction();
  program.later(random.between(500, 5 * SECOND_MS), () => {
    if (draw > 0.9) return; // hangs
    if (draw <= 0.8) attempt.isTold = true;
    if (draw > 0.75) {
      program.print('no signal\n', 'stderr');
      return program.exit({ kind: 'exited', code: EXIT.failed });
    }
    program.exit({ kind: 'exited', code: EXIT.done });
  });
}
