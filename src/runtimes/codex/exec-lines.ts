import type { JsonRecord } from '../json-fields.ts';
import { recordField, textField } from '../json-fields.ts';

/**
 * Builds a translator of what `codex exec --json` prints into notices of the app-server: the same things happen, the names differ
 * (`item.started` and `command_execution` for `item/started` and `commandExecution`), and its failures are words only.
 */
export function createExecTranslator(tell: (method: string, params: JsonRecord) => void): {
  take(message: JsonRecord): void;
} {
  function completeTurn(turn: JsonRecord): void {
    tell('turn/completed', { turn });
  }

  return {
    take(message) {
      const type = textField(message, 'type');
      switch (type) {
        case 'thread.started':
          return tell('thread/started', { thread: { id: message['thread_id'] } });
        case 'turn.started':
          return tell('turn/started', {});
        case 'item.started':
        case 'item.completed':
          return tell(type.replace('.', '/'), { item: translateItem(recordField(message, 'item') ?? {}) });
        case 'error':
          return tell('error', translateError(textField(message, 'message') ?? ''));
        case 'turn.completed': {
          const total = withCamelKeys(recordField(message, 'usage') ?? {});
          tell('thread/tokenUsage/updated', { tokenUsage: { total } });
          return completeTurn({ status: 'completed' });
        }
        case 'turn.failed':
          return completeTurn({ status: 'failed', error: recordField(message, 'error') ?? {} });
        default:
          return;
      }
    },
  };
}

function translateItem(item: JsonRecord): JsonRecord {
  return { ...withCamelKeys(item), type: toCamel(textField(item, 'type') ?? '') };
}

/** `Reconnecting... 2/5 (unexpected status 401 Unauthorized: …)` is a try of its own; any other error comes before the turn fails. */
function translateError(message: string): JsonRecord {
  const retry = /^(Reconnecting\.\.\.[^(]{0,100})\((.*)\)$/s.exec(message);
  return retry === null
    ? { willRetry: false, error: { message } }
    : { willRetry: true, error: { message: retry[1], additionalDetails: retry[2] } };
}

function withCamelKeys(from: JsonRecord): JsonRecord {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [toCamel(key), value]));
}

function toCamel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
