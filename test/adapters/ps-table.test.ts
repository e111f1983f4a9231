import { expect, it } from 'vitest';
import { createPsTable, parsePs } from '../../src/adapters/ps-table.ts';

/** As procps 4 prints it: columns are right-aligned, days of the month padded with a blank. */
const PROCPS = `    1     0     1 Ss   Sun Nov 22 05:48:11 2026 /sbin/init splash
  812     1   812 Ssl  Mon Mar  2 09:01:07 2026 /usr/sbin/rsyslogd -n -iNONE
 4711   812  4700 Z    Sun Nov 22 09:20:24 2026 [sh] <defunct>
`;

/** As macOS prints it with -E: the environment follows the command. */
const MACOS = `    1     0     1 Ss   Fri Nov 20 08:00:01 2026     /sbin/launchd
  501     1   501 S    Sun Nov 22 09:20:24 2026     /usr/bin/ssh-agent -l USER=me HOME=/Users/me
  777   501   777 S+   Sun Nov 22 09:20:25 2026     node agent.js --flag PATH=/usr/bin:/bin NIGHTDESK_MARK=0123456789abcdef-12 LANG=C
  778   777   777 Z+   Sun Nov 22 09:20:26 2026     (node)
`;

it('reads what procps prints', () => {
  expect(parsePs(PROCPS)).toEqual([
    row(1, 0, 1, 'alive', 'Sun Nov 22 05:48:11 2026', '/sbin/init splash'),
    row(812, 1, 812, 'alive', 'Mon Mar 2 09:01:07 2026', '/usr/sbin/rsyslogd -n -iNONE'),
    row(4711, 812, 4700, 'ended', 'Sun Nov 22 09:20:24 2026', '[sh] <defunct>'),
  ]);
});

it('reads what macOS prints, with the environment behind the command', () => {
  const rows = parsePs(MACOS);

  expect(rows.map(({ pid, parent, group, state }) => [pid, parent, group, state])).toEqual([
    [1, 0, 1, 'alive'],
    [501, 1, 501, 'alive'],
    [777, 501, 777, 'alive'],
    [778, 777, 777, 'ended'],
  ]);
  expect(rows[2]?.command).toBe('node agent.js --flag PATH=/usr/bin:/bin NIGHTDESK_MARK=0123456789abcdef-12 LANG=C');
});

it('passes over lines that are no processes', () => {
  expect(parsePs('ps: illegal option -- E\nusage: ps [-AaCcEefhjlMmrSTvwXx]\n\n')).toEqual([]);
});

it('finds ourselves in the real table where there is a ps', () => {
  const [ours] = createPsTable().rowsOf([process.pid]);
  if (ours === undefined) return;

  expect(ours.pid).toBe(process.pid);
  expect(ours.parent).toBe(process.ppid);
  expect(Date.parse(ours.startTicks)).toBeGreaterThan(0);
});

function row(pid: number, parent: number, group: number, state: string, startTicks: string, command: string) {
  return { pid, parent, group, session: 0, startTicks, state, command };
}
