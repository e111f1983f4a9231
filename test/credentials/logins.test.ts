import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { createRoomWorld, type FakeProgram } from '../loop/room-world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** The fleet's chat, which is its owner's. */
const OWNER = 1;
const OTHER = 2;
const CODE = 'TEST-code-4711#TEST-state';
const TOKEN = `sk-ant-oat01-TEST-${'aB3_'.repeat(22)}-end`;
const LINK = 'Visit https://login.example.com/oauth/authorize?state=x\n';

const worlds: ReturnType<typeof createRoomWorld>[] = [];

afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});

function open(credentials: string) {
  const world = createRoomWorld(
    `timezone: UTC\nhome: ./state\ntelegram: { owners: [${OWNER}, ${OTHER}] }\ncredentials:\n${credentials}\n` +
      'agents: { a: { runtime: command, command: [/bin/a], schedule: every 1h, credentials: [claude] } }\n',
  );
  worlds.push(world);
  let lastMessage = 1_000;

  /** What an owner writes; gives whether it was claimed for a login. */
  function says(
    text: string,
    more: {
      readonly from?: number;
      readonly replyTo?: number;
      readonly chatId?: number;
      readonly sentAt?: number;
    } = {},
  ) {
    const { from = OWNER, chatId = from, replyTo, ...rest } = more;
    lastMessage += 1;
    const message = { userId: from, chatId, messageId: lastMessage, text, replyTo, ...rest };
    const { storage, loginDesk } = world.rooms;
    return storage.transaction(() => {
      const claim = loginDesk.claim(message);
      claim?.();
      return claim !== undefined;
    });
  }

  /** Gives a message of ours the id that Telegram would have given it. */
  function deliver(key: string): number {
    const row = world.storage.outbox.get(key);
    if (row === undefined) throw new Error(`there is no row ${key}`);
    lastMessage += 1;
    world.storage.transaction(() => world.storage.outbox.delivered(row.id, row.wanted, lastMessage, world.now()));
    return lastMessage;
  }

  const text = (key: string) => world.shown().find((shown) => shown.key === key)?.text;
  const want = async (name = 'claude', by = `owner:${OWNER}`) => {
    const result = world.rooms.custodian.wantLogin(name, by, Number(by.slice(6)));
    await world.advance(SECOND);
    return result;
  };
  const logins = () => world.storage.logins.recent(0);
  return { ...world, world, says, deliver, text, want, logins };
}

/** The database with its write-ahead log, as bytes. */
function stored({ file }: ReturnType<typeof createRoomWorld>): string {
  return `${readFileSync(file, 'latin1')}${readFileSync(`${file}-wal`, 'latin1')}`;
}

/** A login program that shows a link, asks, and takes what is typed; `answer` says what follows from a line. */
function asks(answer: (program: FakeProgram, line: string) => void, prompt = 'Paste code here if prompted > ') {
  return (program: FakeProgram) => {
    program.says(LINK);
    program.says(prompt);
    program.onLine = (line) => answer(program, line);
  };
}

const again = (program: FakeProgram): void =>
  program.says('\nError: that code is invalid\nPaste code here if prompted > ');
const LOGIN = '  claude: { login: [/bin/login] }';

