import { describe, expect, it } from 'vitest';
import { createTelegramGate } from '../../src/drills/telegram-gate.ts';
import { createScriptedApi } from '../fakes/scripted-api.ts';

const options = { timeoutMs: 1_000 };

describe('the gate of the telegram drill', () => {
  it('lets every call through while it is open', async () => {
    const api = createScriptedApi();
    api.answerWith((call) => call.succeed({ method: call.method }));
    const gate = createTelegramGate(api);

    expect(await gate.call('sendMessage', { text: 'hi' }, options)).toEqual({ method: 'sendMessage' });
    expect(await gate.call('getUpdates', {}, options)).toEqual({ method: 'getUpdates' });
  });

  it('refuses every call as unreachable while it is closed, and none gets out', async () => {
    const api = createScriptedApi();
    const gate = createTelegramGate(api);
    gate.close();

    await expect(gate.call('sendMessage', {}, options)).rejects.toMatchObject({ code: 'unreachable' });
    await expect(gate.call('getUpdates', {}, options)).rejects.toMatchObject({ code: 'unreachable' });
    expect(api.calls).toHaveLength(0);
  });

  it('cuts a poll under way when it closes, but no message', async () => {
    const api = createScriptedApi();
    const gate = createTelegramGate(api);
    const poll = gate.call('getUpdates', {}, options);
    const message = gate.call('sendMessage', {}, options);

    gate.close();
    api.calls[1]?.succeed({ message_id: 1 });

    await expect(poll).rejects.toMatchObject({ code: 'unreachable' });
    expect(await message).toEqual({ message_id: 1 });
    expect(gate.hasWorked()).toBe(false);
  });

  it('knows whether a call went through since it was opened again', async () => {
    const api = createScriptedApi();
    api.answerWith((call) => call.succeed(true));
    const gate = createTelegramGate(api);
    gate.close();
    gate.open();
    const before = gate.hasWorked();

    await gate.call('getUpdates', {}, options);

    expect([before, gate.hasWorked()]).toEqual([false, true]);
  });

  it('hands on that the caller himself gave up', async () => {
    const api = createScriptedApi();
    const gate = createTelegramGate(api);
    const abort = new AbortController();
    const poll = gate.call('getUpdates', {}, { ...options, signal: abort.signal });

    abort.abort();

    await expect(poll).rejects.toMatchObject({ code: 'aborted' });
  });
});
