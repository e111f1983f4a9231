import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readContainmentOffers } from '../../src/adapters/containment-offers.ts';
import { createProcesses } from '../../src/adapters/execa-processes.ts';
import { createSystemClock } from '../../src/adapters/system-clock.ts';
import type { ContainmentName } from '../../src/config/fleet.ts';
import { markOf, markToSweep } from '../../src/containment/mark.ts';
import { type ContainmentOffers, probeContainment } from '../../src/containment/probe.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const NOTHING: ContainmentOffers = {
  isLinux: true,
  isRoot: false,
  path: process.env['PATH'] ?? '',
  findProgram: () => undefined,
  ownCgroup: undefined,
  findCgroups: () => [],
};

function probe(offers: ContainmentOffers, wanted: ContainmentName = 'best') {
  return probeContainment({ processes: createProcesses(), clock: createSystemClock(), home: 'probed', wanted, offers });
}

/** A program in the place of bwrap. */
function fakeBwrap(script: string): ContainmentOffers {
  const file = join(temporaryFolder(), 'bwrap');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return { ...NOTHING, findProgram: (name) => (name === 'bwrap' ? file : undefined) };
}

describe('the probe of containment', () => {
  it('takes the process group, and says what is missing, when there is nothing better', async () => {
    const { chosen, passedOver } = await probe(NOTHING);

    expect(chosen.name).toBe('process group');
    expect(passedOver).toEqual([
      { name: 'bubblewrap', reason: 'bwrap is not on the PATH: install the package bubblewrap' },
      { name: 'cgroup', reason: 'this machine tells of no cgroup (v2) that Nightdesk is in' },
      { name: 'unshare', reason: 'unshare is not on the PATH: install the package util-linux' },
    ]);
  });

  it('tries only the layer that fleet.yaml wants', async () => {
    const { chosen, passedOver } = await probe(fakeBwrap('echo broken >&2; exit 1'), 'group');
    const one = await probe(fakeBwrap('echo broken >&2; exit 1'), 'bubblewrap');

    expect(chosen.name).toBe('process group');
    expect(passedOver.map(({ reason }) => reason)).toEqual(Array(3).fill('fleet.yaml wants containment: group'));
    expect(one.chosen.name).toBe('process group');
    expect(one.passedOver.map(({ reason }) => reason)).toEqual([
      '`true` did not run in it: broken',
      'fleet.yaml wants containment: bubblewrap',
      'fleet.yaml wants containment: bubblewrap',
    ]);
  });

  it('tries nothing when the system is not Linux', async () => {
    const { chosen, passedOver } = await probe({ ...NOTHING, isLinux: false });

    expect(chosen.name).toBe('process group');
    expect(passedOver.map(({ reason }) => reason)).toEqual(Array(3).fill('only Linux has it'));
  });

  it('passes over a bubblewrap that may not make namespaces, in its own words', async () => {
    const { chosen, passedOver } = await probe(
      fakeBwrap('echo "bwrap: No permissions to create a new namespace" >&2; exit 1'),
    );

    expect(chosen.name).toBe('process group');
    expect(passedOver[0]).toEqual({
      name: 'bubblewrap',
      reason: '`true` did not run in it: bwrap: No permissions to create a new namespace',
    });
  });

  it('passes over a layer in which a program cannot be told to end', async () => {
    const { passedOver } = await probe(
      fakeBwrap('while [ "$1" != -- ]; do shift; done; shift; trap "" TERM; "$@"; exit $?'),
    );

    expect(passedOver[0]?.reason).toContain('SIGTERM did not end a shell in it');
  });

  it('passes over a layer that never comes to its program', async () => {
    const { passedOver } = await probe(fakeBwrap('exec sleep 60'));

    expect(passedOver[0]?.reason).toBe('`true` did not run in it within 3 s');
  });

  it('finds bubblewrap where the machine has one that works', async (context) => {
    const offers = readContainmentOffers(process.env['PATH'] ?? '');
    if (offers.findProgram('bwrap') === undefined && process.env['CI'] !== 'true') return context.skip('no bwrap');

    const { chosen, passedOver } = await probe(offers);

    expect(passedOver).toEqual([]);
    expect(chosen.name).toBe('bubblewrap');
    expect(chosen.describe()).toContain('sudo does not work');
  });
});

describe('the mark of a run', () => {
  it('is of this home only, though one home is named like the beginning of another', () => {
    const all = markToSweep('/srv/desk', 'all');

    expect(`NIGHTDESK_MARK=${markOf('/srv/desk', 7)}`.startsWith(all.text)).toBe(true);
    expect(`NIGHTDESK_MARK=${markOf('/srv/desk-2', 7)}`.startsWith(all.text)).toBe(false);
  });

  it('of one run is not that of a run whose number begins alike', () => {
    expect(markToSweep('/srv/desk', 1)).toEqual({ text: `NIGHTDESK_MARK=${markOf('/srv/desk', 1)}`, isPrefix: false });
  });
});
