import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, dirname } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../src/sandbox/rendered-message.ts';
import { openStage, type Stage } from '../e2e/program.ts';
import { findRealCli, TEST_TIMEOUT_MS } from './stage.ts';

const claude = findRealCli('claude');
const codex = findRealCli('codex');
/** Nothing listens there: the CLI's own vendor is out of reach. */
const NOWHERE = 'http://127.0.0.1:9';
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** A fleet with one credential, whose agent does nothing of its own accord. */
async function openLogin(cli: string, login: readonly string[]): Promise<Stage> {
  const stage = await openStage();
  closing.push(stage.close);
  stage.fleet(
    `credentials: { vendor: { login: ${JSON.stringify(login)} } }\n` +
      'agents: { scout: { runtime: command, command: [/bin/true], schedule: every 24h, credentials: [vendor] } }\n',
  );
  await stage.startReady({ PATH: [dirname(cli), dirname(process.execPath), process.env['PATH']].join(delimiter) });
  stage.sandbox.userSays('/reauth');
  return stage;
}

/** The newest message that asks for an answer. */
function promptAfter(stage: Stage, id: number): Promise<ChatMessage> {
  return stage.message((message) => message.id > id && message.asks !== undefined);
}

describe.skipIf(claude === undefined)('claude setup-token, from the phone', () => {
  it(
    'shows its link, asks, says what is wrong with each code, and gives up after three',
    async () => {
      const stage = await openLogin(claude ?? '', ['env', `HTTPS_PROXY=${NOWHERE}`, 'claude', 'setup-token']);

      const card = await stage.message((message) => message.buttons.flat().some(({ url }) => url !== undefined));
      const first = await promptAfter(stage, 0);
      const short = stage.sandbox.userSays('TEST-short-code-4711');
      const second = await promptAfter(stage, short);
      const again = stage.sandbox.userSays('TEST-short-code-4712');
      const third = await promptAfter(stage, again);
      stage.sandbox.userSays('TEST-wrong-code-4713#TEST-state');
      const failed = await stage.says('came to nothing', 'Press Re-auth');

      expect(card.buttons.flat()[0]?.url).toMatch(/^https:\/\/claude\.(ai|com)\/\S*oauth\/authorize\?\S+$/);
      expect(card.buttons.flat().map(({ text }) => text)).toEqual(['Open the link', 'Cancel']);
      expect(first.text).toContain('Send me the code that the page shows');
      expect(second.text).toContain(
        "That doesn't look like the full code. Copy all of it, including the # in the middle.",
      );
      expect(third.text).toContain('That was not accepted');
      expect(failed.text).toMatch(/not accepted 3 times|OAuth error/);
      expect(stage.sandbox.messages().filter(({ text }) => /TEST-(?:short|wrong)-code/.test(text))).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );
});

describe.skipIf(codex === undefined)('codex login --device-auth, from the phone', () => {
  it(
    'shows link and code of a loopback issuer, and its Cancel ends it',
    async () => {
      const issuer = createServer((request, response) => {
        const isAsking = request.url?.endsWith('/usercode') === true;
        response.statusCode = isAsking ? 200 : 403;
        response.setHeader('content-type', 'application/json');
        response.end(
          isAsking ? JSON.stringify({ device_auth_id: 'TEST-device', user_code: 'ABCD-EFGHI', interval: '1' }) : '{}',
        );
      });
      await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
      closing.push(async () => void issuer.close());
      const url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
      const stage = await openLogin(codex ?? '', ['codex', 'login', '--device-auth', '--experimental_issuer', url]);

      const card = await stage.says('ABCD-EFGHI');
      await stage.press(card, 'Cancel');
      const after = await stage.says('came to nothing', 'cancelled');

      expect(card.text).toContain(`1. Open this link: ${url}/codex/device`);
      expect(card.text).toContain('2. Type in this code there: ABCD-EFGHI');
      expect(card.text).toContain('I notice by myself when it is done.');
      expect(card.buttons.flat().map(({ text }) => text)).toEqual(['Cancel']);
      expect(after.id).toBe(card.id);
    },
    TEST_TIMEOUT_MS,
  );
});
