import type { Web } from '../ports.ts';

/** Builds the Web port on Node's own fetch. */
export function createWeb(): Web {
  return {
    async call(url, timeoutMs) {
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), headers: { connection: 'close' } });
        // What it says does not matter, and may be endless.
        await response.body?.cancel();
        return response.ok ? { kind: 'ok' } : { kind: 'failed', reason: `status ${response.status}` };
      } catch (error) {
        return { kind: 'failed', reason: describeError(error, timeoutMs) };
      }
    },
  };
}

/** An error's own text holds the address. */
function describeError(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1_000} s`;
  const { code } = (error.cause ?? error) as { readonly code?: unknown };
  return typeof code === 'string' ? code : 'it cannot be called';
}
