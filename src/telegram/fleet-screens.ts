import type { Storage } from '../../storage/storage.ts';
import type { Ledger } from '../budget/ledger.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { Clock } from '../ports.ts';
import { loadAgentPanel } from '../vigil/agent-panel.ts';
import { loadFleetStatus } from '../vigil/status.ts';
import type { CallbackData } from './callback-data.ts';
import { type EndVerb, renderAgentPanel } from './cards/agent-panel.ts';
import { pageOf } from './cards/fleet-list.ts';
import { renderStatus } from './cards/status-card.ts';
import type { Content } from './outbox.ts';

/** The screens whose buttons act, each as it is right now; the list of agents is a menu. */
export interface FleetScreens {
  /** One agent; `asks` before its run is ended. */
  panel(agent: Agent, asks?: EndVerb): Content;
  /** /status. */
  status(): Content;
}

/** Builds the screens. Their buttons are signed, and bound to names, not to places: a fleet that has changed meanwhile moves none onto another agent. */
export function createFleetScreens(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly callbackData: CallbackData;
}): FleetScreens {
  const { fleet, storage, clock, callbackData } = options;
  return {
    panel(agent, asks) {
      const page = pageOf([...fleet.agents.keys()].indexOf(agent.name));
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
