import { z } from 'zod';
import type { DigestFigures } from './figures.ts';

/** As many as a picture can show at all; more come from no fleet. */
const MAX_AGENTS = 1_000;
const MAX_RUNS = 50_000;
const MAX_OUTAGES = 5_000;
const MAX_DECISIONS = 50_000;

const instant = z.int().min(0).max(8.64e15);
const usd = z.number().min(0);
const name = z.string().max(500);
const lengthMs = z.number().min(0);

const schema = z
  .strictObject({
    timezone: z.string().refine(isTimezone, 'is no timezone'),
    fromAt: instant,
    toAt: instant,
    spend: z.strictObject({
      days: z.array(z.iso.date()).max(31),
      agents: z.array(z.strictObject({ name, usd: z.array(usd).max(31) })).max(MAX_AGENTS),
      monthUsd: usd,
      forecastUsd: usd.nullable(),
      budgetUsd: usd.nullable(),
      daysInMonth: z.int().min(28).max(31),
    }),
    timeline: z.strictObject({
      agents: z
        .array(
          z.strictObject({
            name,
            runs: z
              .array(
                z.strictObject({
                  fromAt: instant,
                  toAt: instant,
                  outcome: z.enum(['done', 'failed', 'stopped', 'lost', 'running']),
                }),
              )
              .max(MAX_RUNS),
          }),
        )
        .max(MAX_AGENTS),
      outages: z
        .array(
          z.strictObject({
            fromAt: instant,
            toAt: instant.nullable(),
            title: name,
            agents: z.array(name).max(MAX_AGENTS),
          }),
        )
        .max(MAX_OUTAGES),
    }),
    desk: z.strictObject({
      decisions: z
        .array(
          z.strictObject({
            at: instant,
            kind: name,
            waitedMs: lengthMs,
            windowMs: lengthMs.nullable(),
            verdict: z.enum(['approved', 'rejected']),
          }),
        )
        .max(MAX_DECISIONS),
      missed: z.array(z.strictObject({ at: instant, kind: name, windowMs: lengthMs })).max(MAX_DECISIONS),
    }),
  })
  .refine(({ fromAt, toAt }) => fromAt < toAt, { path: ['toAt'], error: 'is not after fromAt' });

/** Reads figures from JSON, or says in one line what is wrong with them. */
export function readFigures(
  json: string,
): { readonly kind: 'figures'; readonly figures: DigestFigures } | { readonly kind: 'wrong'; readonly reason: string } {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { kind: 'wrong', reason: 'the figures on stdin are not JSON' };
  }
  const { success, data, error } = schema.safeParse(value);
  if (success) return { kind: 'figures', figures: data };
  const [issue] = error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'the figures' : issue.path.join('.');
  return { kind: 'wrong', reason: `${where}: ${(issue?.message ?? 'cannot be read').replaceAll('\n', ' ')}` };
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name }).format(0);
    return true;
  } catch {
    return false;
  }
}
