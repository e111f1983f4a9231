import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadFleet } from '../config/load.ts';
import { renderProblem } from '../config/problem.ts';
import { writeDemoFleet } from '../sandbox/demo/fleet.ts';
import { demoGuide, type Guide } from '../sandbox/demo/guide.ts';
import { createPlatform, firstTokenLifetimeMs } from '../sandbox/demo/platform.ts';
import { createSandbox } from '../sandbox/sandbox.ts';
import { bold, italic, line, lines, link, richText } from '../telegram/cards/words.ts';
import type { RichText } from '../telegram/outbox.ts';
import { EXIT, REPLACE } from './exit-codes.ts';
import { readFleetFile } from './fleet-file.ts';
import { createReplacement } from './replacement.ts';
import { serve } from './serve.ts';
import type { Terminal } from './terminal.ts';

const OWNER = { id: 4242, firstName: 'You' };

/**
 * `nightdesk demo [--port P]`: the same program with the demo fleet, against the built-in sandbox of Telegram's Bot API.
 * Everything lives in a folder of its own under the system's temporary one, and is gone afterwards.
 */
export async function demo(options: { readonly port: number }, terminal: Terminal): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'nightdesk-demo-'));
  // The sandbox makes its own bot: a token that no real bot has, and no two demos share.
  const token = `${100_000 + process.pid}:TEST-demo-of-nightdesk-${process.pid}`;
  try {
    const sandbox = await openSandbox(token, options.port);
    if (sandbox === undefined) {
      terminal.complain(`nightdesk demo: port ${options.port} is taken; say another one with --port, or none for any`);
      return EXIT.taken;
    }
    const platform = await createPlatform({});
    try {
      const file = await writeDemoFleet({
        folder,
        platformUrl: platform.url,
        ownerId: OWNER.id,
        nodePath: process.execPath,
      });
      terminal.print(`Open the phone: ${sandbox.phoneUrl}`);
      terminal.print(`Its fleet.yaml, for /reload: ${file}`);
      terminal.print('Stop with Ctrl-C.');
      const guide = demoGuide({ platformUrl: platform.url, tokenLifetimeMs: firstTokenLifetimeMs });
      const bot = { token, apiRoot: sandbox.apiRoot };
      // The phone is in this process, so a restart is not another process, but the same program begun anew.
      let ended: number | typeof REPLACE = REPLACE;
      while (ended === REPLACE) ended = await serveDemo(file, bot, renderGuide(guide, platform.url), terminal);
      return ended;
    } finally {
      await platform.stop();
      await sandbox.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The control plane over the file as it is by now. */
async function serveDemo(
  file: string,
  bot: { readonly token: string; readonly apiRoot: string },
  welcome: RichText,
  terminal: Terminal,
): Promise<number | typeof REPLACE> {
  const loaded = loadFleet(file, terminal.env);
  if (loaded.kind === 'invalid') {
    for (const problem of loaded.problems) terminal.complain(renderProblem(problem));
    return EXIT.config;
  }
  const { fleet, source } = loaded;
  const env = { ...terminal.env, TELEGRAM_BOT_TOKEN: bot.token, TELEGRAM_API_ROOT: bot.apiRoot };
  return await serve(
    {
      fleet,
      fleetFile: { raw: source.raw, hash: source.hash, read: () => readFleetFile(file, env, bot) },
      ...bot,
      env: { ...terminal.env, LOG_LEVEL: terminal.env['LOG_LEVEL'] ?? 'warn' },
      welcome,
      replacement: createReplacement(file, env, { home: fleet.home, ...bot }),
    },
    terminal,
  );
}

async function openSandbox(
  token: string,
  port: number,
): Promise<Awaited<ReturnType<typeof createSandbox>> | undefined> {
  try {
    return await createSandbox({ token, owner: OWNER, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}

function renderGuide(guide: Guide, platformUrl: string): RichText {
  return richText(
    lines(
      bold(`🌙 ${guide.title}`),
      guide.intro,
      '',
      ...guide.steps.map((step, index) => line(`${index + 1}. `, bold(step.label), `: ${step.text}`)),
      '',
      line(bold(guide.ahead.label), `: ${guide.ahead.text}`),
      '',
      line(italic(guide.outro.replace(/ ?https?:\S+/, '')), ' ', link('Murmur', platformUrl)),
    ),
  );
}
