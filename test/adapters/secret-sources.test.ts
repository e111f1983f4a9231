import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProcesses } from '../../src/adapters/execa-processes.ts';
import { createEnvironmentSecret } from '../../src/adapters/secret-environment.ts';
import { createKeychainSecret } from '../../src/adapters/secret-keychain.ts';
import { createSystemdSecret } from '../../src/adapters/secret-systemd.ts';
import { createSystemClock } from '../../src/adapters/system-clock.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';
import { openSecretSource } from '../../src/operator/secret-sources.ts';
import type { Credential } from '../../src/config/fleet.ts';
import type { Clock } from '../../src/ports.ts';

const SECRET = 'sk-ant-oat01-TEST-kept-by-others';

describe('a secret that systemd keeps', () => {
  it('is read from the folder of credentials, without its final newline, anew each time', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'claude'), `${SECRET}\n`);
    const source = createSystemdSecret('claude', folder);

    const first = await source.read();
    writeFileSync(join(folder, 'claude'), `${SECRET}-2`);

    expect(first).toEqual({ kind: 'secret', secret: SECRET });
    expect(await source.read()).toEqual({ kind: 'secret', secret: `${SECRET}-2` });
  });

  it('is said to be missing where the unit does not name it, and where no unit started us', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'mail'));

    expect(await createSystemdSecret('claude', folder).read()).toEqual({
      kind: 'none',
      reason: 'systemd hands no credential claude to us',
    });
    expect(await createSystemdSecret('mail', folder).read()).toEqual({
      kind: 'none',
      reason: 'the credential mail of systemd cannot be read (EISDIR)',
    });
    expect(await createSystemdSecret('claude', undefined).read()).toEqual({
      kind: 'none',
      reason: 'systemd hands no credentials to us: $CREDENTIALS_DIRECTORY is not set',
    });
  });
});

describe('a secret that the environment keeps', () => {
  it('is the variable as it is now, and is said to be missing where it is unset or empty', async () => {
    let environment: Record<string, string | undefined> = { TOKEN: SECRET };
    const source = createEnvironmentSecret('TOKEN', () => environment);

    const first = await source.read();
    environment = { TOKEN: '' };

    expect(first).toEqual({ kind: 'secret', secret: SECRET });
    expect(await source.read()).toEqual({ kind: 'none', reason: 'TOKEN is not set' });
  });

  it('is said to be unreadable when its file is', async () => {
    const source = createEnvironmentSecret('TOKEN', () => {
      throw Object.assign(new Error('no'), { code: 'EACCES' });
    });

    expect(await source.read()).toEqual({ kind: 'none', reason: 'the file with TOKEN cannot be read (EACCES)' });
  });
});

describe('a secret that the Keychain keeps', () => {
  /** A `security` of our own first on the PATH. */
  function open(script: string, clock: Clock = createSystemClock()) {
    const folder = createFleetFolder();
    folder.write('bin/security', `#!/bin/sh\n${script}\n`);
    const processes = createProcesses(createMemoryLog());
    return createKeychainSecret('claude', { processes, clock, env: { PATH: `${folder.folder}/bin:/usr/bin:/bin` } });
  }

  it('is asked for by service and account', async () => {
    const source = open(`test "$*" = "find-generic-password -s nightdesk -a claude -w" && echo '${SECRET}'`);

    expect(await source.read()).toEqual({ kind: 'secret', secret: SECRET });
  });

  it.each([
    [44, 'the Keychain has no item of service nightdesk and account claude'],
    [36, 'the Keychain is locked, or not to be reached from a service: run `security unlock-keychain` in its session'],
    [51, 'the Keychain refused: allow `security` to read the item (Keychain Access, Access Control)'],
    [3, 'security ended with exit 3'],
  ])('says why there is none when security ends with exit %d', async (code, reason) => {
    const source = open(`echo ${SECRET}; exit ${code}`);

    expect(await source.read()).toEqual({ kind: 'none', reason });
  });

  it('is said to be out of reach where there is no security', async () => {
    const source = createKeychainSecret('claude', {
      processes: createProcesses(createMemoryLog()),
      clock: createSystemClock(),
      env: { PATH: temporaryFolder() },
    });

    const answer = await source.read();

    expect(answer.kind === 'none' ? answer.reason : '').toMatch(/^the Keychain cannot be asked: .*security/);
  });

  it('is not waited for longer than ten seconds', async () => {
    const clock = createManualClock();
    const source = open('sleep 600', clock);

    const answer = source.read();
    await clock.pass(10_000);

    expect(await answer).toEqual({ kind: 'none', reason: 'the Keychain gave no answer within 10 s' });
  });
});

describe('the source of a credential', () => {
  it('is whoever fleet.yaml names; an edited .env beside it counts at the next read', async () => {
    using folder = createFleetFolder();
    folder.write('.env', `BOX_TOKEN=${SECRET}\n`);
    const machine = {
      processes: createProcesses(createMemoryLog()),
      clock: createSystemClock(),
      runEnvironment: {},
      fleetFolder: folder.folder,
      env: {},
    };
    const credential = (source: Credential['source']): Credential => ({
      name: 'box',
      check: undefined,
      checkEveryMs: 1,
      login: undefined,
      capture: undefined,
      env: 'BOX_TOKEN',
      source,
      warnMs: [],
      expiresAt: undefined,
      lifetimeMs: undefined,
      rotate: undefined,
      backoff: { firstMs: 1, maxMs: 1 },
      billing: 'metered',
    });
    const source = openSecretSource(credential('env'), machine);

    const first = await source?.read();
    folder.write('.env', `BOX_TOKEN=${SECRET}-2\n`);

    expect(first).toEqual({ kind: 'secret', secret: SECRET });
    expect(await source?.read()).toEqual({ kind: 'secret', secret: `${SECRET}-2` });
    expect(openSecretSource(credential('vault'), machine)).toBeUndefined();
  });
});
