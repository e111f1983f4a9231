import type { AgentCall } from './agent-calls.ts';

/** Hands in a WORKSTATE.md, or without a text has the file in the workdir read: prints the number of the version. */
export function checkpointCall(text: string | undefined): AgentCall {
  return {
    call: { method: 'POST', target: '/v1/checkpoint', body: { text }, repeatable: true },
    print({ version, file_trouble: trouble }) {
      if (!Number.isSafeInteger(version)) return undefined;
      const out = `${String(version)}\n`;
      return typeof trouble === 'string'
        ? { out, hint: `it is stored, but WORKSTATE.md in the workdir could not be written (${trouble})` }
        : { out };
    },
  };
}
