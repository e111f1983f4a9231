/**
 * The program of the hidden agents: `drill-agent.ts KIND` fails in the way that is drilled. It is a real program in a real run, so that
 * what notices the fault is what would notice any other.
 */

const kind = process.argv[2];

/** Waits without a timer; a signal ends the process as it ends any other. */
function wait(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Says nothing, and does not end by itself: its run's timeout does that at the latest. */
function stay(): never {
  for (;;) wait(60_000);
}

switch (kind) {
  case 'auth':
    process.stdout.write('AUTH_FAILED: this is a drill\n');
    stay();
    break;
  case 'stuck':
    for (;;) {
      process.stdout.write('This is a drill: the same line, over and over.\n');
      wait(250);
    }
  case 'orphan':
    process.stdout.write('This is a drill.\n');
    break;
  default:
    stay();
}
