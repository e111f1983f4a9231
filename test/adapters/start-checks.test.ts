import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProcesses } from '../../src/adapters/execa-processes.ts';
import { explainFailure, explainUnstartable } from '../../src/adapters/start-checks.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

test('a script saved with CRLF is refused in the same words, also before its wrapper is started', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'agent.sh'), '#!/bin/sh\r\necho hi\r\n', { mode: 0o755 });
  const request = { argv: ['./agent.sh'], cwd: folder, env: {} } as const;

  const bare = await createProcesses().spawn(request, () => undefined).exit;

  expect(bare).toEqual({ kind: 'not-started', reason: expect.stringContaining('CRLF') });
  expect(bare).toEqual({ kind: 'not-started', reason: explainUnstartable(request) });
});

test('a script is startable when its interpreter has an argument, or is followed by blanks', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'a.sh'), '#! /bin/sh -e\n', { mode: 0o755 });
  writeFileSync(join(folder, 'b.sh'), '#!/bin/sh \t\n', { mode: 0o755 });

  expect(explainUnstartable({ argv: ['./a.sh'], cwd: folder, env: {} })).toBeUndefined();
  expect(explainUnstartable({ argv: ['./b.sh'], cwd: folder, env: {} })).toBeUndefined();
});

test('a script on the PATH whose interpreter is missing is told of as such, not as missing itself', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'claude'), '#!/no/such/node\n', { mode: 0o755 });
  const request = { argv: ['claude'] as const, cwd: '/', env: { PATH: folder } };

  expect(explainFailure({ code: 'ENOENT' }, request)).toMatch(/claude is there, but the interpreter in its first line/);
  expect(explainFailure({ code: 'ENOENT' }, { ...request, argv: ['codex'] })).toMatch(
    /codex was not found on the PATH/,
  );
});
