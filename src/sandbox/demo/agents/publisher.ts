/** Publishes one approved draft, given as JSON on stdin. Exit: 0 published, 75 not now, 77 the token, 65 not a whole draft, 1 failed. */
import { text } from 'node:stream/consumers';
import { writeWorkstate } from './files.ts';
import { MurmurError } from './murmur.ts';
import { openSetting, say } from './setting.ts';

/** What this publisher needs of an approved draft. */
interface Approved {
  readonly id: number | string;
  readonly kind: 'reply' | 'post';
  readonly body: string;
  /** The post that a reply answers. */
  readonly replyTo: string | undefined;
}

const setting = openSetting('publisher');
const draft = readApproved(await text(process.stdin));
if (typeof draft === 'string') {
  say(`refused: ${draft}`);
  process.exitCode = 65;
} else {
  await publish(draft);
}

async function publish({ id, kind, body, replyTo }: Approved): Promise<void> {
  say(`publishing draft ${id}, a ${kind} of ${body.length} characters`);
  try {
    const post = await setting.murmur.publish(body, replyTo);
    noteWork(`Draft ${id} is live at ${post.url}`, 'Wait for the next approved draft');
    console.log(JSON.stringify({ url: post.url, id: post.id }));
  } catch (error) {
    if (!(error instanceof MurmurError)) throw error;
    noteWork(`Draft ${id} is not live: ${error.message}`, 'Nothing by myself: the desk decides whether to try again');
    say(`${error.message} ${error.body}`.trim());
    // A lost answer must not say "again": the post may be live.
    process.exitCode = error.kind === 'auth' ? 77 : error.kind === 'later' ? 75 : 1;
  }
}

/** The draft, or why it is refused: JSON that is cut off, or that lacks what publishing needs. */
function readApproved(input: string): Approved | string {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(input) as Record<string, unknown>;
  } catch {
    return `what came on stdin is not whole JSON (${input.length} characters)`;
  }
  const { id, kind, body, url } = fields;
  if (typeof id !== 'number' && typeof id !== 'string') return 'the draft has no id';
  if (typeof body !== 'string' || body.trim() === '') return 'the draft has no body';
  if (kind === 'post') return { id, kind, body, replyTo: undefined };
  if (kind !== 'reply') return 'this publisher publishes replies and posts only';
  const replyTo = typeof url === 'string' ? /\/p\/([\w-]+)$/.exec(url)?.[1] : undefined;
  return replyTo === undefined ? 'a reply needs the url of its post' : { id, kind, body, replyTo };
}

/** After publishing nothing may turn the run into a failure: notes that cannot be written are only said. */
function noteWork(active: string, next: string): void {
  try {
    writeWorkstate({
      agent: setting.agent,
      active: [active],
      context: ['One draft for each run; none is ever published by guess'],
      next: [next],
    });
  } catch (error) {
    say(`WORKSTATE.md could not be written: ${String(error)}`);
  }
}
