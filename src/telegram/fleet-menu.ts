import type { Storage } from '../../storage/storage.ts';
import type { Ledger } from '../budget/ledger.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Clock } from '../ports.ts';
import { loadAgentPanel } from '../vigil/agent-panel.ts';
import { loadAgentStatus, loadFleetStatus } from '../vigil/status.ts';
import type { CallbackData } from './callback-data.ts';
import { type EndVerb, renderAgentPanel } from './cards/agent-panel.ts';
import { pageOf, renderFleetList } from './cards/fleet-list.ts';
import { renderStatus } from './cards/status-card.ts';
import type { Content } from './outbox.ts';

/** The screens over the fleet, each as it is right now: one message shows one after the other. */
export interface FleetMenu {
  /** /fleet: the agents, a page at a time. */
  list(page: number): Content;
  /** One agent, or, where fleet.yaml has it no more, the list; `asks` before its run is ended. */
  panel(name: string, asks?: EndVerb): Content;
  /** /status. */
  status(): Content;
}

/** Builds the screens. Their buttons are bound to names, not to places: a fleet that has changed meanwhile moves none onto another agent. */
export function createFleetMenu(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly callbackData: CallbackData;
}): FleetMenu {
  const { fleet, storage, clock, callbackData } = options;

  function list(page: number): Content {
    const holds = storage.holds.active();
    const agents = [...fleet.agents.values()].map((agent) => loadAgentStatus(agent, storage, holds));
    return renderFleetList(agents, page, { timezone: fleet.timezone, now: clock.now(), callbackData });
  }

  return {
    list,
    panel(name, asks) {
      const agent = fleet.agents.get(name);
      if (agent === undefined) return list(0);
      const page = pageOf([...fleet.agents.keys()].indexOf(name));
      const setting = { timezone: fleet.timezone, callbackData, asks, page };
      return renderAgentPanel(loadAgentPanel(agent, options, clock.now()), setting);
    },
    status() {
      const now = clock.now();
      const silences = storage.silences.active(now);
      return renderStatus(loadFleetStatus(fleet, storage, now), { timezone: fleet.timezone, callbackData, silences });
    },
  };
}
