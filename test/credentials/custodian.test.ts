import { afterEach, describe, expect, it } from 'vitest';
import { createRoomWorld, HOUR, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

function open(credentials: string, agents: string): RoomWorld {
  world = createRoomWorld(
    `timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\n${credentials === '' ? '' : `credentials:\n${credentials}`}agents:\n${agents}`,
  );
  return world;
}

function agent(name: string, rest: string): string {
  return `  ${name}: { runtime: command, command: [/bin/${name}], ${rest} }\n`;
}

const UNCHECKED = '  claude: { login: [/bin/login] }\n';
const CHECKED = '  claude: { check: [/bin/check], check_every: 15m, login: [/bin/login] }\n';
const SIGN = 'HTTP 401 Unauthorized: token expired\n';

function auth(of: RoomWorld) {
  return of.storage.incidents.listUnresolved().filter((incident) => incident.kind === 'auth');
}

function alerts(of: RoomWorld, word: string): number {
  return of.shown().filter((message) => message.key.startsWith('incident:') && message.text.includes(word)).length;
}

function stateOf(of: RoomWorld, name = 'claude'): string | undefined {
  return of.storage.credentials.get(name)?.state;
}

describe('a credential', () => {
  it('is not called by the trial of another one before its own probe is due', async () => {
    const fleet = open(
      '  claude: { backoff: { first: 10m, max: 1h } }\n  mail: { backoff: { first: 1m, max: 1h } }\n',
      agent('both', 'schedule: every 24h, credentials: [claude, mail]') +
        agent('thinker', 'schedule: every 24h, credentials: [claude]') +
        agent('writer', 'schedule: every 24h, credentials: [mail]'),
    );
    fleet.behaviours['thinker'] = (program) => {
      program.says(SIGN);
      program.exits(77);
    };
    fleet.behaviours['writer'] = fleet.behaviours['thinker'];
    fleet.behaviours['both'] = (program) => program.exits(0);
    await fleet.begin();
    await fleet.settle();
    expect([stateOf(fleet, 'claude'), stateOf(fleet, 'mail')]).toEqual(['dead', 'dead']);
    const started = fleet.programs.length;

    await fleet.advance(9 * MINUTE);

    expect(fleet.programs.slice(started).map(({ name }) => name)).not.toContain('both');
    expect(fleet.programs.slice(started).map(({ name }) => name)).toContain('writer');
  });

  it('is dead at the first sign: one incident that names and holds all its agents, joined by later signs', async () => {
    const fleet = open(
      UNCHECKED,
      ['a', 'b', 'c'].map((name) => agent(name, 'schedule: every 5m, credentials: [claude]')).join('') +
        agent('free', 'schedule: every 5m'),
    );
    fleet.behaviours['free'] = (program) => program.exits(0);
    await fleet.begin();

    fleet.named('a')[0]?.says(SIGN);
    await fleet.settle();
    expect(fleet.holds()).toEqual(['a: claude is dead', 'b: claude is dead', 'c: claude is dead']);
    expect(fleet.named('b')[0]?.isOver()).toBe(false);
    fleet.named('b')[0]?.says(SIGN);
    fleet.named('c')[0]?.exits(77);
    await fleet.advance(11 * MINUTE);

    const [incident] = auth(fleet);
    expect(auth(fleet)).toHaveLength(1);
    expect(incident).toMatchObject({ subject: 'claude', severity: 'critical', times: 3 });
    expect(fleet.storage.incidents.agents(incident?.id ?? 0)).toEqual(['a', 'b', 'c']);
    expect(alerts(fleet, 'failed')).toBe(0);
    expect(fleet.storage.runs.recent('a', 9).at(-1)).toMatchObject({ state: 'failed', failure: 'auth' });
    expect(fleet.receipts('b').at(-1)).toMatch(/^skipped x\d: claude is dead$/);
    expect(fleet.named('free')).toHaveLength(3);
    const [alert] = fleet.shown().filter((message) => message.key === `incident:${incident?.id}`);
    expect(alert?.text).toContain('a, b, c');
    expect(alert?.text).toContain('401 Unauthorized');
    expect(alert?.buttons.join(' ')).toContain('Re-auth');
  });

  it('without a check is tried soon after whatever else kept all its agents from trying', async () => {
    const fleet = open('  claude: {}\n', agent('a', 'schedule: every 5m, credentials: [claude]'));
    await fleet.begin();
    fleet.named('a')[0]?.says(SIGN);
    fleet.named('a')[0]?.exits(1);
    await fleet.settle();
    fleet.rooms.holds.pause('a', 'owner:1', 6 * HOUR, false);
    await fleet.advance(6 * HOUR);
    expect(fleet.named('a')).toHaveLength(1);

    await fleet.advance(2 * MINUTE);

    expect(fleet.named('a')).toHaveLength(2);
    expect(fleet.storage.credentials.get('claude')?.probes).toBe(1);
  });

  it('without a check is tried by one run at growing intervals, and is alive when that goes well', async () => {
    const fleet = open(
      '  claude: {}\n',
      agent('a', 'schedule: every 5m, credentials: [claude]') + agent('b', 'schedule: every 5m, credentials: [claude]'),
    );
    let isGood = false;
    for (const name of ['a', 'b']) {
      fleet.behaviours[name] = (program) => {
        if (!isGood) program.says(SIGN);
        program.exits(0);
      };
    }
    await fleet.begin();
    const started = fleet.programs.length;

    await fleet.advance(9 * HOUR);
    const trials = fleet.programs.slice(started).map((program) => program.startedAt);
    expect(trials.length).toBeLessThanOrEqual(14);
    expect(trials.length).toBeGreaterThanOrEqual(9);
    expect(auth(fleet)).toHaveLength(1);
    expect(alerts(fleet, 'Recovered')).toBe(0);
    isGood = true;
    await fleet.advance(HOUR + MINUTE);

    expect(stateOf(fleet)).toBe('alive');
    expect(fleet.holds()).toEqual([]);
    const recovery = fleet.shown().find((message) => message.key.endsWith(':recovery'));
    expect(recovery).toMatchObject({ silent: true, buttons: [] });
    expect(recovery?.text).toMatch(/2 agents back at work\. Missed: \d+ runs\./);
    expect(fleet.named('b').at(-1)?.isOver()).toBe(true);
  });

  it('of an agent that names none is its own, and holds nobody else', async () => {
    const fleet = open('', agent('a', 'schedule: every 5m') + agent('b', 'schedule: every 5m'));
    fleet.behaviours['b'] = (program) => program.exits(0);
    await fleet.begin();

    fleet.named('a')[0]?.says(SIGN);
    await fleet.settle();

    expect(stateOf(fleet, '~a')).toBe('dead');
    expect(fleet.holds()).toEqual(['a: the login of a is dead']);
    const alert = fleet.shown().find((message) => message.key.startsWith('incident:'));
    expect(alert?.buttons.join(' ')).not.toContain('Re-auth');
    expect(alert?.text).toContain('The login of a is dead');
  });

  it('that has a check is asked before its agents run, and again only after check_every', async () => {
    const fleet = open(CHECKED, agent('a', 'schedule: every 5m, credentials: [claude]'));
    fleet.behaviours['a'] = (program) => program.exits(0);
    await fleet.begin();
    await fleet.settle();
    expect([fleet.named('check').length, fleet.named('a').length]).toEqual([1, 0]);

    fleet.behaviours['check'] = (program) => {
      program.says('AUTH_OK\n');
      program.exits(0);
    };
    fleet.named('check')[0]?.says('AUTH_OK\n');
    fleet.named('check')[0]?.exits(0);
    await fleet.advance(14 * MINUTE);

    expect([fleet.named('check').length, fleet.named('a').length]).toEqual([1, 3]);
    await fleet.advance(2 * MINUTE);
    expect([fleet.named('check').length, fleet.named('a').length]).toEqual([2, 4]);
  });

  it('is a warning only, and its agents run on, when its check does not work', async () => {
    const fleet = open(CHECKED, agent('a', 'schedule: every 5m, credentials: [claude]'));
    fleet.behaviours['a'] = (program) => program.exits(0);
    fleet.behaviours['check'] = (program) => {
      program.says('curl: could not resolve host\n', 'stderr');
      program.exits(6);
    };
    await fleet.begin();
    await fleet.advance(6 * MINUTE);

    expect(fleet.named('a')).toHaveLength(2);
    expect(fleet.storage.incidents.listUnresolved()).toMatchObject([{ kind: 'check', severity: 'warning' }]);
    fleet.behaviours['check'] = (program) => {
      program.says('AUTH_OK\n');
      program.exits(0);
    };
    await fleet.advance(15 * MINUTE);
    expect(fleet.storage.incidents.listUnresolved()).toEqual([]);
  });

  it('that hangs in its check is not held for dead, and the check is ended after a minute', async () => {
    const fleet = open(CHECKED, agent('a', 'schedule: every 5m, credentials: [claude]'));
    await fleet.begin();

    await fleet.advance(MINUTE + SECOND);

    expect(fleet.named('check')[0]?.signals).toEqual(['SIGKILL']);
    expect(fleet.named('a')).toHaveLength(1);
    expect(stateOf(fleet)).toBe('unknown');
  });

  it('is probed at most fourteen times in nine hours and told once when its check says that it is dead', async () => {
    const fleet = open(CHECKED, agent('a', 'schedule: every 5m, credentials: [claude]'));
    fleet.behaviours['check'] = (program) => {
      program.says('AUTH_FAILED: token expired\n');
      program.exits(1);
    };
    await fleet.begin();
    await fleet.settle();
    const before = fleet.named('check').length;

    await fleet.advance(9 * HOUR);

    expect(fleet.named('check').length - before).toBeLessThanOrEqual(14);
    expect(fleet.named('a')).toHaveLength(0);
    expect(fleet.shown().filter((message) => message.key.startsWith('incident:'))).toHaveLength(1);
  });

  it('goes on with its growing pauses when its check lies, however seldom its agents run', async () => {
    const fleet = open(
      '  claude: { check: [/bin/check], check_every: 1h }\n',
      agent('a', 'schedule: every 20m, credentials: [claude]'),
    );
    fleet.behaviours['check'] = (program) => {
      program.says('AUTH_OK\n');
      program.exits(0);
    };
    fleet.behaviours['a'] = (program) => {
      program.says(SIGN);
      program.exits(0);
    };
    await fleet.begin();

    await fleet.advance(9 * HOUR);

    expect(fleet.named('a').length).toBeLessThanOrEqual(15);
  });

  it('is asked when one of several was refused, and the others stay alive', async () => {
    const fleet = open(
      '  mail: { check: [/bin/check-mail] }\n  blog: { check: [/bin/check-blog] }\n',
      agent('a', 'schedule: every 5m, credentials: [mail, blog]') +
        agent('b', 'schedule: every 5m, credentials: [blog]'),
    );
    let mailIsGood = true;
    fleet.behaviours['check-mail'] = (program) => {
      program.says(mailIsGood ? 'AUTH_OK\n' : 'AUTH_FAILED: mail says no\n');
      program.exits(mailIsGood ? 0 : 1);
    };
    fleet.behaviours['check-blog'] = (program) => {
      program.says('AUTH_OK\n');
      program.exits(0);
    };
    fleet.behaviours['b'] = (program) => program.exits(0);
    await fleet.begin();
    await fleet.advance(SECOND);
    mailIsGood = false;

    fleet.named('a')[0]?.says(SIGN);
    await fleet.advance(SECOND);

    expect([stateOf(fleet, 'mail'), stateOf(fleet, 'blog')]).toEqual(['dead', 'alive']);
    expect(fleet.holds()).toContain('a: mail is dead');
    expect(fleet.holds().join()).not.toContain('b:');
    expect(auth(fleet)).toHaveLength(1);
  });

  it('is the one that the agent names when it reports the failure itself', async () => {
    const fleet = open(
      '  mail: {}\n  blog: {}\n',
      agent('a', 'schedule: every 5m, credentials: [mail, blog]') +
        agent('b', 'schedule: every 5m, credentials: [blog]'),
    );
    await fleet.begin();
    const run = { run: fleet.storage.runs.aliveOf('a')?.id ?? 0, agent: 'a' };

    const answer = fleet.rooms.agents.reportFailure(run, {
      tool: 'post',
      kind: 'auth',
      credential: 'blog',
      text: 'expired',
    });

    expect(answer).toEqual({ kind: 'answer', answer: 'alert' });
    expect([stateOf(fleet, 'mail'), stateOf(fleet, 'blog')]).toEqual(['unknown', 'dead']);
    expect(fleet.holds()).toEqual(['a: blog is dead', 'b: blog is dead']);
  });

  it('is not declared dead again by a run that was started before it came back', async () => {
    const fleet = open(
      UNCHECKED,
      agent('a', 'schedule: every 5m, credentials: [claude]') + agent('b', 'schedule: every 5m, credentials: [claude]'),
    );
    fleet.behaviours['login'] = (program) => program.exits(0);
    await fleet.begin();
    fleet.named('a')[0]?.says(SIGN);
    fleet.rooms.custodian.wantLogin('claude', 'owner:1');
    await fleet.advance(SECOND);
    expect(stateOf(fleet)).toBe('alive');

    fleet.named('b')[0]?.says(SIGN);
    await fleet.advance(SECOND);

    expect(stateOf(fleet)).toBe('alive');
    expect(auth(fleet)).toEqual([]);
    expect(fleet.storage.runs.lastOf('b')).toMatchObject({ state: 'failed', failure: 'auth' });
    expect(fleet.holds()).toEqual([]);
  });
});

describe('a login', () => {
  async function dead(credentials: string): Promise<RoomWorld> {
    const fleet = open(
      credentials,
      agent('a', 'schedule: every 5m, credentials: [claude]') + agent('b', 'schedule: every 5m, credentials: [claude]'),
    );
    fleet.behaviours['check'] = (program) => {
      program.says('AUTH_OK\n');
      program.exits(0);
    };
    await fleet.begin();
    await fleet.settle();
    fleet.behaviours['check'] = (program) => {
      program.says('AUTH_FAILED: still\n');
      program.exits(1);
    };
    fleet.named('a')[0]?.says(SIGN);
    await fleet.advance(11 * MINUTE);
    expect(stateOf(fleet)).toBe('dead');
    return fleet;
  }

  it('makes a new generation, resolves the incident with what it cost, and runs who missed something', async () => {
    const fleet = await dead('  claude: { login: [/bin/login], backoff: { first: 1h, max: 2h } }\n');
    const generation = fleet.storage.credentials.get('claude')?.generation ?? 0;
    const starts = fleet.named('a').length;
    fleet.behaviours['login'] = (program) => program.exits(0);

    expect(fleet.rooms.custodian.wantLogin('claude', 'owner:1')).toBe('wanted');
    await fleet.advance(SECOND);

    expect(fleet.storage.credentials.get('claude')).toMatchObject({
      state: 'alive',
      generation: generation + 1,
      probes: 0,
    });
    expect(auth(fleet)).toEqual([]);
    expect(fleet.named('a')).toHaveLength(starts + 1);
    expect(fleet.shown().find((message) => message.key.endsWith(':recovery'))?.text).toContain('Logged in again.');
  });

  it('counts only after the check has passed', async () => {
    const fleet = await dead(CHECKED);
    fleet.behaviours['login'] = (program) => program.exits(0);

    fleet.rooms.custodian.wantLogin('claude', 'owner:1');
    await fleet.advance(SECOND);
    expect(stateOf(fleet)).toBe('dead');
    expect(auth(fleet)[0]?.note).toContain('the check still says: still');
    fleet.behaviours['check'] = (program) => {
      program.says('AUTH_OK\n');
      program.exits(0);
    };
    fleet.rooms.custodian.wantLogin('claude', 'owner:1');
    await fleet.advance(SECOND);

    expect(stateOf(fleet)).toBe('alive');
  });

  it('that fails is told on the alert, and may be wanted again', async () => {
    const fleet = await dead(UNCHECKED);
    fleet.behaviours['login'] = (program) => {
      program.says('browser not found\n');
      program.exits(4);
    };

    fleet.rooms.custodian.wantLogin('claude', 'owner:1');
    expect(fleet.rooms.custodian.wantLogin('claude', 'owner:1')).toBe('running');
    await fleet.advance(SECOND);

    expect(auth(fleet)[0]?.note).toContain('exit 4: browser not found');
    expect(fleet.rooms.custodian.wantLogin('claude', 'owner:1')).toBe('wanted');
  });

  it('that hangs is ended after five minutes and told', async () => {
    const fleet = await dead(UNCHECKED);

    fleet.rooms.custodian.wantLogin('claude', 'owner:1');
    await fleet.advance(5 * MINUTE + SECOND);

    expect(fleet.named('login')[0]?.signals).toEqual(['SIGKILL']);
    expect(fleet.storage.logins.open()).toEqual([]);
  });

  it('that was under way when Nightdesk was killed is swept and told as failed', async () => {
    const fleet = await dead(UNCHECKED);
    fleet.rooms.custodian.wantLogin('claude', 'owner:1');
    await fleet.advance(SECOND);
    const login = fleet.programs.indexOf(fleet.named('login')[0] as never) + 1;

    await fleet.crash();

    expect(fleet.swept).toContain(login);
    expect(auth(fleet)[0]?.note).toContain('Nightdesk was restarted in the middle of it');
  });

  it('of a living credential that breaks it holds the agents and is told, instead of leaving them dark', async () => {
    const fleet = open(CHECKED, agent('a', 'schedule: every 5m, credentials: [claude]'));
    fleet.behaviours['a'] = (program) => program.exits(0);
    fleet.behaviours['check'] = (program) => {
      program.says('AUTH_OK\n');
      program.exits(0);
    };
    fleet.behaviours['login'] = (program) => program.exits(0);
    await fleet.begin();
    await fleet.advance(SECOND);
    fleet.behaviours['check'] = (program) => {
      program.says('AUTH_FAILED: wrong account\n');
      program.exits(1);
    };

    fleet.rooms.custodian.wantLogin('claude', 'owner:1');
    await fleet.advance(SECOND);

    expect(fleet.holds()).toEqual(['a: claude is dead']);
    expect(auth(fleet)).toMatchObject([{ subject: 'claude', evidence: 'wrong account' }]);
  });

  it('is refused when fleet.yaml names none, or no such credential', () => {
    const fleet = open('  mail: {}\n', agent('a', 'schedule: every 5m, credentials: [mail]'));
    fleet.rooms.custodian.start();

    expect(fleet.rooms.custodian.wantLogin('mail', 'owner:1')).toBe('no-login');
    expect(fleet.rooms.custodian.wantLogin('nobody', 'owner:1')).toBe('unknown');
  });
});
