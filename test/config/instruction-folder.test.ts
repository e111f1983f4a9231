import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFleetFolder, type FleetFolder } from './fleet-folder.ts';

let folder: FleetFolder;

beforeEach(() => void (folder = createFleetFolder()));
afterEach(() => folder[Symbol.dispose]());

function problems(runtime = 'claude'): string[] {
  const program = runtime === 'command' ? 'command: [/bin/true]' : 'prompt: ./prompts/scout.md';
  return folder.problems(
    `telegram: { owners: [1] }\nagents:\n  scout:\n    runtime: ${runtime}\n    ${program}\n    schedule: every 5m\n    instructions: ./own\n`,
  );
}

describe('the folder of instructions in fleet.yaml', () => {
  it('passes with a template that replaces ours', () => {
    folder.write('own/tools.md', 'Tools of {{agent}}.\n');

    expect(problems()).toEqual([]);
  });

  it('is a problem at its line when it does not exist', () => {
    expect(problems()).toEqual([
      'fleet.yaml:7: agents.scout.instructions: expected a folder at own; found none that this user can read',
    ]);
  });

  it('is a problem for each file that cannot be taken as it is', () => {
    folder.write('own/tool.md', 'x');
    folder.write('own/drafts.md', '');
    folder.write('own/run.md', 'You are {{name}}.');

    const found = problems();

    expect(found).toHaveLength(3);
    expect(found.join('\n')).toContain('own has tool.md, which is no template; did you mean tools.md?');
    expect(found.join('\n')).toContain('the template drafts.md in own is empty');
    expect(found.join('\n')).toContain('the template run.md names {{name}}');
  });

  it.each([70_000, 700_000])('is a problem when a template in it has %i bytes', (bytes) => {
    folder.write('own/run.md', 'x'.repeat(bytes));

    expect(problems()).toEqual([expect.stringContaining('the template run.md in own is longer than 64 KiB')]);
  });

  it('is not looked at where the runtime reads no instructions', () => {
    expect(problems('command')).toEqual([]);
  });
});
