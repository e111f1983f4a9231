import { nameField, numberField, textField } from '../json-fields.ts';
import type { JsonRecord } from '../json-fields.ts';

/** Epoch seconds that are believed: up to the year 2286, with ten digits. */
const MOST_SECONDS = 9_999_999_999;

/** Follows the limits of a subscription, as `rate_limit_event` tells them. */
export interface LimitWatch {
  /** Takes a `rate_limit_info`; gives what the owner should know, if anything. */
  take(info: JsonRecord | undefined): string[];
  /** When the limit that refused a call starts anew (epoch ms). */
  retryAt(): number | undefined;
}

/** Builds the watch of one run. */
export function createLimitWatch(): LimitWatch {
  const warned = new Set<string>();
  let retryAt: number | undefined;

  return {
    take(info) {
      const status = textField(info, 'status');
      const seconds = numberField(info, 'resetsAt');
      const resetsAt = seconds !== undefined && seconds > 0 && seconds <= MOST_SECONDS ? seconds * 1000 : undefined;
      if (status === 'rejected') retryAt = resetsAt ?? retryAt;
      if (status === 'allowed') retryAt = undefined;
      if (status !== 'allowed_warning') return [];
      // One warning for each mark that is passed, not one for each call behind it.
      const name = (nameField(info, 'rateLimitType') ?? 'usage').replaceAll('_', '-');
      const mark = `${name} ${numberField(info, 'surpassedThreshold') ?? ''}`;
      if (warned.has(mark) || warned.size >= 20) return [];
      warned.add(mark);
      const used = numberField(info, 'utilization');
      const share = used === undefined ? 'Most' : `${Math.round(used * 100)} %`;
      const anew = resetsAt === undefined ? '' : `; it starts anew at ${toUtc(resetsAt)}`;
      return [`${share} of the ${name} limit of its subscription is used${anew}`];
    },
    retryAt: () => retryAt,
  };
}

function toUtc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
