/** Faults on demand: what a bot meets when Telegram, or the way to it, is broken. */

/** A fault and whom it meets; without `methods` all of them (`conflict`: getUpdates), without `times` until it is changed. */
export interface Fault {
  readonly kind: FaultKind;
  readonly methods?: readonly string[];
  readonly times?: number;
  /** Seconds, for `flood`; 5 without it. */
  readonly retryAfterSeconds?: number;
  /** For `server-error`; 502 without it. */
  readonly status?: number;
  /** For `server-error`: what a proxy in front of the server would send instead of JSON. */
  readonly html?: boolean;
}

export type FaultKind =
  | 'down' // the connection is reset before anything is read
  | 'hang' // the request is read, nothing is done, no answer ever comes
  | 'server-error' // 5xx, nothing is done
  | 'flood' // 429, nothing is done
  | 'drop-answer' // everything is done, but the connection is reset instead of the answer
  | 'unauthorized' // 401
  | 'conflict'; // 409

/** The fault that is set now. */
export interface Faults {
  set(fault: Fault | undefined): void;
  /** The fault that meets this method, without counting it. */
  peek(method: string): Fault | undefined;
  /** The same, counted against `times`. */
  take(method: string): Fault | undefined;
}

/** Creates a sandbox without faults. */
export function createFaults(): Faults {
  let current: Fault | undefined;
  let left = Number.POSITIVE_INFINITY;

  function peek(method: string): Fault | undefined {
    if (current === undefined || left <= 0) return undefined;
    const methods = current.methods ?? (current.kind === 'conflict' ? ['getUpdates'] : undefined);
    const name = method.toLowerCase();
    return methods === undefined || methods.some((one) => one.toLowerCase() === name) ? current : undefined;
  }

  return {
    set(fault) {
      current = fault;
      left = fault?.times ?? Number.POSITIVE_INFINITY;
    },
    peek,
    take(method) {
      const fault = peek(method);
      if (fault !== undefined) left -= 1;
      return fault;
    },
  };
}
