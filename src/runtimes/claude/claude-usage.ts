import { asRecord, countField, microUsd, nameField, recordField } from '../json-fields.ts';
import type { JsonRecord } from '../json-fields.ts';
import type { RunEvent } from '../runtime.ts';

/** Claude Code compacts by itself this far before its window ends (facts: agent-clis 6). */
const COMPACTION_RESERVE = 33_000;

const SMALL_WINDOW = 200_000;
const LARGE_WINDOW = 1_000_000;

/** Models with a window of a million, until a result tells the window itself; any other counts as small, which warns too early at worst. */
const LARGE_MODELS = /-5-5\b|\[1m\]/;

/** Message ids that are remembered: the lines of one message follow each other, but for those of subagents that run beside it. */
const REMEMBERED_IDS = 64;

/** Adds up what a run uses, and how full its context is. */
export interface UsageMeter {
  /** Takes an assistant line; `isMain` is false for what a subagent says. */
  takeMessage(line: JsonRecord, isMain: boolean): RunEvent[];
  /** Takes a result line: it tells exactly what its turn has used. */
  takeResult(line: JsonRecord): RunEvent[];
}

/**
 * Builds a meter. `windowLimit` caps the window, where the agent's environment does; `isNew` tells whether the session began with this
 * run, so that its total cost is the run's.
 */
export function createUsageMeter(options: { readonly windowLimit: number; readonly isNew: boolean }): UsageMeter {
  const seen = new Set<string>();
  const windows = new Map<string, number>();
  // What the results told, and on top of it what messages told since the last one.
  const settled = { input: 0, output: 0, cached: 0, microUsd: 0 };
  let open = { input: 0, output: 0, cached: 0 };
  let hasCost = false;
  let sessionMicroUsd = 0;

  function usage(): RunEvent {
    const cachedTokens = settled.cached + open.cached;
    return {
      kind: 'usage',
      inputTokens: settled.input + open.input,
      outputTokens: settled.output + open.output,
      ...(cachedTokens === 0 ? {} : { cachedTokens }),
      ...(hasCost ? { costMicroUsd: settled.microUsd } : {}),
    };
  }

  function isFirst(id: string): boolean {
    if (seen.has(id)) return false;
    seen.add(id);
    const [oldest] = seen;
    if (seen.size > REMEMBERED_IDS && oldest !== undefined) seen.delete(oldest);
    return true;
  }

  function limitOf(model: string, used: number): number {
    const known = windows.get(model);
    const guess = known ?? (LARGE_MODELS.test(model) ? LARGE_WINDOW : SMALL_WINDOW);
    // A small window cannot hold more than it is: so it is none.
    const window = known === undefined && used > guess ? LARGE_WINDOW : guess;
    return Math.max(1, Math.min(window, options.windowLimit) - COMPACTION_RESERVE);
  }

  return {
    takeMessage(line, isMain) {
      const message = recordField(line, 'message');
      const id = nameField(message, 'id');
      const tokens = recordField(message, 'usage');
      if (id === undefined || tokens === undefined || !isFirst(id)) return [];
      const used = inputOf(tokens);
      if (used === 0) return [];
      open.input += used;
      open.output += countField(tokens, 'output_tokens');
      open.cached += countField(tokens, 'cache_read_input_tokens');
      if (!isMain) return [usage()];
      const limitTokens = limitOf(nameField(message, 'model') ?? '', used);
      return [usage(), { kind: 'context', usedTokens: used, limitTokens }];
    },
    takeResult(line) {
      for (const [model, value] of Object.entries(recordField(line, 'modelUsage') ?? {})) {
        const window = countField(asRecord(value), 'contextWindow');
        if (window > 0 && windows.size < REMEMBERED_IDS && model.length <= 200) windows.set(model, window);
      }
      const total = microUsd(line['total_cost_usd']);
      const models = modelsOfTurn(line);
      if (models !== undefined) {
        for (const model of models) {
          settled.input += inputOfModel(model);
          settled.output += countField(model, 'outputTokens');
          settled.cached += countField(model, 'cacheReadInputTokens');
          settled.microUsd += microUsd(model?.['costUSD']);
        }
        hasCost = true;
        open = { input: 0, output: 0, cached: 0 };
      } else if (options.isNew && line['total_cost_usd'] !== undefined) {
        // Versions that do not tell the turn's own part tell the session's total, and a new session is all of this run.
        settled.microUsd += Math.max(0, total - sessionMicroUsd);
        hasCost = true;
      }
      sessionMicroUsd = total;
      return [usage()];
    },
  };
}

/** What the turn of a result line cost, or its session where the line does not tell its turn's part. */
export function costOf(line: JsonRecord): number {
  const models = modelsOfTurn(line);
  if (models === undefined) return microUsd(line['total_cost_usd']);
  return models.reduce((sum, model) => sum + microUsd(model?.['costUSD']), 0);
}

function modelsOfTurn(line: JsonRecord): readonly (JsonRecord | undefined)[] | undefined {
  const models = recordField(line, 'model_usage_since_last_result');
  return models === undefined ? undefined : Object.values(models).map(asRecord);
}

/** How far the agent's environment limits the window, as Claude Code reads it. */
export function windowLimitOf(env: Readonly<Record<string, string>>): number {
  const own = Number(env['CLAUDE_CODE_AUTO_COMPACT_WINDOW']);
  const limit = own > COMPACTION_RESERVE ? own : Number.POSITIVE_INFINITY;
  return env['CLAUDE_CODE_DISABLE_1M_CONTEXT'] === '1' ? Math.min(limit, SMALL_WINDOW) : limit;
}

/** All that went in, from the cache or not: what fills the context. */
function inputOf(tokens: JsonRecord): number {
  return (
    countField(tokens, 'input_tokens') +
    countField(tokens, 'cache_creation_input_tokens') +
    countField(tokens, 'cache_read_input_tokens')
  );
}

function inputOfModel(model: JsonRecord | undefined): number {
  return (
    countField(model, 'inputTokens') +
    countField(model, 'cacheCreationInputTokens') +
    countField(model, 'cacheReadInputTokens')
  );
}
