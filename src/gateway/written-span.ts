import { parseDuration } from '../config/duration.ts';
import { MAX_SPAN_MS, MAX_SPAN_WORDS } from './limits.ts';

/** Reads a span as agents write it, `4h`, in milliseconds; or says what should have been written. */
export function readSpan(written: string, maxMs = MAX_SPAN_MS, maxWords = MAX_SPAN_WORDS): number | string {
  const parsed = parseDuration(written);
  if (parsed.kind === 'refused') return parsed.expected;
  return parsed.value <= maxMs ? parsed.value : maxWords;
}
