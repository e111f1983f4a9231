import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    // Tests start real processes and send real signals: each file gets a process of its own.
    pool: 'forks',
    // Two at a time, so that a small machine keeps the deadlines that the tests await.
    maxWorkers: 2,
    // Long, for a slow machine: a test that hangs fails anyway, and one that passes never waits for it.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    restoreMocks: true,
    unstubEnvs: true,
  },
});
