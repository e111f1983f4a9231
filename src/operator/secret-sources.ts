import { createEnvironmentSecret } from '../adapters/secret-environment.ts';
import { createKeychainSecret } from '../adapters/secret-keychain.ts';
import { createSystemdSecret } from '../adapters/secret-systemd.ts';
import type { Credential } from '../config/fleet.ts';
import type { Clock, Processes, SecretSource } from '../ports.ts';
import { loadEnvironment } from './token.ts';

/** Opens whoever keeps a credential's secret instead of us; undefined for those of our own vault. */
export function openSecretSource(
  credential: Credential,
  machine: {
    readonly processes: Processes;
    readonly clock: Clock;
    readonly runEnvironment: Readonly<Record<string, string>>;
    readonly fleetFolder: string;
    /** Our own environment, without what `.env` adds: that file is read anew each time. */
    readonly env: Readonly<Record<string, string | undefined>>;
  },
): SecretSource | undefined {
  const { name, source, env: variable = '' } = credential;
  switch (source) {
    case 'vault':
      return undefined;
    case 'systemd':
      return createSystemdSecret(name, machine.env['CREDENTIALS_DIRECTORY']);
    case 'keychain':
      return createKeychainSecret(name, { ...machine, env: machine.runEnvironment });
    case 'env':
      return createEnvironmentSecret(variable, () => loadEnvironment(machine.fleetFolder, machine.env));
  }
}
