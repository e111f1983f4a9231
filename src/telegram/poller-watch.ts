import type { IncidentRegister } from '../incidents/register.ts';
import type { PollerNews } from './poller.ts';

/** Fingerprint of the incident that a Telegram out of reach is. */
export const TELEGRAM_OUTAGE = 'poller:telegram';
const CONFLICT = 'conflict:token';

/** Turns what the poller noticed into incidents: they are told as soon as Telegram can be reached again. */
export function createPollerWatch(options: { readonly incidents: IncidentRegister }): {
  onNews(news: PollerNews): void;
} {
  const { incidents } = options;
  return {
    onNews(news) {
      switch (news.kind) {
        case 'outage':
          incidents.report({
            kind: 'poller',
            fingerprint: TELEGRAM_OUTAGE,
            subject: 'telegram',
            severity: 'critical',
            title: 'Telegram could not be reached',
            evidence: news.reason,
            agents: [],
            note: 'Your agents went on. If you pressed a button in that time and nothing happened, press it again.',
          });
          return;
        case 'conflict':
          incidents.report({
            kind: 'conflict',
            fingerprint: CONFLICT,
            subject: 'token',
            severity: 'critical',
            title: 'Somebody else polls with this bot’s token',
            evidence: '409 Conflict from getUpdates',
            agents: [],
            note: 'Stop the other program. If you know of none, the token has leaked: make a new one with BotFather.',
          });
          return;
        case 'up':
          incidents.resolve(TELEGRAM_OUTAGE, 'Messages that waited follow now.');
          incidents.resolve(CONFLICT, 'I am alone again.');
          return;
      }
    },
  };
}
