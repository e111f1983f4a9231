import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { OutboxStore } from '../../storage/outbox-store.ts';
import { brokenAnyway, brokenBy, inProcesses, inStorage } from './broken-by.ts';
import { credentialOf, fleetOf, makeAgent, MINUTE_MS } from './fleets.ts';

/** Two agents that write a lot, two owners who read it, a rule, and time to take back. */
const FLEET = fleetOf({
  credentials: new Map([['mail', credentialOf('mail')]]),
  agents: [
    ...['scout', 'analyst'].map((name) =>
      makeAgent(name, { command: [`agent:${name}`], schedule: { kind: 'every', everyMs: 3 * MINUTE_MS } }),
    ),
    makeAgent('publisher', { command: ['publisher:publisher'], publishes: ['reply'], timeoutMs: 2 * MINUTE_MS }),
    makeAgent('poster', { command: ['publisher:poster'], publishes: ['post'], timeoutMs: 2 * MINUTE_MS }),
  ],
  hasTwoOwners: true,
  windowMs: 40 * MINUTE_MS,
  undoMs: 3 * MINUTE_MS,
  autoApprove: { afterMs: 5 * MINUTE_MS, perDay: 2 },
});

/** Long, for a slow machine that does other things besides. */
const PATIENCE_MS = 300_000;

type Add = OutboxStore['add'];

/** Messages are asked for differently than the rooms meant. */
function inOutbox(change: (add: Add) => Add) {
  return inStorage(({ outbox }) => ({ outbox: { ...outbox, add: change((row) => outbox.add(row)) } }));
}

describe('a world notices', { timeout: PATIENCE_MS }, () => {
  test('nothing in the fleet of the desk without a sabotage', async () => {
    expect(await brokenAnyway(FLEET)).toBeUndefined();
  });

  test.each([
    {
      sabotage: 'when an approval counts twice',
      promise: 'each decision has one effect',
      by: inStorage(({ drafts }) => ({
        drafts: {
          ...drafts,
          decide(decision) {
            if (decision.verdict === 'approved') drafts.decide(decision);
            return drafts.decide(decision);
          },
        },
      })),
    },
    {
      sabotage: 'when the other owner is said to have rejected',
      promise: 'no decision is invented',
      by: inStorage(({ drafts }) => ({
        drafts: {
          ...drafts,
          decide: (decision) =>
            drafts.decide(decision.verdict === 'rejected' ? { ...decision, actor: 'owner:4713' } : decision),
        },
      })),
    },
    {
      sabotage: 'when both who approve are told that they did',
      promise: 'who is told that it took effect was the first',
      by: inOutbox((add) => (row) => add({ ...row, content: row.content.replace('"alert":true', '"alert":false') })),
    },
    {
      sabotage: 'when another text goes out than the one that was approved',
      promise: 'none published undecided',
      by: inProcesses(({ spawn }) => ({
        spawn: (request, onOutput) =>
          spawn(
            request.argv[0].startsWith('publisher:') ? { ...request, stdin: rewrite(request.stdin ?? '{}') } : request,
            onOutput,
          ),
      })),
    },
    {
      sabotage: 'when what is taken back goes out all the same',
      promise: 'nothing goes out that was taken back',
      by: inStorage(({ drafts, publications }) => ({
        drafts: {
          ...drafts,
          move: (id, draft, to, by) =>
            (draft.state === 'approved' && to === 'pending') || drafts.move(id, draft, to, by),
        },
        publications: {
          ...publications,
          move: (id, from, to, why, at) =>
            why === 'the approval was taken back' || publications.move(id, from, to, why, at),
        },
      })),
    },
    {
      sabotage: 'when a rule does not count',
      promise: 'a rule keeps its number a day',
      by: inStorage(({ deskWatch }) => ({ deskWatch: { ...deskWatch, countApprovedBy: () => 0 } })),
    },
    {
      sabotage: 'when a rule approves in silence',
      promise: 'every approval by a rule is told',
      by: inOutbox((add) => (row) => (row.key.startsWith('rule:') ? 0 : add(row)) as ReturnType<Add>),
    },
    {
      sabotage: 'when each reminder comes three times',
      promise: 'no reminder comes twice',
      by: inOutbox((add) => (row) => {
        if (row.key.startsWith('reminder:')) for (const time of [2, 3]) add({ ...row, key: `${row.key}:${time}` });
        return add(row);
      }),
    },
    {
      sabotage: 'when drafts expire in silence',
      promise: 'every outage told within a minute',
      by: inOutbox((add) => (row) => (/^(expired|review):/.test(row.key) ? 0 : add(row)) as ReturnType<Add>),
    },
  ])('at the desk $sabotage', async ({ by, promise }) => {
    expect(await brokenBy(by, promise, { fleet: FLEET })).toBe(promise);
  });
});

function rewrite(stdin: string): string {
  const draft = JSON.parse(stdin) as { body: string; hash: string };
  const body = draft.body.replace(/\bof\b/, 'on');
  return `${JSON.stringify({ ...draft, body, hash: createHash('sha256').update(body).digest('hex') })}\n`;
}
