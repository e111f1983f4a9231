import { resolve } from 'node:path';
import { type AgentCall, draftCall, versionCall } from './agent-calls.ts';
import { MAX_DRAFT_BYTES, MAX_MEDIA } from './limits.ts';
import { readStdinText } from './stdin-text.ts';
import { readSpan } from './written-span.ts';

/** A `draft` command as it was written. */
export interface DraftCommand {
  readonly values: ReadonlyMap<string, string>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

/** The call of a `draft` command, or what is wrong: with how it was written, or with what stands on stdin. */
export type PreparedDraft =
  | { readonly kind: 'call'; readonly call: AgentCall }
  | { readonly kind: 'wrong'; readonly of: 'usage' | 'data'; readonly reason: string };

type Stdin = AsyncIterable<Uint8Array | string>;

/** What a version cannot change: it is the same draft, in other words. */
const NOT_WITH_REVISES = ['url', 'context', 'window', 'priority'] as const;

/** Reads a `draft` command, and its text from stdin. */
export async function prepareDraft(command: DraftCommand, stdin: Stdin): Promise<PreparedDraft> {
  const { url, context, key, kind, to, revises, priority, window } = Object.fromEntries(command.values);
  if (revises !== undefined) return await prepareVersion(revises, command, stdin);
  if (kind === undefined) return usage('--kind is missing: what is it, as fleet.yaml names it?');
  if (to === undefined) return usage('--to is missing: who gets it?');
  if (priority !== undefined && !/^[1-5]$/.test(priority)) return usage('--priority must be 1 (the most urgent) to 5');
  const windowMs = window === undefined ? undefined : readSpan(window);
  if (typeof windowMs === 'string') return usage(`--window must be ${windowMs}`);
  const text = await readText(command, stdin);
  if (text.kind === 'wrong') return text;
  const { body, media } = text;
  return called(
    draftCall({
      kind,
      to,
      url,
      context,
      key,
      windowMs,
      priority: priority === undefined ? undefined : Number(priority),
      body,
      media,
    }),
  );
}

/** Another version of a draft: its kind and whom it goes to stay what they are. */
async function prepareVersion(revises: string, command: DraftCommand, stdin: Stdin): Promise<PreparedDraft> {
  if (!/^[1-9]\d{0,14}$/.test(revises)) return usage('--revises must be the number of a draft, as in --revises 12');
  const given = NOT_WITH_REVISES.find((name) => command.values.has(name));
  if (given !== undefined)
    return usage(`--${given} cannot be given with --revises: another version changes the text only`);
  const text = await readText(command, stdin);
  if (text.kind === 'wrong') return text;
  const { body, media } = text;
  return called(versionCall({ revises: Number(revises), body, media }));
}

/** The body, without any change, and the whole paths of its files: where the command was called is not where the control plane is. */
async function readText(
  { lists }: DraftCommand,
  stdin: Stdin,
): Promise<
  | { readonly kind: 'text'; readonly body: string; readonly media: readonly string[] | undefined }
  | (PreparedDraft & { readonly kind: 'wrong' })
> {
  const media = lists.get('media');
  if (media !== undefined && media.length > MAX_MEDIA) return usage(`--media can be given at most ${MAX_MEDIA} times`);
  const tooLong = `${MAX_DRAFT_BYTES} bytes: a person has to read all of it`;
  const read = await readStdinText(stdin, { what: 'the body', maxBytes: MAX_DRAFT_BYTES, tooLong });
  if (read.kind === 'wrong') return { kind: 'wrong', of: 'data', reason: read.reason };
  if (read.text.trim() === '') return { kind: 'wrong', of: 'data', reason: 'the body on stdin is empty' };
  return { kind: 'text', body: read.text, media: media?.map((path) => resolve(path)) };
}

function called(call: AgentCall): PreparedDraft {
  return { kind: 'call', call };
}

function usage(reason: string): PreparedDraft & { readonly kind: 'wrong' } {
  return { kind: 'wrong', of: 'usage', reason };
}
