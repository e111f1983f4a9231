import type { SecretSource } from '../ports.ts';

/** Builds a source on a variable; `readEnvironment` is called at each read, so that an edited file counts. */
export function createEnvironmentSecret(
  variable: string,
  readEnvironment: () => Readonly<Record<string, string | undefined>>,
): SecretSource {
  return {
    async read() {
      try {
        const value = readEnvironment()[variable];
        return value ? { kind: 'secret', secret: value } : { kind: 'none', reason: `${variable} is not set` };
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
        return { kind: 'none', reason: `the file with ${variable} cannot be read (${code})` };
      }
    },
  };
}
