import { duration } from '../telegram/cards/words.ts';
import type { ServiceFacts } from './facts.ts';
import { fail, notHere, pass, unknown } from './item.ts';
import { byHost, type Judge } from './judge.ts';

const INSTALL = 'nightdesk install --config fleet.yaml';
const ASK_SERVICE = 'systemctl show -p KillMode,Restart,RestartUSec nightdesk.service tells it';

/** Whatever restarts at once, over and over, burns its start limit in seconds. */
const SHORTEST_DELAY_MS = 1_000;

/** Settings of Restart= that also bring back a process that was killed, crashed, or hung. */
const RESTARTS = ['on-failure', 'always'];

/** Whether something keeps it running, and ends everything of it together. */
export const judgeService: Judge = byHost('service', ASK_SERVICE, (service, at, { life }) => {
  switch (service.kind) {
    case 'none':
      return fail(
        life.isRunning
          ? 'it runs in a terminal: whatever ends that ends the fleet'
          : 'it does not run, and no service of it is installed',
        at,
        service.manager === null ? 'run it in tmux, under runit, or in a container (deploy/container)' : INSTALL,
      );
    case 'container':
      return life.isRunning
        ? pass('it runs in a container, which ends with everything in it', at)
        : fail('it does not run', at, 'start the container');
    case 'launchd':
      if (!service.isOurs)
        return fail(notOurs(service.label, life.isRunning), at, `launchctl kickstart, or ${INSTALL}`);
      return service.endsGroup
        ? pass(`${service.label} runs it, and ends its process group with it`, at)
        : fail(
            `${service.label} leaves what it started behind (AbandonProcessGroup)`,
            at,
            `${INSTALL}, which renews the plist`,
          );
    case 'systemd':
      if (!service.isOurs || (service.activeState !== 'active' && service.activeState !== 'activating'))
        return fail(
          `${notOurs(service.unit, life.isRunning)} (${service.activeState})`,
          at,
          life.isRunning ? `stop what runs in the terminal, then ${startAgain(service)}` : startAgain(service),
        );
      return service.killMode === 'control-group'
        ? pass(`${service.unit} (${service.scope}), KillMode=control-group${watch(service.watchdogMs)}`, at)
        : fail(
            `${service.unit} has KillMode=${service.killMode}: agents would outlive it`,
            at,
            `${INSTALL}, which renews the unit`,
          );
  }
});

/** Whether it comes back by itself, and not so fast that it is given up. */
export const judgeRestart: Judge = byHost('service', ASK_SERVICE, (service, at) => {
  switch (service.kind) {
    case 'none':
      return fail(
        'nothing starts it again',
        at,
        service.manager === null ? 'run it under what restarts programs here' : INSTALL,
      );
    case 'container':
      return unknown(
        'a container does not see its own restart policy',
        at,
        'on its host: docker inspect --format "{{.HostConfig.RestartPolicy.Name}}" CONTAINER has to say unless-stopped or on-failure',
      );
    case 'launchd':
      return judgeDelay(service.label, service.restarts ? 'KeepAlive' : undefined, service.restartDelayMs, at);
    case 'systemd':
      return judgeDelay(
        service.unit,
        RESTARTS.includes(service.restart) ? `Restart=${service.restart}` : undefined,
        service.restartDelayMs,
        at,
      );
  }
});

/** Whether a service of one user lives on when he logs out. */
export const judgeLinger: Judge = (facts) => {
  const service = facts.host?.service;
  if (service?.kind === 'known' && !(service.value.kind === 'systemd' && service.value.scope === 'user'))
    return notHere('it is no service of one user', service.at);
  return byHost('linger', 'loginctl show-user tells it', (isLingering, at, { host }) =>
    isLingering
      ? pass(`services of ${host?.user ?? 'its user'} go on after a logout`, at)
      : fail('the service ends when its user logs out', at, `loginctl enable-linger ${host?.user ?? ''}`.trim()),
  )(facts);
};

function judgeDelay(name: string, how: string | undefined, delayMs: number | null, at: number) {
  if (how === undefined) return fail(`${name} is not started again after a failure`, at, `${INSTALL}, which renews it`);
  if (delayMs === null) return unknown(`${name}: ${how}, but after how long is not known`, at, ASK_SERVICE);
  return delayMs < SHORTEST_DELAY_MS
    ? fail(`${name}: ${how}, but without a pause (${delayMs} ms)`, at, `${INSTALL}, which sets RestartSec=10`)
    : pass(`${name}: ${how}, after ${duration(delayMs)}`, at);
}

function notOurs(name: string, isRunning: boolean): string {
  return isRunning ? `${name} is there, but what runs was started by hand` : `${name} is there and does not run`;
}

function systemctl({ scope }: Extract<ServiceFacts, { readonly kind: 'systemd' }>): string {
  return scope === 'user' ? 'systemctl --user' : 'systemctl';
}

/** After five starts in ten minutes systemd refuses a sixth, by hand as well, until it is told to forget them. */
function startAgain(service: Extract<ServiceFacts, { readonly kind: 'systemd' }>): string {
  const start = `${systemctl(service)} start ${service.unit}`;
  return service.activeState === 'failed' ? `${systemctl(service)} reset-failed ${service.unit}; ${start}` : start;
}

function watch(watchdogMs: number | null): string {
  return watchdogMs === null ? ', no watchdog' : `, watchdog ${duration(watchdogMs)}`;
}
