/**
 * Runs a real agent CLI as far from this machine's user as it can be: an own home, an empty environment, a made-up token, and a
 * model server on loopback as its only vendor.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { CliName } from './clis.ts';

/** A home that a CLI finds as its user would have set it up, and the whole environment that it needs. */
export interface CliHome {
  readonly home: string;
  /** An empty folder to work in. */
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** How a CLI ended and what it printed. */
export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The credential that every home is made with; no vendor ever gave it out. */
export const MADE_UP_TOKEN = 'TEST-made-up-token';

/**
 * Prepares a home in `folder`, which has to be empty, for a CLI whose model is at `modelUrl`; `variables` come last.
 *
 * Codex and Gemini CLI are told in their own settings not to try a failed call again and again; Claude Code by its environment.
 */
export function createCliHome(
  cli: CliName,
  folder: string,
  modelUrl: string,
  variables: Readonly<Record<string, string>> = {},
): CliHome {
  const home = join(folder, 'home');
  const workdir = join(folder, 'work');
  // Not the folder above: Codex makes no sandbox when its home lies in the temporary folder.
  const temporary = join(folder, 'tmp');
  for (const path of [home, workdir, temporary]) mkdirSync(path);
  const env = {
    PATH: [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
    HOME: home,
    TMPDIR: temporary,
    LANG: 'C.UTF-8',
    TERM: 'dumb',
  };
  return { home, workdir, env: { ...env, ...settle(cli, home, modelUrl), ...variables } };
}

/** Starts the program with these arguments and no others, gives it `input` on stdin, and waits for its end, at most `timeoutMs`. */
export function runCli(
  program: string,
  args: readonly string[],
  home: CliHome,
  options: { readonly input?: string; readonly timeoutMs?: number } = {},
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    // A group of its own: two of the CLIs are wrappers that a signal to the program alone would outlive.
    const child = spawn(program, args, { cwd: home.workdir, env: home.env, detached: true });
    const printed = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        printed[stream] += text;
      });
    }
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, options.timeoutMs ?? 45_000);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, ...printed });
    });
    child.stdin.on('error', () => undefined); // it ended without reading: how it ended says why
    child.stdin.end(options.input ?? '');
  });
}

function settle(cli: CliName, home: string, modelUrl: string): Readonly<Record<string, string>> {
  if (cli === 'claude') {
    return {
      ANTHROPIC_BASE_URL: modelUrl,
      ANTHROPIC_API_KEY: MADE_UP_TOKEN,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      CLAUDE_CODE_MAX_RETRIES: '1',
    };
  }
  if (cli === 'codex') {
    mkdirSync(join(home, '.codex'));
    const lines = [
      'model_provider = "loopback"',
      'model = "gpt-5.2-codex"',
      'check_for_update_on_startup = false',
      'analytics.enabled = false',
      '[model_providers.loopback]',
      'name = "loopback"',
      `base_url = "${modelUrl}/v1"`,
      'env_key = "OPENAI_API_KEY"',
      'wire_api = "responses"',
      'request_max_retries = 0',
      'stream_max_retries = 1',
    ];
    writeFileSync(join(home, '.codex', 'config.toml'), lines.join('\n'));
    return { CODEX_HOME: join(home, '.codex'), OPENAI_API_KEY: MADE_UP_TOKEN };
  }
  mkdirSync(join(home, '.gemini'));
  const settings = {
    security: { auth: { selectedType: 'gemini-api-key' } },
    general: { enableAutoUpdate: false, enableAutoUpdateNotification: false, maxAttempts: 2, retryFetchErrors: false },
    privacy: { usageStatisticsEnabled: false },
  };
  writeFileSync(join(home, '.gemini', 'settings.json'), JSON.stringify(settings));
  return { GOOGLE_GEMINI_BASE_URL: modelUrl, GEMINI_API_KEY: MADE_UP_TOKEN };
}
