import type { Decoder, Patience, RunEvent, RunInput, Runtime } from '../../src/runtimes/runtime.ts';

/**
 * A runtime whose programs say events as they are: each line of stdout is one event as JSON, or `{"patience": {…}}`, or `{"outcome": {…}}`,
 * or `{"deaf": true}`: from then on it reads no question.
 * Its argv tells the session that it was started with.
 */
export const talkingRuntime: Runtime = {
  name: 'claude',
  cli: {
    program: 'claude',
    versionArguments: ['--version'],
    readVersion: (printed) => printed.trim() || undefined,
    oldest: '1.0.0',
    prepareProbe: (_agent, run) => prepare(run),
  },
  prepare: (_agent, run) => prepare(run),
};

function prepare(run: RunInput) {
  const session = run.session.kind === 'new' ? ['begin'] : ['resume', run.session.resumeToken];
  return {
    spawn: { argv: ['/bin/talker', ...session] as const, stdin: `${run.prompt}\n`, keepsInputOpen: true },
    decoder: createDecoder(),
  };
}

function createDecoder(): Decoder {
  let patience: Patience | undefined;
  let isDeaf = false;
  let outcome: ReturnType<Decoder['end']> | undefined;
  return {
    push(chunk) {
      const events: RunEvent[] = [{ kind: 'output', bytes: chunk.length }];
      for (const line of Buffer.from(chunk).toString().split('\n').filter(Boolean)) {
        const said = JSON.parse(line) as {
          patience?: Patience;
          outcome?: ReturnType<Decoder['end']>;
          deaf?: boolean;
        } & RunEvent;
        if (said.patience !== undefined) patience = said.patience;
        else if (said.outcome !== undefined) outcome = said.outcome;
        else if (said.deaf !== undefined) isDeaf = said.deaf;
        else events.push(said);
      }
      return events;
    },
    idle: () => [],
    patience: () => patience,
    decide: (request, permission, reason) => `${JSON.stringify({ request, permission, reason })}\n`,
    ask: (text) => (isDeaf ? undefined : `${JSON.stringify({ ask: text })}\n`),
    end: () => outcome ?? { kind: 'done' },
  };
}
