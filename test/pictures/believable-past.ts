import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../storage/database.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How each agent of the example fleet lives: how often it runs, for how many minutes, and what a day of it costs. */
const AGENTS = [
  { name: 'scout', everyMs: 20 * MINUTE_MS, minutes: 3, usdADay: 0.52 },
  { name: 'inbound-engager', everyMs: 40 * MINUTE_MS, minutes: 6, usdADay: 0.38 },
  { name: 'outbound-engager', everyMs: 60 * MINUTE_MS, minutes: 9, usdADay: 0.46 },
  { name: 'creator', everyMs: 150 * MINUTE_MS, minutes: 22, usdADay: 0.31 },
  { name: 'analyst', everyMs: 4 * HOUR_MS, minutes: 12, usdADay: 0.14 },
  { name: 'orchestrator', everyMs: 90 * MINUTE_MS, minutes: 4, usdADay: 0.09 },
] as const;
const OUTAGE = { fromMs: 9.2 * HOUR_MS, toMs: 7.4 * HOUR_MS };
const DRAFTS = 30;

/** The fleet whose past this is; nothing in it is due while its picture is taken. */
export function believableFleet(owner: number): string {
  const rarely = 'schedule: "0 4 * * *"';
  const rows = AGENTS.map(
    ({ name }) => `  ${name}: { runtime: claude, prompt: ./prompt.md, ${rarely}, credentials: [claude] }`,
  );
  return [
    'timezone: Europe/Berlin',
    'home: ./state',
    `telegram: { owners: [${owner}] }`,
    'digest: ["0 4 1 1 *"]',
    'budget: { monthly: 60 }',
    'credentials: { claude: { check: [/bin/echo, AUTH_OK], check_every: 1m, login: [/bin/true] } }',
    'agents:',
    ...rows,
    '  publisher: { runtime: command, command: [/bin/true], publishes: [reply, post] }',
    '',
  ].join('\n');
}