describe('a login', () => {
  it('types the owner’s next message, and is done when its program is', async () => {
    const { behaviours, want, says, text, deliver, advance, named, logins, world } = open(LOGIN);
    behaviours['login'] = asks((program) => program.exits(0));
    await world.begin();

    await want();
    await advance(2 * SECOND);
    const asked = [text('login:1'), text('login:1:ask:0')];
    deliver('login:1:ask:0');
    const isTaken = says(CODE);
    const waiting = text('login:1');
    await advance(2 * SECOND);

    expect(asked[0]).toBe('🔑 Logging in to claude\n1. Open the link.\n2. Send me the code.');
    expect(asked[1]).toContain('Send me the code that the page shows, for claude.');
    expect(isTaken).toBe(true);
    expect(waiting).toContain('Typed in, and deleted here');
    expect(named('login')[0]?.written).toEqual([CODE, '\r']);
    expect(named('login')[0]?.request.terminal?.columns).toBeGreaterThanOrEqual(500);
    expect(logins()).toMatchObject([{ state: 'done', answers: 1 }]);
    expect(text('login:1')).toContain('✅ Logged in to claude');
  });

  it('deletes the message and the prompt from the chat, before all else, and no row holds the code', async () => {
    const { behaviours, want, says, deliver, advance, world } = open(LOGIN);
    behaviours['login'] = asks((program, line) => {
      program.says(`${line}\nError: ${CODE} is wrong, and so is TEST-code-4711\n`);
      program.exits(1);
    });
    await world.begin();
    await want();
    await advance(SECOND);
    const prompt = deliver('login:1:ask:0');

    says(CODE);
    await advance(2 * SECOND);

    const { storage } = world.rooms;
    const contents = ['delete:1:1002', 'login:1:ask:0:gone'].map((key) => storage.outbox.get(key));
    expect(contents.map((row) => row && { class: row.class, ...JSON.parse(row.content) })).toEqual([
      { class: 'answer', kind: 'delete', messageId: 1_002, isSecret: true },
      { class: 'notice', kind: 'delete', messageId: prompt, isSecret: false },
    ]);
    expect(stored(world)).not.toContain('TEST-code-4711');
    expect(stored(world)).not.toContain('TEST-state');
  });

  it('asks again where a code is not accepted, at most three times', async () => {
    const { behaviours, want, says, text, advance, logins, world } = open(LOGIN);
    behaviours['login'] = asks(again);
    await world.begin();
    await want();
    const told: (string | undefined)[] = [];

    for (let n = 0; n < 3; n += 1) {
      await advance(2 * SECOND);
      says(`${CODE}-${n}`);
      await advance(3 * SECOND);
      told.push(text(`login:1:ask:${n + 1}`));
    }

    expect(told[0]).toContain('That was not accepted: Error: that code is invalid');
    expect(told[1]).toContain('That was not accepted');
    expect(told[2]).toBeUndefined();
    expect(logins()).toMatchObject([{ state: 'failed', answers: 3 }]);
    expect(text('login:1:failed')).toMatch(/not accepted 3 times.*Press Re-auth to start anew/s);
  });

  it('shows what there is to choose from, and takes the choice, also where a code is among it', async () => {
    const { behaviours, want, says, text, advance, named, world } = open(LOGIN);
    behaviours['login'] = (program) => {
      program.says('Select login method:\n  1. Claude Code account\n  2. API key\nChoice: ');
      program.onLine = () => program.exits(0);
    };
    await world.begin();
    await want();
    await advance(3 * SECOND);
    const asked = text('login:1:ask:0');

    says('1');
    await advance(2 * SECOND);

    expect(asked).toContain('asks: Choice. Send me the answer.\n1. Claude Code account\n2. API key\n');
    expect(named('login')[0]?.written).toEqual(['1', '\r']);
  });

  it('takes the next question of a program that asks twice', async () => {
    const { behaviours, want, says, text, advance, logins, world } = open(LOGIN);
    behaviours['login'] = asks((program, line) => {
      if (line === 'ada') return program.says('\nPassword: ');
      program.exits(line === 'correct horse' ? 0 : 1);
    }, 'Username: ');
    await world.begin();
    await want();
    await advance(3 * SECOND);
    const first = text('login:1:ask:0');

    says('ada');
    await advance(2 * SECOND);
    const second = text('login:1:ask:1');
    says('correct horse');
    await advance(2 * SECOND);

    expect([first, second].map((asked) => asked?.includes('not accepted'))).toEqual([false, false]);
    expect(first).toContain('asks: Username. Send me the answer.');
    expect(second).toContain('asks: Password. Send');
    expect(logins()[0]?.state).toBe('done');
  });

  it.each([
    ['empty', '\u200b', 'nothing in it'],
    ['a whole sentence', 'where do I find that code?', 'several words'],
    ['a link', 'https://login.example.com/oauth/code/callback?code=TEST', 'a link'],
  ])('types nothing when the message is %s: says so, deletes it, and waits on', async (_case, message, why) => {
    const { behaviours, want, says, text, deliver, advance, named, logins, world } = open(LOGIN);
    behaviours['login'] = asks((program) => program.exits(0));
    await world.begin();
    await want();
    await advance(SECOND);

    says(message);
    const told = text('login:1:ask:0:1001');
    await advance(MINUTE);
    const before = [...(named('login')[0]?.written ?? [])];
    const state = logins()[0];
    deliver('login:1:ask:0:1001');
    says(CODE);
    await advance(2 * SECOND);

    expect(told).toMatch(new RegExp(`Nothing was typed in: .*${why}`));
    expect(world.storage.outbox.get('delete:1:1001')).toBeDefined();
    expect(before).toEqual([]);
    expect(world.storage.outbox.get('login:1:ask:0:1001:gone')).toBeDefined();
    expect(state).toMatchObject({ state: 'running', stage: 'asking' });
    expect(logins()[0]?.state).toBe('done');
  });

  it('presses Enter by itself where a program wants nothing else, and says what was wrong', async () => {
    const { behaviours, want, says, text, advance, named, world } = open(LOGIN);
    behaviours['login'] = asks((program, line) => {
      if (line === '') program.says('Paste code here if prompted > ');
      else program.says('\n✘ OAuth error: nobody answers\nPress Enter to retry\n');
    });
    await world.begin();
    await want();
    await advance(SECOND);

    says(CODE);
    await advance(4 * SECOND);

    expect(named('login')[0]?.written).toEqual([CODE, '\r', '\r']);
    expect(text('login:1:ask:1')).toContain('That was not accepted: OAuth error: nobody answers');
  });

  it('keeps the token that its program printed, and ends a program that stays', async () => {
    const { behaviours, want, says, advance, named, logins, world } = open(
      '  claude: { login: [/bin/login], env: TEST_TOKEN }',
    );
    behaviours['login'] = asks((program) => program.says(`\nYour token:\n\n${TOKEN}\n\nStore it securely.\n`));
    await world.begin();
    await want();
    await advance(SECOND);

    says(CODE);
    await advance(3 * SECOND);

    expect(logins()[0]?.state).toBe('done');
    expect(world.rooms.vault.environmentFor(['claude'])).toEqual({ TEST_TOKEN: TOKEN });
    expect(named('login')[0]?.signals).toContain('SIGKILL');
    expect(stored(world)).not.toContain(TOKEN);
  });

  it.each<[string, (program: FakeProgram) => void, number, RegExp]>([
    ['prints nothing', () => {}, MINUTE, /printed nothing for a minute/],
    ['shows neither link nor question', (program) => program.says('Hello\n'), MINUTE, /neither a link nor a question/],
    ['never ends', asks(() => {}), 10 * MINUTE, /not done within 10 minutes/],
    ['dies', (program) => program.exits(3), SECOND, /ended with exit 3, and said nothing/],
    [
      'dies with a word',
      (program) => {
        program.says('Error: no such account\n');
        program.exits(1);
      },
      SECOND,
      /exit 1: Error: no such account/,
    ],
    ['is killed', (program) => program.dies('SIGSEGV'), SECOND, /ended by SIGSEGV/],
    [
      'prints megabytes',
      (program) => {
        for (let n = 0; n < 100; n += 1) program.says('x'.repeat(100_000));
      },
      2 * SECOND,
      /printed megabytes/,
    ],
    ['prints no token of the form', (program) => program.exits(0), SECOND, /printed no token of the expected form/],
  ])('that %s ends in one message that says what to do', async (_case, behaviour, afterMs, words) => {
    const { behaviours, want, text, advance, shown, logins, world } = open(
      '  claude: { login: [/bin/login], env: TEST_TOKEN }',
    );
    behaviours['login'] = behaviour;
    await world.begin();

    await want();
    await advance(afterMs + SECOND);

    expect(logins()).toMatchObject([{ state: 'failed' }]);
    expect(text('login:1:failed')).toMatch(words);
    expect(text('login:1:failed')).toContain('Press Re-auth to start anew.');
    expect(text('login:1:failed')).toContain('What it had before still works.');
    expect(shown().filter(({ key }) => key.endsWith(':failed'))).toHaveLength(1);
    expect(await want()).toBe('wanted');
  });

  it('is cancelled by a press or by /cancel, also by the other owner, and its program ends', async () => {
    const { behaviours, want, text, advance, named, logins, world } = open(LOGIN);
    behaviours['login'] = asks(() => {});
    await world.begin();
    await want();
    await advance(SECOND);

    expect(world.rooms.loginDesk.cancel(1)).toBe('cancelling');
    expect(world.rooms.loginDesk.cancel(1)).toBe('over');
    await advance(SECOND);
    await want();
    expect(world.rooms.loginDesk.cancelIn(OTHER)).toBe(false);
    expect(world.rooms.loginDesk.cancelIn(OWNER)).toBe(true);
    await advance(SECOND);

    expect(logins().map(({ state, detail }) => [state, detail])).toEqual([
      ['failed', 'it was cancelled'],
      ['failed', 'it was cancelled'],
    ]);
    expect(named('login').map(({ signals }) => signals.includes('SIGKILL'))).toEqual([true, true]);
    expect(text('login:2')).toContain('It was cancelled.');
    expect(text('login:2:failed')).toBeUndefined();
  });

  it('knows a code that was written in time when Telegram brings it hours later', async () => {
    const { behaviours, want, text, advance, says, now, world } = open(LOGIN);
    behaviours['login'] = asks(() => {});
    await world.begin();
    await want();
    await advance(11 * MINUTE);
    const sentAt = now();
    await advance(3 * 60 * MINUTE);

    const isKnown = says(CODE, { sentAt });

    expect(isKnown).toBe(true);
    expect(text('login:1:late:1:1001')).toContain('I deleted it');
  });

  it('knows a code for what it is that is written hours after its end, since its card may still show the link', async () => {
    const { behaviours, want, text, advance, says, world } = open(LOGIN);
    behaviours['login'] = asks(() => {});
    await world.begin();
    await want();
    await advance(3 * 60 * MINUTE);

    expect(says('Too long for me')).toBe(false);
    expect(says(CODE)).toBe(true);
    expect(text('login:1:late:1:1002')).toContain('I deleted it');
  });

  it('is ended by a restart in the middle, its tree is swept, and its owner told what to do', async () => {
    const { behaviours, want, text, advance, says, named, world } = open(LOGIN);
    behaviours['login'] = asks(() => {});
    await world.begin();
    await want();
    await advance(SECOND);
    says(CODE);

    await world.crash();
    const isLate = says(CODE);

    expect(world.swept).toContain(named('login')[0]?.pid);
    expect(text('login:1:failed')).toMatch(/Nightdesk was restarted in the middle of it\. Press Re-auth/);
    expect(isLate).toBe(true);
    expect(text('login:1:late:1:1002')).toContain(
      'over, so what you sent was not typed in. I deleted it. Press Re-auth',
    );
  });
});

