import { describe, expect, it } from 'vitest';
import { readTimespan, readUnit, unitOf } from '../../src/adapters/host-service.ts';

describe('the unit of a process', () => {
  it.each([
    ['0::/system.slice/nightdesk.service\n', { unit: 'nightdesk.service', scope: 'system' }],
    [
      '0::/user.slice/user-1000.slice/user@1000.service/app.slice/nightdesk.service\n',
      { unit: 'nightdesk.service', scope: 'user' },
    ],
    ['0::/system.slice/nightdesk.service/runs/7\n', { unit: 'nightdesk.service', scope: 'system' }],
    ['12:pids:/x\n1:name=systemd:/system.slice/nightdesk.service\n', { unit: 'nightdesk.service', scope: 'system' }],
    ['1:name=systemd:/system.slice/nightdesk.service\n0::/\n', { unit: 'nightdesk.service', scope: 'system' }],
    ['0::/user.slice/user-1000.slice/session-3.scope\n', undefined],
    ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/tmux-1.scope\n', undefined],
    ['0::/\n', undefined],
    ['', undefined],
  ])('is read from its control group %j', (cgroup, unit) => {
    expect(unitOf(cgroup)).toEqual(unit);
  });

  it('is described by what systemctl show prints', () => {
    const said = `Restart=on-failure
KillMode=control-group
WatchdogUSec=1min
RestartUSec=10s
Id=nightdesk.service
LoadState=loaded
ActiveState=active
MainPID=321
`;

    expect(readUnit(said)).toEqual({
      mainPid: 321,
      service: {
        activeState: 'active',
        killMode: 'control-group',
        restart: 'on-failure',
        restartDelayMs: 10_000,
        watchdogMs: 60_000,
      },
    });
    expect(readUnit(said.replace('1min', '0'))?.service.watchdogMs).toBeNull();
    expect(readUnit(said.replace('1min', 'infinity'))?.service.watchdogMs).toBeNull();
    expect(readUnit(said.replace('loaded', 'not-found'))).toBeUndefined();
    expect(readUnit('')).toBeUndefined();
  });
});

it.each([
  ['10s', 10_000],
  ['100ms', 100],
  ['1min 30s', 90_000],
  ['1h 5min', 3_900_000],
  ['0', 0],
  ['infinity', undefined],
  ['', undefined],
  ['10', undefined],
])('reads the time span %j as systemd prints it', (text, ms) => {
  expect(readTimespan(text)).toBe(ms);
});
