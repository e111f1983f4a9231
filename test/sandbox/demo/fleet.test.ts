import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { writeDemoFleet } from '../../../src/sandbox/demo/fleet.ts';
import { demoGuide, guideText } from '../../../src/sandbox/demo/guide.ts';
import type { Platform } from '../../../src/sandbox/demo/platform.ts';
import { createPlatform } from '../../../src/sandbox/demo/platform.ts';

interface FleetFile {
  telegram: { owners: number[] };
  credentials: { murmur: { check: string[]; login: string[] } };
  agents: Record<string, { command: [string, string]; credentials?: string[]; timeout?: string; publishes?: string[] }>;
}

describe('the demo’s fleet.yaml', () => {
  let platform: Platform;
  let folder: string;

  beforeEach(async () => {
    platform = await createPlatform({});
    folder = mkdtempSync(join(tmpdir(), 'demo "fleet" '));
  });

  afterEach(async () => {
    await platform.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function writeFleet(): Promise<FleetFile> {
    const file = await writeDemoFleet({ folder, platformUrl: platform.url, ownerId: 4711, nodePath: process.execPath });
    return parse(readFileSync(file, 'utf8')) as FleetFile;
  }

  it('names seven agents whose programs exist, whatever is in the path of its folder', async () => {
    const fleet = await writeFleet();

    const agents = Object.values(fleet.agents);
    expect(agents).toHaveLength(7);
    for (const { command } of agents) {
      expect(command[0]).toBe(process.execPath);
      expect(statSync(command[1]).isFile()).toBe(true);
    }
    expect(fleet.telegram.owners).toEqual([4711]);
    expect(fleet.agents['publisher']?.publishes).toEqual(['reply', 'post']);
  });

  it('gives the creator time to wait for the owner', async () => {
    const fleet = await writeFleet();

    expect(fleet.agents['creator']?.timeout).toBe('5m');
  });

  it('gives the credential to all but the orchestrator', async () => {
    const fleet = await writeFleet();

    const without = Object.entries(fleet.agents).filter(([, agent]) => agent.credentials === undefined);
    expect(without.map(([name]) => name)).toEqual(['orchestrator']);
  });

  it('comes with a first token that only its owner can read', async () => {
    const fleet = await writeFleet();

    const tokenFile = fleet.credentials.murmur.login[3] ?? '';
    expect(statSync(tokenFile).mode & 0o777).toBe(0o600);
    expect(platform.issuedTokens()).toBe(1);
  });
});

describe('the demo’s guide', () => {
  const guide = demoGuide({ platformUrl: 'http://127.0.0.1:4000', tokenLifetimeMs: 90_000 });

  it('says what to try in order, and when the token will die', () => {
    const labels = guide.steps.map((step) => step.label);

    expect(labels).toEqual([
      'Approve',
      'Edit',
      'Revise',
      'Reject',
      'Answer',
      '/status',
      '/drafts',
      '/fleet',
      '/pause all',
      '/drill auth',
      '/checklist',
      '/digest',
    ]);
    expect(guide.ahead.label).toContain('90 seconds');
    expect(guide.ahead.text).toContain('Re-auth');
  });

  it('fits about one screen of a phone', () => {
    expect(guideText(guide).length).toBeLessThan(1200);
  });
});
