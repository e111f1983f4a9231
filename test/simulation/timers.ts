/** Timers in the order of their time, and of their making where that is the same. */
export interface TimerQueue {
  /** The time of the next timer; undefined: there is none. */
  nextAt(): number | undefined;
  add(at: number, task: () => void): () => void;
  /** Runs everything that is due at exactly this time; false when all of it had been cancelled. */
  runAt(at: number): boolean;
}

interface Timer {
  readonly at: number;
  readonly sequence: number;
  task: (() => void) | undefined;
}

/** Builds a queue of timers: a binary heap. */
export function createTimerQueue(): TimerQueue {
  const heap: Timer[] = [];
  let sequence = 0;

  function isBefore(a: Timer, b: Timer): boolean {
    return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
  }

  function push(timer: Timer): void {
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(timer, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = timer;
  }

  function pop(): Timer | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }

  return {
    nextAt: () => heap[0]?.at,
    add(at, task) {
      const timer: Timer = { at, sequence: sequence++, task };
      push(timer);
      return () => {
        timer.task = undefined;
      };
    },
    runAt(at) {
      let ran = false;
      while (heap[0]?.at === at) {
        const timer = pop();
        if (timer?.task === undefined) continue;
        timer.task();
        ran = true;
      }
      return ran;
    },
  };
}
