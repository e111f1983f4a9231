import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openStage, type Stage, until } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

/** As an agent's login looks, with characters that JSON and URLs write in another way. */
const SECRET = 'TEST-"vault/of the agents"+\\secret';
const STAGED = 'sk-ant-oat01-TEST-staged-and-never-committed';
const KEPT = 'TEST-kept-in-the-dot-env-file';

/** Shows its secrets in every way that it has: whole, cut, in JSON, in a URL, as its last words, and to all that Nightdesk offers. */
const TALKER = `#!/bin/sh
printf 'logged in with %s\\n' "$AGENT_LOGIN"
printf 'again on stderr: %s and %s\\n' "$AGENT_LOGIN" "$BOX_TOKEN" >&2
printf '%s' "$AGENT_LOGIN" | cut -c1-10 | tr -d '\\n'; sleep 0.1; printf '%s\\n' "$AGENT_LOGIN" | cut -c11-
node -e 'const s = process.env.AGENT_LOGIN; console.log(JSON.stringify({ s }), "https://x.example/?s=" + encodeURIComponent(s))'
printf 'draft with %s\\n' "$AGENT_LOGIN" | nightdesk draft --kind reply --to ada --context "$AGENT_LOGIN"
nightdesk beat "alive with $AGENT_LOGIN"
nightdesk progress "progress with $AGENT_LOGIN"
nightdesk fail --tool mail --kind other "it said $AGENT_LOGIN"
printf 'HTTP 401 Unauthorized: %s is not accepted, nor %s\\n' "$AGENT_LOGIN" "$BOX_TOKEN"
exit 1
`;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Every way in which a secret may stand in a file; of a cut one its second half counts as well. */
function formsOf(secret: string): string[] {
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), secret.slice(10)];
}

describe('a secret of the vault, end to end', () => {
  it('reaches the agent that names it, and stands nowhere but in its own file, whatever the agent prints', async () => {
    const stage = await openStage();
    stages.push(stage);
    const agent = stage.write('talker.sh', TALKER);
    chmodSync(agent, 0o755);
    stage.write('state/secrets/login', `${SECRET}\n`);
    stage.write('state/secrets/login.next', `${STAGED}\n`);
    stage.write('.env', `BOX_TOKEN=${KEPT}\n`);
    stage.fleet(
      'credentials:\n' +
        '  login: { env: AGENT_LOGIN, backoff: { first: 10m, max: 1h } }\n' +
        '  box: { env: BOX_TOKEN, source: env, backoff: { first: 10m, max: 1h } }\n' +
        'drafts: { kinds: { reply: {} } }\n' +
        'agents:\n' +
        `  talker: { runtime: command, command: [${agent}], schedule: every 1h, credentials: [login, box] }\n` +
        `  other: { runtime: command, command: [/bin/sh, -c, 'echo "other has: $AGENT_LOGIN."'], schedule: every 1h }\n`,
    );
    const program = await stage.startReady({ LOG_LEVEL: 'trace' });

    await stage.says('talker', '401 Unauthorized');
    await until(() => stage.list('state/logs/other').length > 0, 'the other agent has run');
    stage.sandbox.userSays('/log talker');
    await stage.says('logged in with');
    expect(await program.stop()).toBe(0);

    const [log = ''] = stage.list('state/logs/talker');
    const talkerLog = stage.read(`state/logs/talker/${log}`);
    expect(talkerLog).toContain(`logged in with ${'*'.repeat(SECRET.length)}\n`);
    expect(talkerLog).toContain('looks like a token or key; take it out');
    expect(talkerLog).toContain(` is not accepted, nor ${'*'.repeat(KEPT.length)}\n`);
    const [otherLog = ''] = stage.list('state/logs/other');
    expect(stage.read(`state/logs/other/${otherLog}`)).toBe('other has: .\n');
    const secrets = [SECRET, STAGED, KEPT].flatMap(formsOf);
    const own = ['login', 'login.next'].map((name) => stage.path(`state/secrets/${name}`));
    const files = filesBelow(stage.path('state')).filter((file) => !own.includes(file));
    const holders = files.filter((file) => {
      const content = readFileSync(file);
      return secrets.some((secret) => content.includes(secret));
    });
    expect(files.length).toBeGreaterThan(4);
    expect(holders).toEqual([]);
    const shown = `${JSON.stringify(stage.sandbox.messages())}${program.stderr()}${program.stdout()}`;
    expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
    // Put there by a person with the usual modes, it is closed by now.
    expect(statSync(stage.path('state/secrets/login')).mode & 0o777).toBe(0o600);
    expect(program.stderr()).toContain('others on this machine may have read it');
  });

  it('that cannot be read is told, with what to do, and that it can be read again', async () => {
    const stage = await openStage();
    stages.push(stage);
    stage.fleet(
      'credentials:\n' +
        "  box: { env: BOX_TOKEN, source: env, check: [/bin/sh, -c, 'echo AUTH_OK'], check_every: 1s }\n" +
        'agents:\n' +
        '  scout: { runtime: command, command: [/bin/sh, -c, \'echo "found ${#BOX_TOKEN}"\'], schedule: every 1s, credentials: [box] }\n',
    );
    const program = await stage.startReady();

    const alert = await stage.says(
      'The secret of box cannot be read',
      'BOX_TOKEN is not set',
      '.env beside fleet.yaml',
    );
    stage.write('.env', `BOX_TOKEN=${KEPT}\n`);
    const recovery = await stage.message((message) => message.reply_to === alert.id);

    expect(alert.text).toContain('scout');
    expect(recovery.text).toContain('It can be read again');
    await until(
      () =>
        stage
          .list('state/logs/scout')
          .some((log) => stage.read(`state/logs/scout/${log}`).includes(`found ${KEPT.length}`)),
      'the agent has it',
    );
    expect(await program.stop()).toBe(0);
  });
});
