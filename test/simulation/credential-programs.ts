import { SECOND_MS, MINUTE_MS } from './fleets.ts';
import type { LoginPages } from './login-pages.ts';
import type { Program } from './machine.ts';
import { EXIT, type ProgramTools, type ScriptOptions } from './program-tools.ts';

/** Plays the programs that credentials are checked, renewed and rotated with. */
export interface CredentialPrograms {
  playCheck(program: Program): void;
  playLogin(program: Program): void;
  playRotation(program: Program): void;
}

/** Wrong codes that a login program bears. */
const MOST_WRONG_CODES = 3;

/** Builds the scripts of credentials. */
export function createCredentialPrograms(
  options: ScriptOptions & { readonly pages: LoginPages },
  tools: ProgramTools,
): CredentialPrograms {
  const { random, platform, pages, fleet } = options;

  /** What a login ends with: the credential works; where its secret is caught from the screen, it is printed. */
  function succeed(program: Program): void {
    platform.renew(program.name);
    options.trace(`${program.name} is renewed by a login`);
    const { capture } = fleet.credentials.get(program.name) ?? {};
    const token = capture === undefined ? undefined : platform.issue(program.name, random.chance(0.5));
    program.print(
      token === undefined ? 'logged in\r\n' : `\r\nYour token (keep it safe):\r\n\r\n${token}\r\n\r\nStore it.\r\n`,
    );
    // Some wait for a key that nobody presses, with their secret on the screen.
    if (token !== undefined && !options.isCalm() && random.chance(0.1)) return;
    program.later(random.between(20, 1_500), () => tools.leave(program, EXIT.done));
  }

  /** Shows a link and wants the code from behind it; a terminal echoes what is typed. */
  function askForCode(program: Program): void {
    const { link, code } = pages.open(program.name);
    const draw = options.isCalm() ? 0 : random.fraction();
    let line = '';
    let wrong = 0;
    program.print(`Open this page to log in:\r\n\r\n${link}\r\n\r\nPaste code here if prompted > `);
    program.onInput = (text) => {
      if (random.chance(0.5)) program.print(text.replaceAll('\r', '\r\n'));
      line += text;
      if (!line.includes('\r')) return;
      const given = line.slice(0, line.indexOf('\r'));
      line = '';
      program.later(random.between(50, 3_000), () => {
        if (draw > 0.95) return; // says nothing more
        if (draw > 0.9) return program.exit({ kind: 'signalled', signal: 'SIGSEGV' });
        if (given === code && draw <= 0.85) return succeed(program);
        wrong += 1;
        if (wrong >= MOST_WRONG_CODES) return tools.leave(program, EXIT.failed);
        program.print(`\r\nInvalid code ${random.chance(0.3) ? `"${given}"` : ''}. Paste code here if prompted > `);
      });
    };
  }

  /** Shows a link and a code for it, and waits until the owner has let it in. */
  function waitToBeLetIn(program: Program): void {
    const { link } = pages.open(program.name);
    program.print(
      `Open this page: ${link}\r\n\r\nEnter this one-time code:\r\n\r\n  WXYZ-${random.between(1000, 9999)}\r\n`,
    );
    const look = (): void => program.later(5 * SECOND_MS, () => (pages.isLetIn(link) ? succeed(program) : look()));
    look();
  }

  return {
    playCheck(program) {
      const draw = options.isCalm() ? 0 : random.fraction();
      program.later(random.between(200, 3_000), () => {
        if (draw > 0.98) return; // hangs
        if (draw > 0.95) return tools.leave(program, EXIT.odd);
        if (tools.call(program, program.name, 'check')) {
          program.print('AUTH_OK\n');
          return tools.leave(program, EXIT.done);
        }
        program.print(
          `AUTH_FAILED: token ${random.chance(0.2) ? (tools.tokenOf(program, program.name) ?? '') : ''} expired\n`,
        );
        tools.leave(program, EXIT.failed);
      });
    },

    playLogin(program) {
      platform.excuse(program.name);
      const draw = random.fraction();
      program.later(random.between(SECOND_MS, 20 * SECOND_MS), () => {
        if (draw < 0.3) return succeed(program);
        if (draw < 0.7) return askForCode(program);
        if (draw < 0.8) return waitToBeLetIn(program);
        if (options.isCalm()) return succeed(program);
        if (draw > 0.92) return; // prints nothing, and hangs
        program.print('Error: the network is unreachable\r\n');
        tools.leave(program, EXIT.failed);
      });
    },

    playRotation(program) {
      platform.excuse(program.name);
      const draw = options.isCalm() ? 0 : random.fraction();
      program.later(random.between(SECOND_MS, MINUTE_MS), () => {
        if (draw > 0.92) return; // hangs
        if (draw > 0.8) {
          program.print('the vendor is closed\n', 'stderr');
          return tools.leave(program, EXIT.failed);
        }
        const isGood = draw <= 0.7;
        if (isGood) platform.renew(program.name, true);
        const secret = isGood ? platform.issue(program.name, random.chance(0.5)) : pages.makeWrongCode();
        program.print(`asking for a new one\n${JSON.stringify({ secret })}\n`);
        options.trace(`${program.name} is rotated${isGood ? '' : ' to what does not work'}`);
        tools.leave(program, EXIT.done);
      });
    },
  };
}
