import { basename, dirname, join } from 'node:path';
import { formatDuration } from '../config/duration.ts';
import type { Agent, FailureMode } from '../config/fleet.ts';
import type { Disk } from '../ports.ts';
import { fillTemplate, LONGEST_TEMPLATE_BYTES, TEMPLATES, type TemplateName, templateProblems } from './templates.ts';

/** What an agent is told, or why nothing can be told: a failure of the configuration, in a sentence. */
export type Instructions =
  | { readonly kind: 'composed'; readonly text: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** Gives an agent's instructions as they stand on the disk now. */
export type InstructionComposer = (agent: Agent) => Instructions;

const OWN_TEMPLATES = join(import.meta.dirname, 'templates');

/**
 * What an agent has to know to work under Nightdesk. `readTemplate` gives a template's text; throws a sentence where one names a
 * placeholder that nobody knows.
 */
export function composeInstructions(agent: Agent, readTemplate: (name: TemplateName) => string): string {
  const values = {
    agent: agent.name,
    workdir: agent.workdir,
    runtime: agent.runtime,
    timeout: formatDuration(agent.timeoutMs),
    heartbeat: formatDuration(agent.heartbeatMs),
    failure_modes: describeFailureModes(agent),
  };
  return `${TEMPLATES.map((name) => fillTemplate(name, readTemplate(name), values)).join('\n\n')}\n`;
}

/** Reads templates from the owner's folder and from ours; what is wrong with a folder is told, and nothing is taken in its place. */
export function createInstructionComposer(disk: Pick<Disk, 'readText' | 'listFiles'>): InstructionComposer {
  function read(path: string): string | undefined {
    try {
      return disk.readText(path, LONGEST_TEMPLATE_BYTES)?.text;
    } catch {
      // Whatever the file system says of it: it cannot be read, and who composes says so.
      return undefined;
    }
  }

  return (agent) => {
    const folder = agent.instructions;
    const files =
      folder === undefined
        ? []
        : disk
            .listFiles(folder)
            .filter(({ path }) => dirname(path) === folder)
            .map(({ path }) => ({ name: basename(path), text: read(path) }));
    const problems = folder === undefined ? [] : templateProblems(folder, files);
    if (problems.length > 0) return { kind: 'refused', reason: problems.join('; ') };
    const replaced = new Map(files.map(({ name, text }) => [name, text]));
    const missing = TEMPLATES.find((name) => (replaced.get(name) ?? read(join(OWN_TEMPLATES, name))) === undefined);
    if (missing !== undefined)
      return { kind: 'refused', reason: `the template ${missing} of Nightdesk itself is gone` };
    const text = composeInstructions(agent, (name) => replaced.get(name) ?? read(join(OWN_TEMPLATES, name)) ?? '');
    return { kind: 'composed', text };
  };
}

/** The agent's failure modes as sentences; those about its own model calls are Nightdesk's to keep, not the agent's. */
function describeFailureModes({ failureModes, runtime }: Agent): string {
  const sentences = failureModes
    .filter(({ tool }) => tool.toLowerCase() !== runtime)
    .map((mode) => `- ${mode.tool}, ${WHEN[mode.on]}: ${describeThen(mode)}`);
  return sentences.length === 0 ? '- None: each failure is told to the owner.' : sentences.join('\n');
}

const WHEN: Readonly<Record<FailureMode['on'], string>> = {
  auth: 'when its login is refused',
  'rate-limit': 'when it is asked to slow down',
  'not-found': 'when something is not found',
  other: 'when it fails otherwise',
};

function describeThen({ tool, then }: FailureMode): string {
  const stop = `report it with \`fail\` and do not use ${tool} again in this run`;
  switch (then.kind) {
    case 'alert':
      return `${stop}; a silent retry ends the run.`;
    case 'skip':
      return 'go on without it; no report.';
    case 'wait': {
      const times = then.retry === 1 ? 'once more' : `up to ${then.retry} times more`;
      const after = then.otherwise === 'alert' ? stop : 'go on without it';
      return `report it with \`fail\`, wait ${formatDuration(then.waitMs)}, try ${times}; if it still fails, ${after}.`;
    }
  }
}
