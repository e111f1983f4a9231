import type { JsonRecord } from '../json-fields.ts';
import { countField, recordField, textField } from '../json-fields.ts';
import type { RunEvent } from '../runtime.ts';

/**
 * Codex compacts by itself at 90 % of the model's context, and tells 95 % of it as the window (seen with 0.169: compaction between
 * 244 020 and 245 520 tokens of a window told as 258 400, which is 95 % of 272 000).
 */
const USABLE_PART = 0.9 / 0.95;

/** Threads whose tokens are added up: an agent that starts more helpers is counted short. */
const MOST_THREADS = 256;

interface Tokens {
  readonly input: number;
  readonly output: number;
  /** The part of `input` that came from a cache. */
  readonly cached: number;
}

/** Builds what reads `thread/tokenUsage/updated`. */
export function createTokenMeter(emit: (event: RunEvent) => void): {
  /** `isTurnBegun`: whether the run's own turn has begun; `isOurs`: whether it is of the run's own thread, and no helper's. */
  count(params: JsonRecord, isTurnBegun: boolean, isOurs: boolean): void;
} {
  const totals = new Map<string, Tokens>();
  // Totals are those of the thread: a resumed one tells before the turn what it has used in its earlier runs.
  let before: Tokens = { input: 0, output: 0, cached: 0 };

  function tellUsage(): void {
    let [input, output, cached] = [-before.input, -before.output, -before.cached];
    for (const total of totals.values()) {
      input += total.input;
      output += total.output;
      cached += total.cached;
    }
    emit({
      kind: 'usage',
      inputTokens: Math.max(0, input),
      outputTokens: Math.max(0, output),
      ...(cached <= 0 ? {} : { cachedTokens: cached }),
    });
  }

  return {
    count(params, isTurnBegun, isOurs) {
      const usage = recordField(params, 'tokenUsage');
      const total = recordField(usage, 'total');
      if (total === undefined) return;
      const sum = {
        input: countField(total, 'inputTokens'),
        output: countField(total, 'outputTokens'),
        cached: countField(total, 'cachedInputTokens'),
      };
      const thread = textField(params, 'threadId') ?? '';
      if (!isTurnBegun) before = sum;
      else if (totals.has(thread) || totals.size < MOST_THREADS) totals.set(thread, sum);
      if (isTurnBegun) tellUsage();
      const usedTokens = countField(recordField(usage, 'last'), 'totalTokens');
      const window = countField(usage, 'modelContextWindow');
      if (usedTokens > 0 && window > 0 && isOurs) {
        emit({ kind: 'context', usedTokens, limitTokens: Math.floor(window * USABLE_PART) });
      }
    },
  };
}
