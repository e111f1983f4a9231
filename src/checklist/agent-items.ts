import { count, duration, shorten } from '../telegram/cards/words.ts';
import { fail, notHere, pass, unknown } from './item.ts';
import { ago, byHost, byRows, type Judge, oldest, some } from './judge.ts';

/** Incidents that say that an agent gives no sign, or was not started when it was due. */
const SILENT = ['heartbeat', 'stuck', 'schedule'];

/** Whether every agent gives its signs, and somebody listens. */
export const judgeHeartbeats: Judge = byRows((rows, { life, now }) => {
  if (rows.agents.length === 0) return notHere('there is no agent', rows.at);
  const silent = rows.incidents.find(({ kind }) => SILENT.includes(kind));
  if (silent !== undefined)
    return fail(
      `${silent.title} (for ${duration(now - silent.openedAt)})`,
      silent.lastSeenAt,
      'see /why and /log of the agent, or restart it',
    );
  if (!life.isRunning) return fail('nobody listens: Nightdesk does not run', now, 'start it');
  const unseen = rows.agents.filter(
    ({ isScheduled, isHeld, lastProofAt }) => isScheduled && !isHeld && lastProofAt === null,
  );
  if (unseen.length > 0)
    return unknown(
      `no sign ever of ${some(unseen.map(({ name }) => name))}`,
      null,
      `let it run once: /run ${unseen[0]?.name ?? 'AGENT'}`,
    );
  const seen = rows.agents.flatMap(({ name, lastProofAt, heartbeatMs }) =>
    lastProofAt === null ? [] : [{ name, lastProofAt, heartbeatMs }],
  );
  if (seen.length === 0) return unknown('no agent has run yet', null, 'let one run: /run AGENT');
  const last = seen.toSorted((a, b) => a.lastProofAt - b.lastProofAt);
  const words = last.map(
    ({ name, lastProofAt, heartbeatMs }) => `${name} ${ago(lastProofAt, now)} (every ${duration(heartbeatMs)})`,
  );
  return pass(
    some(words, 6),
    oldest(
      last.map(({ lastProofAt }) => lastProofAt),
      rows.at,
    ),
  );
});

/** Whether each CLI agent is told to keep its WORKSTATE.md, and does. */
export const judgeWorkstate: Judge = byRows((rows, { now }) => {
  const told = rows.agents.filter(({ instructions }) => instructions !== null);
  if (told.length === 0) return notHere('no agent is a CLI that takes instructions', rows.at);
  for (const { name, instructions } of told) {
    if (instructions === null) continue;
    if ('refused' in instructions)
      return fail(`${name}: ${instructions.refused}`, rows.at, 'mend its instructions folder');
    if (instructions.missing.length > 0)
      return fail(
        `the instructions of ${name} do not name ${some(instructions.missing)}`,
        rows.at,
        'remove workstate.md from its instructions folder to have ours, or name them there',
      );
  }
  const without = told.filter(({ checkpointAt, endedRuns }) => checkpointAt === null && endedRuns > 0);
  if (without.length > 0)
    return fail(
      `no WORKSTATE.md was ever kept of ${without.map(({ name, endedRuns }) => `${name} (${count(endedRuns, 'run')})`).join(', ')}`,
      rows.at,
      `have it write one: /workstate ${without[0]?.name ?? 'AGENT'} now`,
    );
  const kept = told.flatMap(({ name, checkpointAt }) => (checkpointAt === null ? [] : [{ name, checkpointAt }]));
  const words = kept.map(({ name, checkpointAt }) => `${name} ${ago(checkpointAt, now)}`);
  return pass(
    `in the instructions of ${count(told.length, 'agent')}; ${words.length === 0 ? 'none of them has run yet' : `last kept: ${some(words)}`}`,
    oldest(
      kept.map(({ checkpointAt }) => checkpointAt),
      rows.at,
    ),
  );
});

/** Whether fleet.yaml says what to do when a tool fails. */
export const judgeFailureModes: Judge = byRows((rows) => {
  const [worst] = rows.unhandled;
  if (worst !== undefined)
    return fail(
      `in the last week ${rows.unhandled
        .map(({ agent, tool, kind, times }) => `${tool} failed ${count(times, 'time')} for ${agent} (${kind})`)
        .slice(0, 4)
        .join('; ')}, and no failure mode is about it`,
      rows.at,
      `give ${worst.agent} a failure mode: { tool: ${worst.tool}, on: ${worst.kind}, then: alert }`,
    );
  const clis = rows.agents.filter(({ runtime }) => runtime !== 'command');
  if (clis.length === 0)
    return notHere('no agent is a CLI with tools; none reported a failure in the last week', rows.at);
  const without = clis.filter(({ modes }) => modes === 0).map(({ name }) => name);
  return without.length > 0
    ? fail(
        `without any: ${some(without)}`,
        rows.at,
        `give ${without[0] ?? 'it'} failure_modes in fleet.yaml, one for each tool that it uses`,
      )
    : pass(
        `${clis.map(({ name, modes }) => `${name}: ${modes}`).join(', ')}; none was missing in the last week`,
        rows.at,
      );
});

/** Whether what an agent starts can escape. */
export const judgeContainment: Judge = (facts) => {
  const tried = facts.host?.containment;
  const name = tried?.kind === 'known' ? tried.value.name : facts.rows.kind === 'rows' ? facts.rows.containment : null;
  const at = tried?.kind === 'known' ? tried.at : facts.rows.kind === 'rows' ? facts.rows.at : null;
  const better = tried?.kind === 'known' ? tried.value.better : [];
  if (name === null || at === null)
    return byHost('containment', 'start Nightdesk: it tries what keeps runs from escaping', () =>
      notHere('', facts.now),
    )(facts);
  if (name !== 'group')
    return pass(
      `runs are contained by: ${name}${better.length === 0 ? '' : `; ${shorten(better.join('; '), 200)}`}`,
      at,
    );
  if (facts.fleet.containment === 'group')
    return pass('runs are held by their process group, as fleet.yaml wants it', at);
  if (facts.host !== undefined && facts.host.platform !== 'linux')
    return notHere('only Linux has more than a process group', at);
  return fail(
    `only a process group holds runs: a program that leaves it escapes${better.length === 0 ? '' : ` (${shorten(better.join('; '), 240)})`}`,
    at,
    'install the package bubblewrap, or run it by the unit of nightdesk install (Delegate=yes)',
  );
};
