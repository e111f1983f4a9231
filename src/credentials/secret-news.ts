import { join } from 'node:path';
import type { Fleet, SecretSourceName } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { createPatientWriter } from '../patient-writer.ts';
import type { Clock, Log } from '../ports.ts';
import type { SecretNews } from './vault.ts';

/** Tells the owner of secrets that cannot be read. */
export interface SecretTeller {
  readonly onNews: SecretNews;
  /** Gives up what waits to be written down; resolves once nothing is under way. */
  stop(): Promise<void>;
}

/** Builds what makes the vault's news an incident for each credential, and ends it. */
export function createSecretTeller(options: {
  readonly fleet: Fleet;
  readonly incidents: IncidentRegister;
  readonly clock: Clock;
  readonly log: Log;
  readonly onFatal: (error: unknown) => void;
}): SecretTeller {
  const { fleet, incidents } = options;
  const writer = createPatientWriter({ name: 'vault', clock: options.clock, log: options.log });
  let last: Promise<void> = Promise.resolve();

  function tell(name: string, reason: string | undefined): void {
    const fingerprint = `secret:${name}`;
    if (reason === undefined) return void incidents.resolve(fingerprint, 'It can be read again.');
    const source = fleet.credentials.get(name)?.source ?? 'vault';
    incidents.report({
      kind: 'check',
      fingerprint,
      subject: name,
      severity: 'warning',
      title: `The secret of ${name} cannot be read`,
      evidence: reason,
      agents: [...fleet.agents.values()].filter((agent) => agent.credentials.includes(name)).map((agent) => agent.name),
      note: `What was read last is given on. ${whatToDo(source, name, fleet)}`,
    });
  }

  return {
    // One after the other, so that good news never overtakes bad ones.
    onNews(name, reason) {
      last = last.then(() => writer.write(() => tell(name, reason))).catch(options.onFatal);
    },
    async stop() {
      writer.stop();
      await last;
    },
  };
}

function whatToDo(source: SecretSourceName, name: string, { credentials, home }: Fleet): string {
  switch (source) {
    case 'vault':
      return `Write it into ${join(home, 'secrets', name)}, one line, mode 0600, or log in again.`;
    case 'systemd':
      return `Name it in the unit, as LoadCredential=${name}:/path/of/the/file, and restart the service.`;
    case 'keychain':
      return `Store it as the user who runs Nightdesk: security add-generic-password -U -s nightdesk -a ${name} -w`;
    case 'env':
      return `Set ${credentials.get(name)?.env ?? 'its variable'} in .env beside fleet.yaml.`;
  }
}
