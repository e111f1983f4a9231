import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMurmur } from '../../../src/sandbox/demo/agents/murmur.ts';
import type { Platform } from '../../../src/sandbox/demo/platform.ts';
import { createPlatform } from '../../../src/sandbox/demo/platform.ts';
import { storeToken } from '../../../src/sandbox/demo/token-file.ts';

/** A call of the fake `nightdesk`. */
export interface DeskCall {
  readonly name: string;
  readonly args: readonly string[];
  readonly stdin: string;
}

/** How a program of the demo ended. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** A platform, a token, and a place where the demo's programs run with a fake `nightdesk` on their PATH. */
export interface Studio {
  readonly platform: Platform;
  readonly folder: string;
  readonly tokenFile: string;
  run(
    program: string,
    options?: { readonly args?: readonly string[]; readonly stdin?: string; readonly url?: string },
  ): Promise<Ended>;
  login(): Promise<void>;
  deskCalls(name: string): readonly DeskCall[];
  decide(decisions: readonly { draft: number; verdict: string; reason: string | null }[]): void;
  /** What the owner says to the next question; without it there is no answer in time. */
  answer(text: string): void;
  workstate(agent: string): string;
  /** Moves the platform's clock, and only that one. */
  advance(ms: number): void;
  close(): Promise<void>;
}

const demoFolder = fileURLToPath(new URL('../../../src/sandbox/demo/', import.meta.url));
const fakeFolder = fileURLToPath(new URL('../../fixtures/demo-nightdesk/', import.meta.url));

/** Opens a studio; the caller closes it. */
export async function openStudio(): Promise<Studio> {
  const folder = mkdtempSync(join(tmpdir(), 'demo-studio-'));
  let aheadMs = 0;
  const platform = await createPlatform({ now: () => Date.now() + aheadMs });
  const tokenFile = join(folder, 'murmur-token');

  function run(
    program: string,
    options: { args?: readonly string[]; stdin?: string; url?: string } = {},
  ): Promise<Ended> {
    const workdir = join(folder, 'agents', program.replace('agents/', ''));
    mkdirSync(workdir, { recursive: true });
    const env = {
      PATH: `${fakeFolder}:${dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: folder,
      MURMUR_URL: options.url ?? platform.url,
      MURMUR_TOKEN_FILE: tokenFile,
      DEMO_SHARED: join(folder, 'shared'),
      DEMO_THINK_MS: '0',
      FAKE_NIGHTDESK_FOLDER: folder,
    };
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(demoFolder, `${program}.ts`), ...(options.args ?? [])], {
        cwd: workdir,
        env,
      });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, output }));
      child.stdin.end(options.stdin ?? '');
    });
  }

  return {
    platform,
    folder,
    tokenFile,
    run,
    async login() {
      storeToken(tokenFile, (await createMurmur({ url: platform.url, tokenFile, agent: 'a-test' }).login()).token);
    },
    deskCalls(name) {
      const log = join(folder, 'calls.jsonl');
      if (!existsSync(log)) return [];
      const lines = readFileSync(log, 'utf8').trim().split('\n');
      return lines.map((line) => JSON.parse(line) as DeskCall).filter((call) => call.name === name);
    },
    decide: (decisions) => writeFileSync(join(folder, 'decisions.json'), JSON.stringify(decisions)),
    answer: (text) => writeFileSync(join(folder, 'answer.txt'), text),
    workstate: (agent) => readFileSync(join(folder, 'agents', agent, 'WORKSTATE.md'), 'utf8'),
    advance(ms) {
      aheadMs += ms;
    },
    async close() {
      await platform.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The value of an option in a call. */
export function optionOf(call: DeskCall | undefined, option: string): string | undefined {
  return call?.args[call.args.indexOf(option) + 1];
}