/** Fills a new state folder with what a fleet of seven did this month, the last day of it run by run; one login was dead for two hours. */
export function writeBelievablePast(home: string, now: number): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const database = openDatabase(join(home, 'nightdesk.db'), () => join(home, 'never'));
  const chance = seeded(7);
  const insertRun = database.prepare(
    `INSERT INTO run (agent, cause, state, wanted_at, started_at, ended_at, failure, evidence, exit, input_tokens, output_tokens, cost_micro_usd)
     VALUES (@agent, 'schedule', @state, @startedAt, @startedAt, @endedAt, @failure, @evidence, 'exited with 0', @inputTokens, 900, @microUsd)`,
  );
  const addRun = (
    agent: string,
    startedAt: number,
    endedAt: number,
    usd: number,
    failure: string | null = null,
  ): number =>
    Number(
      insertRun.run({
        agent,
        state: failure === null ? 'done' : 'failed',
        startedAt: Math.round(startedAt),
        endedAt: Math.round(endedAt),
        failure,
        evidence: failure === null ? null : `it ended as ${failure}`,
        inputTokens: Math.round(usd * 400_000),
        microUsd: Math.round(usd * 1e6),
      }).lastInsertRowid,
    );
  const today = new Date(now);
  const monthStart = Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), 1);
  const dayStart = now - DAY_MS;
  const isDead = (at: number): boolean => at > now - OUTAGE.fromMs && at < now - OUTAGE.toMs;

  database.transaction(() => {
    let busy = 0.8;
    // The days before: a run every third hour is enough for their bars.
    for (let at = monthStart; at < dayStart; at += 3 * HOUR_MS) {
      if (new Date(at).getUTCHours() === 0) busy = 0.5 + 0.6 * chance();
      const isWeekend = [0, 6].includes(new Date(at).getUTCDay());
      for (const { name, usdADay } of AGENTS)
        addRun(name, at, at + 10 * MINUTE_MS, (usdADay / 8) * (isWeekend ? 0.6 : 1) * busy * (0.6 + 0.8 * chance()));
    }
    const runs: { agent: string; run: number; at: number }[] = [];
    for (const { name, everyMs, minutes, usdADay } of AGENTS) {
      let sawDeath = false;
      for (let at = dayStart + chance() * everyMs; at < now - minutes * MINUTE_MS; at += everyMs) {
        const dead = isDead(at) && name !== 'orchestrator';
        // The first run that meets the dead login fails, the others are held.
        if (dead && sawDeath) continue;
        const endedAt = at + (dead ? 0.6 : minutes * (0.6 + 0.8 * chance())) * MINUTE_MS;
        const isCrash = name === 'analyst' && at > now - 5 * HOUR_MS && at < now - HOUR_MS;
        const usd = dead ? 0 : usdADay * (everyMs / DAY_MS) * (0.7 + 0.6 * chance());
        const run = addRun(name, at, endedAt, usd, dead ? 'auth' : isCrash ? 'timeout' : null);
        sawDeath ||= dead;
        if (!dead) runs.push({ agent: name, run, at: endedAt });
      }
    }
    // Before a check the digest would rightly say that nobody knows.
    database
      .prepare(
        `INSERT INTO credential (name, state, generation, since, proved_at, checked_at, first_seen_at)
         VALUES ('claude', 'alive', 2, @since, @at, @at, @first)`,
      )
      .run({ since: Math.round(now - OUTAGE.toMs), at: now - 3 * MINUTE_MS, first: monthStart });
    // That half of the money is gone was told in its time.
    database
      .prepare("INSERT INTO budget_notice (month, agent, percent, at) VALUES (?, '', 50, ?)")
      .run(today.toISOString().slice(0, 7), dayStart - DAY_MS);
    addOutage();
    addDrafts(runs);
  })();
  database.close();

  function addOutage(): void {
    const opened = Math.round(now - OUTAGE.fromMs);
    const resolved = Math.round(now - OUTAGE.toMs);
    const incident = database
      .prepare(
        `INSERT INTO incident (kind, fingerprint, subject, severity, state, title, evidence, opened_at, last_seen_at, acknowledged_at, resolved_at, message_key, recovery_key, cost)
         VALUES ('auth', 'auth:claude', 'claude', 'critical', 'resolved', 'Credential claude is dead', '401', @opened, @opened, @opened + 60000, @resolved, 'incident:1', 'incident:1:recovery', 'Missed: 14 runs.')`,
      )
      .run({ opened, resolved }).lastInsertRowid;
    for (const { name } of AGENTS)
      if (name !== 'orchestrator')
        database.prepare('INSERT INTO incident_agent (incident_id, agent) VALUES (?, ?)').run(incident, name);
  }

  /** Drafts of the day: decided within minutes by day, left alone while their owner sleeps; two of those run out. */
  function addDrafts(runs: readonly { readonly agent: string; readonly run: number; readonly at: number }[]): void {
    const writers = runs.filter(({ agent }) => /engager|creator/.test(agent)).toSorted((a, b) => a.at - b.at);
    const chosen = Array.from({ length: DRAFTS }, (_, index) => writers[Math.floor((index * writers.length) / DRAFTS)]);
    for (const [index, each] of chosen.entries()) {
      if (each === undefined) continue;
      const kind = each.agent === 'creator' ? 'post' : 'reply';
      const windowMs = kind === 'post' ? 8 * HOUR_MS : 4 * HOUR_MS;
      // A minute to some hours, mostly minutes.
      const waited = 60_000 * Math.exp(chance() * 3 + (chance() > 0.85 ? 2 : 0));
      const isMissed = index === 10 || index === 12;
      const createdAt = Math.round(each.at);
      const decidedAt = Math.min(now - MINUTE_MS, Math.round(createdAt + (isMissed ? windowMs : waited)));
      const verdict = isMissed ? 'expired' : index % 9 === 4 ? 'rejected' : 'approved';
      const actor = verdict === 'expired' ? 'nightdesk' : 'owner:4242';
      const body = `A believable ${kind}, number ${index + 1}.`;
      const draft = database
        .prepare(
          `INSERT INTO draft (agent, run_id, kind, recipient, priority, state, revision, created_at, window_ends_at, decided_at, decided_by, shown_at)
           VALUES (@agent, @run, @kind, '@reader', 3, @state, 1, @createdAt, @endsAt, @decidedAt, @actor, @createdAt)`,
        )
        .run({
          agent: each.agent,
          run: each.run,
          kind,
          state: verdict === 'approved' ? 'published' : verdict,
          createdAt,
          endsAt: createdAt + windowMs,
          decidedAt,
          actor,
        }).lastInsertRowid;
      database
        .prepare(
          'INSERT INTO draft_revision (draft_id, revision, body, hash, author, created_at) VALUES (?, 1, ?, ?, ?, ?)',
        )
        .run(draft, body, createHash('sha256').update(body).digest('hex'), `agent:${each.agent}`, createdAt);
      const decide = database.prepare(
        'INSERT INTO decision (draft_id, revision, verdict, actor, at) VALUES (?, 1, ?, ?, ?)',
      );
      decide.run(draft, verdict, actor, decidedAt);
      if (verdict === 'approved') {
        addRun('publisher', decidedAt + 400, decidedAt + 2_400, 0);
        decide.run(draft, 'published', 'publisher', decidedAt + 2_400);
      }
    }
  }
}

/** Numbers in [0, 1), the same each time: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
