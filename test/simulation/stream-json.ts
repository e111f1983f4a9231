/** What Claude Code prints with `--output-format stream-json`, line by line, as the transcripts in test/fixtures/agent-clis/claude show it. */
export interface StreamLines {
  init(version: string): string;
  says(text: string, usedTokens: number): string;
  calls(id: string, command: string, usedTokens: number): string;
  called(id: string, content: string, isError: boolean): string;
  asks(request: string, id: string, command: string): string;
  retries(attempt: number, status: number, word: string): string;
  /** `info` of a usage limit that refuses. */
  limited(resetsAt: number): string;
  /** The model's side refused: the error as the agent's own words, and then the end of the turn. */
  fails(error: ApiFailure, spent: Spending): readonly [string, string];
  ends(text: string, spent: Spending): string;
  /** Its own limit for money is reached. */
  outOfMoney(spent: Spending): string;
  /** The CLI made room in its context. */
  compacted(): string;
}

/** What a turn cost, and the whole session, in dollars. */
export interface Spending {
  readonly turnUsd: number;
  readonly sessionUsd: number;
}

/** A refusal as Claude Code tells it. */
export interface ApiFailure {
  readonly word: string;
  readonly status: number;
  readonly text: string;
  readonly apiError?: string;
  readonly terminalReason?: string;
}

const MODEL = 'claude-sonnet-5-5';
const SYNTHETIC = '<synthetic>';

/** Builds the lines of one session. */
export function createStreamLines(session: string): StreamLines {
  let lastMessage = 0;

  function line(fields: object): string {
    return `${JSON.stringify({ ...fields, session_id: session })}\n`;
  }

  function message(content: readonly object[], usedTokens: number, model = MODEL): object {
    lastMessage += 1;
    const usage = { input_tokens: usedTokens, output_tokens: usedTokens === 0 ? 0 : 25 };
    return { id: `msg_${lastMessage}`, type: 'message', role: 'assistant', model, content, usage };
  }

  function result(fields: object): string {
    return line({ type: 'result', subtype: 'success', queued_turn_count: 0, permission_denials: [], ...fields });
  }

  function costs({ turnUsd, sessionUsd }: Spending): object {
    const used = (costUSD: number): object => ({
      [MODEL]: { inputTokens: 2_400, outputTokens: 50, contextWindow: 1_000_000, costUSD },
    });
    return {
      total_cost_usd: sessionUsd,
      modelUsage: used(sessionUsd),
      model_usage_since_last_result: used(turnUsd),
    };
  }

  return {
    init: (version) =>
      line({
        type: 'system',
        subtype: 'init',
        cwd: '/work',
        tools: ['Bash'],
        mcp_servers: [{ name: 'nightdesk', status: 'connected' }],
        model: MODEL,
        permissionMode: 'default',
        claude_code_version: version,
      }),
    says: (text, usedTokens) =>
      line({ type: 'assistant', message: message([{ type: 'text', text }], usedTokens), parent_tool_use_id: null }),
    calls: (id, command, usedTokens) =>
      line({
        type: 'assistant',
        message: message([{ type: 'tool_use', id, name: 'Bash', input: { command } }], usedTokens),
        parent_tool_use_id: null,
      }),
    called: (id, content, isError) =>
      line({
        type: 'user',
        message: { role: 'user', content: [{ tool_use_id: id, type: 'tool_result', content, is_error: isError }] },
        parent_tool_use_id: null,
      }),
    asks: (request, id, command) =>
      `${JSON.stringify({
        type: 'control_request',
        request_id: request,
        request: {
          subtype: 'can_use_tool',
          tool_name: 'Bash',
          input: { command },
          permission_suggestions: [
            {
              type: 'addRules',
              rules: [{ toolName: 'Bash', ruleContent: 'touch *' }],
              behavior: 'allow',
              destination: 'localSettings',
            },
          ],
          tool_use_id: id,
        },
      })}\n`,
    retries: (attempt, status, word) =>
      line({ type: 'system', subtype: 'api_retry', attempt, max_retries: 4, error_status: status, error: word }),
    limited: (resetsAt) =>
      line({
        type: 'rate_limit_event',
        rate_limit_info: { status: 'rejected', resetsAt: Math.ceil(resetsAt / 1_000), rateLimitType: 'five_hour' },
      }),
    fails: ({ word, status, text, apiError, terminalReason = 'api_error' }, spent) => {
      const api = { api_error_status: status, ...(apiError === undefined ? {} : { api_error: apiError }) };
      return [
        line({
          type: 'assistant',
          message: message([{ type: 'text', text }], 0, SYNTHETIC),
          parent_tool_use_id: null,
          error: word,
          is_api_error_message: true,
          ...api,
        }),
        result({ is_error: true, terminal_reason: terminalReason, result: text, ...api, ...costs(spent) }),
      ];
    },
    ends: (text, spent) => result({ is_error: false, terminal_reason: 'completed', result: text, ...costs(spent) }),
    outOfMoney: (spent) =>
      result({
        subtype: 'error_max_budget_usd',
        is_error: true,
        terminal_reason: 'budget_exhausted',
        errors: ['Reached maximum budget'],
        ...costs(spent),
      }),
    compacted: () =>
      line({ type: 'system', subtype: 'compact_boundary', compact_metadata: { trigger: 'auto', pre_tokens: 160_000 } }),
  };
}
