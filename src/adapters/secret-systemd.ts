import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SecretSource } from '../ports.ts';

/** Builds a source on a credential that systemd hands to the service (LoadCredential=NAME); `folder` is $CREDENTIALS_DIRECTORY. */
export function createSystemdSecret(name: string, folder: string | undefined): SecretSource {
  return {
    async read() {
      if (!folder)
        return { kind: 'none', reason: 'systemd hands no credentials to us: $CREDENTIALS_DIRECTORY is not set' };
      try {
        // Not larger than 1 MB in all: systemd sees to it (systemd.exec(5), CREDENTIALS).
        const text = await readFile(join(folder, name), 'utf8');
        return { kind: 'secret', secret: text.replace(/\r?\n$/, '') };
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
        const reason =
          code === 'ENOENT'
            ? `systemd hands no credential ${name} to us`
            : `the credential ${name} of systemd cannot be read (${code})`;
        return { kind: 'none', reason };
      }
    },
  };
}