describe('a message', () => {
  async function asking(credentials = LOGIN) {
    const world = open(credentials);
    world.behaviours['login'] = asks((program) => program.exits(0));
    world.behaviours['login2'] = asks((program) => program.exits(0));
    await world.world.begin();
    await world.want();
    await world.advance(SECOND);
    return world;
  }

  it('of the other owner, in another chat, or that is a command, is no answer', async () => {
    const { says, logins } = await asking();

    expect(says('thanks', { from: OTHER })).toBe(false);
    expect(says('thanks', { chatId: 77 })).toBe(false);
    expect(says('/status')).toBe(false);
    expect(says('/reauth claude')).toBe(false);
    expect(logins()[0]).toMatchObject({ stage: 'asking', answers: 0 });
  });

  it('of somebody who is no owner any more is deleted, and typed in nowhere', async () => {
    const former = 99;
    const { says, want, logins, text, world, behaviours } = open(LOGIN);
    behaviours['login'] = asks((program) => program.exits(0));
    await world.begin();
    await want('claude', `owner:${former}`);

    expect(says(CODE, { from: former })).toBe(true);

    expect(logins()[0]).toMatchObject({ stage: 'asking', answers: 0 });
    expect(text(`token:${former}:1001`)).toMatch(/^Only owners log in/);
    expect(world.storage.outbox.get(`delete:${former}:1001`)).toBeDefined();
    expect(stored(world)).not.toContain(CODE);
  });

  it('is deleted and stored nowhere wherever a code is sent, though it is no answer there', async () => {
    const { says, text, logins, world } = await asking();

    const claimed = [
      says(CODE, { from: OTHER }),
      says(CODE, { chatId: 77 }),
      says(`/reauth claude ${CODE}`),
      says(`/reauth@nightdesk_bot ${CODE}`),
    ];

    expect(claimed).toEqual([true, true, true, true]);
    const { storage } = world.rooms;
    for (const key of ['delete:2:1001', 'delete:77:1002', 'delete:1:1003', 'delete:1:1004'])
      expect(JSON.parse(storage.outbox.get(key)?.content ?? '{}')).toMatchObject({ kind: 'delete', isSecret: true });
    expect(storage.outbox.get('login:1:late:77:1002')?.chatId).toBe(OWNER);
    expect(text('login:1:late:2:1001')).toContain('typed nothing in');
    expect(logins()[0]).toMatchObject({ stage: 'asking', answers: 0 });
    expect(stored(world)).not.toContain('TEST-code-4711');
  });

  it('that replies to a draft or a question is about that card, and one that replies to the login is an answer', async () => {
    const { says, deliver, world } = await asking();
    world.storage.transaction(() => {
      for (const key of ['draft:1:1', 'question:1'])
        world.rooms.outbox.send({ key, class: 'card', content: { kind: 'text', body: { text: 'x', entities: [] } } });
    });

    expect(says(CODE, { replyTo: deliver('draft:1:1') })).toBe(false);
    expect(says(CODE, { replyTo: deliver('question:1') })).toBe(false);
    expect(says(CODE, { replyTo: deliver('login:1') })).toBe(true);
  });

  it('that replies to the alert is an answer where it looks like a code, and a remark where it does not', async () => {
    const { says, deliver, logins, world } = await asking();
    world.storage.transaction(() =>
      world.rooms.outbox.send({
        key: 'incident:1',
        class: 'alert',
        content: { kind: 'text', body: { text: 'x', entities: [] } },
      }),
    );
    const replyTo = deliver('incident:1');

    expect(says('thanks', { replyTo })).toBe(false);
    expect(says(CODE, { replyTo })).toBe(true);
    expect(logins()[0]).toMatchObject({ stage: 'typed', answers: 1 });
  });

  it('of the other owner is an answer where it replies to the prompt', async () => {
    const { says, deliver, logins } = await asking();

    expect(says(CODE, { from: OTHER, chatId: OWNER, replyTo: deliver('login:1:ask:0') })).toBe(true);
    expect(logins()[0]).toMatchObject({ stage: 'typed', answers: 1 });
  });

  it('goes to the login that it replies to where two ask at once', async () => {
    const { says, deliver, want, advance, named } = await asking(
      '  claude: { login: [/bin/login] }\n  mail: { login: [/bin/login2] }',
    );
    await want('mail');
    await advance(SECOND);

    says('TEST-first-code-1', { replyTo: deliver('login:1:ask:0') });
    says('TEST-second-code-2');
    await advance(2 * SECOND);

    expect(named('login')[0]?.written[0]).toBe('TEST-first-code-1');
    expect(named('login2')[0]?.written[0]).toBe('TEST-second-code-2');
  });

  it('with a token that no login asked for is deleted, and said what it wants first', async () => {
    const { says, text, logins, world } = open(LOGIN);
    await world.begin();

    const claimed = [says(TOKEN), says(`/reauth claude ${TOKEN}`), says('the sk-ant prefix is theirs')];

    expect(claimed).toEqual([true, true, false]);
    expect(JSON.parse(world.storage.outbox.get('delete:1:1001')?.content ?? '{}')).toMatchObject({ isSecret: true });
    expect(text('token:1:1001')).toContain('/reauth first');
    expect(logins()).toEqual([]);
    expect(stored(world)).not.toContain(TOKEN);
  });

  it('in a group is an answer only as a reply or where it looks like a code, since people talk there', async () => {
    const group = -100_500;
    const { says, deliver, logins, world, advance } = open(LOGIN);
    world.behaviours['login'] = asks((program) => program.says('\nCode: '));
    await world.begin();
    world.rooms.custodian.wantLogin('claude', `owner:${OWNER}`, group);
    await advance(SECOND);

    const talk = says('I am on it', { chatId: group });
    const code = says(CODE, { chatId: group });
    await advance(2 * SECOND);
    const prompt = deliver('login:1:ask:1');
    const reply = says('TESTpassword', { chatId: group, from: OTHER, replyTo: prompt });

    expect([talk, code, reply]).toEqual([false, true, true]);
    expect(logins()[0]?.answers).toBe(2);
  });

  it('is typed in nowhere where two ask at once and nothing tells which is meant', async () => {
    const { says, text, want, advance, logins, behaviours } = await asking(
      '  claude: { login: [/bin/login] }\n  mail: { login: [/bin/login2] }',
    );
    behaviours['login2'] = (program) => program.says('https://x.example/oauth?state=TEST-state-of-mail\nCode: ');
    await want('mail');
    await advance(SECOND);

    says(CODE);
    const unanswered = logins().map(({ answers }) => answers);
    says('TEST-code#TEST-state-of-mail');

    expect(unanswered).toEqual([0, 0]);
    expect(text('login:2:late:1:1001')).toContain('More than one login asks');
    expect(logins().map(({ credential, answers }) => [credential, answers])).toEqual([
      ['mail', 1],
      ['claude', 0],
    ]);
  });

  it('that looks like a code is taken for a day after a login, digits for fifteen minutes, and any other is not', async () => {
    const { says, text, advance } = await asking();
    says(CODE);
    await advance(2 * SECOND);

    const soon = [says('thanks, that worked'), says('thanks'), says(CODE), says('482913'), says('482 913')];
    await advance(15 * MINUTE);

    expect(soon).toEqual([false, false, true, true, true]);
    expect(text('login:1:late:1:1004')).toContain('went well already');
    expect([says(CODE), says('482913')]).toEqual([true, false]);
    await advance(24 * 60 * MINUTE);
    expect(says(CODE)).toBe(false);
  });

  it('with a pasted token is the login, and it may be asked for before a restart', async () => {
    const { says, advance, logins, want, text, world } = open('  claude: { login: paste, env: TEST_TOKEN }');
    await world.begin();
    await want();
    const prompt = text('login:1:ask:0');

    await world.crash();
    says(`${TOKEN.slice(0, 80)}\n${TOKEN.slice(80)}`);
    await advance(SECOND);

    expect(prompt).toContain('The login to claude asks: the token. Send me the answer.');
    expect(logins()[0]?.state).toBe('done');
    expect(world.rooms.vault.environmentFor(['claude'])).toEqual({ TEST_TOKEN: TOKEN });
    expect(stored(world)).not.toContain(TOKEN.slice(0, 60));
  });

  it('with a token that the check refuses stays refused on its card, though the old one goes on working', async () => {
    const { says, advance, want, text, behaviours, world } = open(
      '  claude: { login: paste, env: TEST_TOKEN, check: [/bin/check], check_every: 1m }',
    );
    behaviours['check'] = (program) => {
      const isGood = program.request.env['TEST_TOKEN'] !== TOKEN;
      program.says(isGood ? 'AUTH_OK\n' : 'AUTH_FAILED: not this one\n');
      program.exits(isGood ? 0 : 1);
    };
    world.rooms.vault.stage('claude', 'TEST-the-old-one-0123456789');
    world.rooms.vault.commit('claude');
    await world.begin();
    await want();

    says(TOKEN);
    await advance(SECOND);
    const refused = text('login:1');
    world.storage.transaction(() => {
      const row = world.storage.credentials.get('claude');
      if (row !== undefined) world.storage.credentials.change({ ...row, checkWantedAt: world.now() }, row.state);
    });
    await advance(5 * SECOND);

    expect(refused).toContain('but it does not work');
    expect(refused).toContain('not this one');
    expect(world.storage.credentials.get('claude')?.checkDetail).toBe('AUTH_OK');
    expect(text('login:1')).toBe(refused);
  });

  it('with a token waits until the disk takes it, a minute at most', async () => {
    const { says, advance, want, logins, world } = open('  claude: { login: paste, env: TEST_TOKEN }');
    await world.begin();
    const { vault } = world.rooms;
    const { stage } = vault;
    vault.stage = () => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    };
    await want();
    says(TOKEN);
    await advance(10 * SECOND);
    const meanwhile = logins()[0]?.state;
    vault.stage = stage;
    await advance(3 * SECOND);

    expect(meanwhile).toBe('running');
    expect(logins()[0]?.state).toBe('done');
    expect(vault.environmentFor(['claude'])).toEqual({ TEST_TOKEN: TOKEN });

    vault.stage = () => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    };
    await want();
    says(TOKEN);
    await advance(70 * SECOND);

    expect(logins()[0]).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining('could not be stored (ENOSPC'),
    });
  });

  it('with a pasted token that never comes ends the login after ten minutes', async () => {
    const { advance, want, text, world } = open('  claude: { login: paste, env: TEST_TOKEN }');
    await world.begin();
    await want();

    await advance(10 * MINUTE + 6 * SECOND);

    expect(text('login:1:failed')).toContain('No token came within 10 minutes. Press Re-auth');
  });
});
