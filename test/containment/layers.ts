import type { TestContext } from 'vitest';
import { readContainmentOffers } from '../../src/adapters/containment-offers.ts';
import { createSystemClock } from '../../src/adapters/system-clock.ts';
import type { Containment } from '../../src/containment/containment.ts';
import { probeContainment } from '../../src/containment/probe.ts';
import type { Processes } from '../../src/ports.ts';

export const LAYERS = ['bubblewrap', 'cgroup', 'unshare', 'process group'] as const;

/** Programs and files without which the better layers are passed over. */
const NEEDED: Readonly<Record<string, string>> = { bubblewrap: 'bwrap', cgroup: 'cgroup', unshare: 'unshare' };

/** Opens a layer by its name as the probe does, or says why it does not hold on this machine. */
export async function openLayer(
  name: string,
  processes: Processes,
  home: string,
): Promise<{ readonly layer: Containment } | { readonly reason: string }> {
  const offers = readContainmentOffers(process.env['PATH'] ?? '');
  const hidden = Object.entries(NEEDED).flatMap(([layer, needs]) => (layer === name ? [] : [needs]));
  const { chosen, passedOver } = await probeContainment({
    wanted: 'best',
    processes,
    clock: createSystemClock(),
    home,
    offers: {
      ...offers,
      findProgram: (program) => (hidden.includes(program) ? undefined : offers.findProgram(program)),
      ownCgroup: hidden.includes('cgroup') ? undefined : offers.ownCgroup,
    },
  });
  if (chosen.name === name) return { layer: chosen };
  return { reason: passedOver.find((layer) => layer.name === name)?.reason ?? 'it was not tried' };
}

/** The layer, or a test that is skipped for all to see; where a merge is decided, bubblewrap has to be there. */
export async function needLayer(
  name: string,
  processes: Processes,
  home: string,
  context: TestContext,
): Promise<Containment> {
  const opened = await openLayer(name, processes, home);
  if ('layer' in opened) return opened.layer;
  if (process.env['CI'] === 'true' && name === 'bubblewrap') throw new Error(`no bubblewrap: ${opened.reason}`);
  console.warn(`NOT TRIED under ${name}: ${opened.reason}`);
  return context.skip(opened.reason);
}
