import type { Clock, ProcessExit, Processes, SecretSource } from '../ports.ts';
import { createProgramRunner } from '../run-program.ts';

/** `security` answers at once, or asks the person at the screen: nobody is there. */
const LIMIT_MS = 10_000;

/**
 * Builds a source on the macOS Keychain: the generic password of service `nightdesk` and this account. Its exit codes are the last byte of
 * the OSStatus (SecBase.h): 44 is errSecItemNotFound, 36 errSecInteractionNotAllowed, 51 errSecAuthFailed, 128 a person's refusal.
 * Untried on a Mac.
 */
export function createKeychainSecret(
  account: string,
  machine: {
    readonly processes: Pick<Processes, 'spawn'>;
    readonly clock: Clock;
    readonly env: Readonly<Record<string, string>>;
  },
): SecretSource {
  const { env } = machine;
  const programs = createProgramRunner(machine.processes, machine.clock);
  return {
    async read() {
      const argv = ['security', 'find-generic-password', '-s', 'nightdesk', '-a', account, '-w'] as const;
      const { stdout, exit, timedOut } = await programs.run({ argv: [...argv], cwd: '/', env }, LIMIT_MS);
      if (timedOut) return { kind: 'none', reason: `the Keychain gave no answer within ${LIMIT_MS / 1_000} s` };
      if (exit.kind !== 'exited' || exit.code !== 0) return { kind: 'none', reason: describe(exit, account) };
      return { kind: 'secret', secret: stdout.replace(/\n$/, '') };
    },
  };
}

function describe(exit: ProcessExit, account: string): string {
  switch (exit.kind) {
    case 'not-started':
      return `the Keychain cannot be asked: ${exit.reason}`;
    case 'signalled':
      return `security was ended by ${exit.signal}`;
    case 'exited':
      break;
  }
  switch (exit.code) {
    case 44:
      return `the Keychain has no item of service nightdesk and account ${account}`;
    case 36:
      return 'the Keychain is locked, or not to be reached from a service: run `security unlock-keychain` in its session';
    case 51:
    case 128:
      return 'the Keychain refused: allow `security` to read the item (Keychain Access, Access Control)';
    default:
      return `security ended with exit ${exit.code}`;
  }
}
