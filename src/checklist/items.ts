import { judgeContainment, judgeFailureModes, judgeHeartbeats, judgeWorkstate } from './agent-items.ts';
import {
  judgeAlerts,
  judgeApi,
  judgeConflict,
  judgeDeadMan,
  judgeDrills,
  judgeFallback,
  judgeSentinel,
} from './alert-items.ts';
import type { ChecklistFacts } from './facts.ts';
import { judgeBackup, judgeConfiguration, judgeDatabase, judgeMigrations } from './home-items.ts';
import type { Item } from './item.ts';
import type { Judge } from './judge.ts';
import { judgeAuth, judgeClis, judgeOverrides, judgeRotation } from './login-items.ts';
import { judgeClock, judgeDisk, judgeLogs, judgeMemory, judgePermissions, judgeSwap } from './machine-items.ts';
import { judgeLinger, judgeRestart, judgeService } from './service-items.ts';

/** The checklist: the nine that every fleet needs first, then what else breaks fleets. */
const CHECKLIST: readonly { readonly id: string; readonly title: string; readonly judge: Judge }[] = [
  { id: 'service', title: 'service', judge: judgeService },
  { id: 'restart', title: 'restart on failure', judge: judgeRestart },
  { id: 'auth', title: 'logins checked', judge: judgeAuth },
  { id: 'rotation', title: 'rotation', judge: judgeRotation },
  { id: 'heartbeat', title: 'heartbeats', judge: judgeHeartbeats },
  { id: 'logs', title: 'log retention', judge: judgeLogs },
  { id: 'workstate', title: 'WORKSTATE', judge: judgeWorkstate },
  { id: 'failure-modes', title: 'failure modes', judge: judgeFailureModes },
  { id: 'alerts', title: 'alert path', judge: judgeAlerts },
  { id: 'drills', title: 'drills', judge: judgeDrills },
  { id: 'sentinel', title: 'sentinel', judge: judgeSentinel },
  { id: 'fallback', title: 'fallback', judge: judgeFallback },
  { id: 'dead-man', title: 'dead-man switch', judge: judgeDeadMan },
  { id: 'api', title: 'Bot API', judge: judgeApi },
  { id: 'conflict', title: 'only poller', judge: judgeConflict },
  { id: 'linger', title: 'after logout', judge: judgeLinger },
  { id: 'clock', title: 'clock', judge: judgeClock },
  { id: 'disk', title: 'disk', judge: judgeDisk },
  { id: 'memory', title: 'memory', judge: judgeMemory },
  { id: 'swap', title: 'swap', judge: judgeSwap },
  { id: 'permissions', title: 'permissions', judge: judgePermissions },
  { id: 'clis', title: 'CLI versions', judge: judgeClis },
  { id: 'overrides', title: 'CLI settings', judge: judgeOverrides },
  { id: 'containment', title: 'containment', judge: judgeContainment },
  { id: 'backup', title: 'backup', judge: judgeBackup },
  { id: 'database', title: 'database', judge: judgeDatabase },
  { id: 'migrations', title: 'migrations', judge: judgeMigrations },
  { id: 'configuration', title: 'fleet.yaml', judge: judgeConfiguration },
];

/** Judges the whole checklist, in its own order. */
export function judgeChecklist(facts: ChecklistFacts): readonly Item[] {
  return CHECKLIST.map(({ id, title, judge }) => ({ id, title, ...judge(facts) }));
}

/** Whether nothing is left to do: what is unknown counts as not well. */
export function isAllWell(items: readonly Item[]): boolean {
  return items.every(({ state }) => state === 'pass' || state === 'not-here');
}
