import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Agent, FailureMode } from '../../src/config/fleet.ts';
import { composeInstructions, createInstructionComposer } from '../../src/instructions/compose.ts';
import { TEMPLATES } from '../../src/instructions/templates.ts';
import type { Disk } from '../../src/ports.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const FOLDER = join(import.meta.dirname, '../../src/instructions/templates');
const ours = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

function agentWith(change: Partial<Agent>): Agent {
  return {
    name: 'scout',
    runtime: 'claude',
    workdir: '/srv/scout',
    timeoutMs: 20 * 60_000,
    heartbeatMs: 30 * 60_000,
    failureModes: [],
    instructions: undefined,
    ...change,
  } as unknown as Agent;
}

/** The disk, as far as instructions read it. */
const DISK: Pick<Disk, 'readText' | 'listFiles'> = {
  readText(path) {
    try {
      return { text: readFileSync(path, 'utf8'), modifiedAt: 0 };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  },
  listFiles(folder) {
    try {
      return readdirSync(folder).map((name) => ({ path: join(folder, name), sizeBytes: 1, modifiedAt: 0 }));
    } catch {
      return [];
    }
  },
};

const MODES: readonly FailureMode[] = [
  { tool: 'email', on: 'auth', then: { kind: 'alert' } },
  { tool: 'search', on: 'rate-limit', then: { kind: 'wait', waitMs: 60_000, retry: 1, otherwise: 'alert' } },
  { tool: 'feed', on: 'other', then: { kind: 'wait', waitMs: 90_000, retry: 3, otherwise: 'skip' } },
  { tool: 'files', on: 'not-found', then: { kind: 'skip' } },
  { tool: 'Claude', on: 'rate-limit', then: { kind: 'skip' } },
];

describe('instructions', () => {
  it('name the agent, its folder and every tool, and leave no placeholder open', () => {
    const text = composeInstructions(agentWith({}), ours);

    expect(text).toContain('# You are scout');
    expect(text).toContain('/srv/scout/WORKSTATE.md');
    for (const tool of ['draft', 'decisions', 'beat', 'progress', 'fail', 'task', 'ask'])
      expect(text).toContain(`- ${tool}:`);
    expect(text).not.toMatch(/\{\{|\}\}/);
  });

  it('have fewer than 750 words, with a failure mode of each kind', () => {
    expect(composeInstructions(agentWith({ failureModes: MODES }), ours).split(/\s+/).length).toBeLessThan(750);
  });

  it('tell each failure mode in words, but not what Nightdesk itself does about the model', () => {
    const text = composeInstructions(agentWith({ failureModes: MODES }), ours);

    expect(text).toContain('- email, when its login is refused: report it with `fail` and do not use email again');
    expect(text).toContain('wait 1m, try once more; if it still fails, report it with `fail`');
    expect(text).toContain('wait 1m30s, try up to 3 times more; if it still fails, go on without it.');
    expect(text).toContain('- files, when something is not found: go on without it');
    expect(text).not.toContain('- Claude');
  });

  it('say that every failure is told when an agent has no failure mode', () => {
    expect(composeInstructions(agentWith({}), ours)).toContain('- None: each failure is told to the owner.');
  });

  it('refuse a placeholder that nobody knows, with the one that was meant', () => {
    expect(() => composeInstructions(agentWith({}), () => 'Hello {{agnet}}')).toThrow(
      'the template run.md names {{agnet}}; did you mean {{agent}}?',
    );
  });

  it('take a value for what it is, also when it looks like a placeholder', () => {
    expect(composeInstructions(agentWith({ workdir: '/srv/{{secret}}' }), ours)).toContain(
      '/srv/{{secret}}/WORKSTATE.md',
    );
  });

  it('are read from the folder of Nightdesk when the owner has none', () => {
    const read = createInstructionComposer(DISK)(agentWith({}));

    expect(read).toEqual({ kind: 'composed', text: composeInstructions(agentWith({}), ours) });
  });

  it("take the owner's template in the place of ours of the same name", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'drafts.md'), 'Drafts of {{agent}} are poems.');

    const read = createInstructionComposer(DISK)(agentWith({ instructions: folder }));

    expect(read).toMatchObject({ kind: 'composed' });
    expect(read.kind === 'composed' && read.text).toContain('Drafts of scout are poems.');
    expect(read.kind === 'composed' && read.text).not.toContain('Nothing goes out but by');
    expect(read.kind === 'composed' && read.text).toContain('# Report progress');
  });

  it.each([
    ['is missing', undefined, 'expected at least one template in FOLDER'],
    ['holds no template', { 'notes.txt': 'x' }, 'expected at least one template in FOLDER'],
    ['has a misspelt name', { 'tool.md': 'x' }, 'FOLDER has tool.md, which is no template; did you mean tools.md?'],
    ['has an empty template', { 'tools.md': ' \n' }, 'the template tools.md in FOLDER is empty'],
    [
      'has an unknown placeholder',
      { 'tools.md': '{{tools}}' },
      'the template tools.md names {{tools}}; there are agent',
    ],
    ['has a template without end', { 'tools.md': 'x'.repeat(70_000) }, 'is longer than 64 KiB'],
  ])('are refused with a sentence when the folder %s', (_case, files, sentence) => {
    const folder = join(temporaryFolder(), 'own');
    if (files !== undefined) mkdirSync(folder);
    for (const [name, text] of Object.entries(files ?? {})) writeFileSync(join(folder, name), text);

    const read = createInstructionComposer(DISK)(agentWith({ instructions: folder }));

    expect(read.kind === 'refused' && read.reason.replaceAll(folder, 'FOLDER')).toContain(sentence);
  });

  it('are refused when a template of the owner cannot be read', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'tools.md'));

    const read = createInstructionComposer(DISK)(agentWith({ instructions: folder }));

    expect(read).toEqual({ kind: 'refused', reason: `the template tools.md in ${folder} cannot be read` });
  });

  it('have one file for each name, and no other', () => {
    expect(readdirSync(FOLDER).toSorted()).toEqual(TEMPLATES.toSorted());
  });
});
