/** A bot that speaks plain HTTP to the sandbox's Bot API, so that what the page shows owes nothing to a client library. */
export interface TestBot {
  /** Calls a method; throws what the server says when it refuses. */
  call<Result>(method: string, payload?: object): Promise<Result>;
  /** Sends a text to the owner; returns the message's id. */
  say(text: string, more?: object): Promise<number>;
  /** Sends a file to the owner; returns the message's id. */
  sendFile(
    name: string,
    content: string | Uint8Array<ArrayBuffer>,
    caption?: string,
    as?: 'document' | 'photo',
  ): Promise<number>;
  /** Polls until an update comes, and confirms it. */
  nextUpdate(): Promise<TestUpdate>;
}

/** The parts of an update that the tests look at. */
export interface TestUpdate {
  readonly update_id: number;
  readonly message?: { readonly text: string; readonly reply_to_message?: { readonly message_id: number } };
  readonly callback_query?: { readonly id: string; readonly data: string };
}

/** Creates a bot for this sandbox and owner. */
export function createTestBot(apiRoot: string, token: string, ownerId: number): TestBot {
  let offset = 0;

  async function post<Result>(method: string, init: RequestInit): Promise<Result> {
    const response = await fetch(`${apiRoot}/bot${token}/${method}`, { method: 'POST', ...init });
    const answer = (await response.json()) as { ok: boolean; result: Result; description?: string };
    if (!answer.ok) throw new Error(`${method}: ${answer.description}`);
    return answer.result;
  }

  function call<Result>(method: string, payload: object = {}): Promise<Result> {
    return post(method, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(payload) });
  }

  return {
    call,
    async say(text, more = {}) {
      const message = await call<{ message_id: number }>('sendMessage', { chat_id: ownerId, text, ...more });
      return message.message_id;
    },
    async sendFile(name, content, caption, as = 'document') {
      const form = new FormData();
      form.set('chat_id', String(ownerId));
      form.set(as, 'attach://file');
      form.set('file', new Blob([content]), name);
      if (caption !== undefined) form.set('caption', caption);
      const message = await post<{ message_id: number }>(as === 'photo' ? 'sendPhoto' : 'sendDocument', { body: form });
      return message.message_id;
    },
    async nextUpdate() {
      // Each poll lasts at most ten seconds; the test's own time limit ends a wait for an update that never comes.
      for (;;) {
        const [update] = await call<TestUpdate[]>('getUpdates', { offset, timeout: 10, limit: 1 });
        if (update === undefined) continue;
        offset = update.update_id + 1;
        return update;
      }
    },
  };
}
