import type { z } from 'zod';
import {
  type AgentCall,
  beatCall,
  decisionsCall,
  draftCall,
  explainUnavailable,
  failCall,
  progressCall,
  versionCall,
} from './agent-calls.ts';
import { askOwner, type AskSetting } from './asking.ts';
import type { GatewayCall, GatewayOutcome } from './gateway-client.ts';
import { readPast } from './instant.ts';
import {
  askInput,
  beatInput,
  decisionsInput,
  draftInput,
  explainFaults,
  failRequest,
  progressRequest,
} from './requests.ts';
import { checkpointCall } from './checkpoint-call.ts';
import { checkpointRequest } from './checkpoint-route.ts';
import { taskInput } from './task-requests.ts';
import { readTaskTool } from './task-tool.ts';

/** What a tool says to the agent that called it. */
export interface ToolResult {
  readonly text: string;
  readonly isError: boolean;
}

/** What tools work with. */
export interface ToolSetting {
  readonly call: (call: GatewayCall) => Promise<GatewayOutcome>;
  /** Epoch ms. */
  readonly now: () => number;
  /** How long `ask` may wait, and how. */
  readonly asking: Omit<AskSetting, 'call' | 'gone'>;
  /** Aborts when nobody waits for the result any more. */
  readonly gone: AbortSignal;
}

/** An agent command as a tool; `run` never rejects for what agents or the gateway do. */
export interface AgentTool {
  readonly name: string;
  readonly description: string;
  readonly input: z.ZodObject;
  /** True: it changes nothing. */
  readonly isReading: boolean;
  /** True: its result is a person's, and may take minutes. */
  readonly waits: boolean;
  readonly run: (given: unknown, setting: ToolSetting) => Promise<ToolResult>;
}

/** The tools, as the commands of the same names. */
export const AGENT_TOOLS: readonly AgentTool[] = [
  tool({
    name: 'draft',
    description:
      'Hands in a text for the owner to approve; nothing goes out before that. Use it for everything that others will read. Gives the id of the draft; do not wait for the decision. Where the owner wants another version of a draft, hand it in with `revises`.',
    input: draftInput,
    run: async ({ window, revises, ...draft }, setting) => {
      const { body, media } = draft;
      const call =
        revises === undefined ? draftCall({ ...draft, windowMs: window }) : versionCall({ revises, body, media });
      return await converse(call, setting);
    },
  }),
  tool({
    name: 'beat',
    description:
      'Says that you are alive. Use it every few minutes during long work that shows nothing else; before a single step that takes long, say how long with `for`.',
    input: beatInput,
    run: async ({ note, for: forMs }, setting) => await converse(beatCall(note || undefined, forMs), setting),
  }),
  tool({
    name: 'progress',
    description:
      'Says that you got something done. Use it after each finished step; whoever never does is taken for stuck.',
    input: progressRequest,
    run: async ({ text }, setting) => await converse(progressCall(text), setting),
  }),
  tool({
    name: 'fail',
    description:
      'Reports that a tool failed. Use it at the first failure, before you try again, and do as the answer says: "alert" (the owner is told; do not try again), "wait 60" (wait so many seconds, then try once more), "skip" (go on without it).',
    input: failRequest,
    run: async (failure, setting) => await converse(failCall(failure), setting),
  }),
  tool({
    name: 'ask',
    description:
      'Asks the owner a question on the phone and waits for the answer. Use it when only the owner can decide, and going on would be wrong without an answer.',
    input: askInput,
    waits: true,
    run: runAsk,
  }),
  tool({
    name: 'checkpoint',
    description:
      'Keeps your WORKSTATE.md as a version that a fresh session can go on from. Use it after each larger step, and at once when you are told that your context is nearly full. Gives the number of the version.',
    input: checkpointRequest,
    run: async ({ text }, setting) => await converse(checkpointCall(text), setting),
  }),
  tool({
    name: 'task',
    description:
      'Work that agents hand to each other. action claim: take your oldest task (where this run was not started with one); show: look at one; phase-done: hand in what a phase gave, whole, then end your turn; done: end a task without phases; fail: give it up; add: hand work to another agent.',
    input: taskInput,
    run: runTask,
  }),
  tool({
    name: 'decisions',
    description:
      "Tells what became of your drafts, oldest first, with the owner's reasons and edits. Use it before you write new drafts, to learn from it.",
    input: decisionsInput,
    isReading: true,
    run: async ({ since }, setting) => {
      const at = since === undefined ? undefined : readPast(since, setting.now());
      if (since !== undefined && at === undefined)
        return failed('since must be an ISO 8601 time, as in 2026-07-01T08:00:00Z, or how far back, as in 2h');
      return await converse(
        decisionsCall(at === undefined ? undefined : new Date(at).toISOString(), 'since', false),
        setting,
        'There are none.',
      );
    },
  }),
];

async function runTask(given: z.output<typeof taskInput>, setting: ToolSetting): Promise<ToolResult> {
  const call = readTaskTool(given);
  if (typeof call === 'string') return failed(call);
  return await converse(call, setting, given.action === 'claim' ? 'There is no task for this run.' : 'Noted.');
}

async function runAsk(
  { within, ...ask }: z.output<typeof askInput>,
  { call, asking, gone }: ToolSetting,
): Promise<ToolResult> {
  const end = await askOwner({ ...ask, withinMs: within }, { ...asking, call, gone });
  switch (end.kind) {
    case 'answered':
      return said(end.answer);
    case 'open':
      return said(`No answer yet. To go on waiting, ask again with key ${JSON.stringify(end.key)}.`);
    case 'unavailable':
      return failed(explainUnavailable(end, { repeatable: true }));
    default:
      return failed(end.reason);
  }
}

async function converse({ call, print }: AgentCall, setting: ToolSetting, whenNothing = 'Noted.'): Promise<ToolResult> {
  const outcome = await setting.call(call);
  if (outcome.kind === 'refused') return failed(outcome.reason);
  if (outcome.kind === 'unavailable') return failed(explainUnavailable(outcome, call));
  const printed = print(outcome.answer);
  if (printed === undefined) return failed("the control plane's answer cannot be understood");
  return said([printed.out.trimEnd() || whenNothing, printed.hint].filter(Boolean).join('\n'));
}

function said(text: string): ToolResult {
  return { text, isError: false };
}

function failed(text: string): ToolResult {
  return { text, isError: true };
}

/** Puts the schema before the tool: what does not fit it is refused in a sentence. */
function tool<Input extends z.ZodObject>(definition: {
  readonly name: string;
  readonly description: string;
  readonly input: Input;
  readonly isReading?: true;
  readonly waits?: true;
  readonly run: (input: z.output<Input>, setting: ToolSetting) => Promise<ToolResult>;
}): AgentTool {
  const { name, description, input, isReading = false, waits = false } = definition;
  return {
    name,
    description,
    input,
    isReading,
    waits,
    run: async (given, setting) => {
      const parsed = input.safeParse(given);
      if (!parsed.success) return failed(explainFaults(input, given, parsed.error));
      return await definition.run(parsed.data, setting);
    },
  };
}
