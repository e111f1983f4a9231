import type { FleetFile } from '../../src/reload/reading.ts';

/** The fleet.yaml of a world whose fleet never changes. */
export const fixedFleetFile: FleetFile = {
  raw: {},
  hash: 'the only one',
  read: () => ({ kind: 'bad', problems: ['there is no file in this world'], omitted: 0 }),
};
