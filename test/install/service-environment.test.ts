import { expect, test } from 'vitest';
import { protectedAmong, servicePath } from '../../src/install/service-environment.ts';

test.each<[what: string, installersPath: string | undefined, installersHome: string, path: string]>([
  [
    'keeps the folders of whoever installs it for himself',
    '/home/ada/n/bin:/usr/bin',
    '/home/ada',
    '/home/ada/n/bin:/usr/bin',
  ],
  ['leaves out those in the home of another installer', '/root/.nvm/bin:/root:/rooted:/bin', '/root', '/rooted:/bin'],
  ['keeps everything of an installer without a home', '/usr/bin:/bin', '/', '/usr/bin:/bin'],
  ['leaves out what is relative, twice, or of npm', '.:bin:/bin::/x/node_modules/.bin:/bin', '/root', '/bin'],
  ['leaves out what no line of a unit can hold', '/a"b:/a\nb:/a\\b:/bin', '/root', '/bin'],
  ['is a plain one without any', undefined, '/root', '/usr/local/bin:/usr/bin:/bin'],
])('the PATH of a service %s', (_what, installersPath, installersHome, path) => {
  expect(servicePath({ installersPath, installersHome, userHome: '/home/ada' })).toBe(`/home/ada/.local/bin:${path}`);
});

test('folders that the hardening keeps read-only are found by their whole names', () => {
  expect(protectedAmong(['/etc/nightdesk', '/etc/nightdesk', '/usr', '/etcetera/x', '/home/usr/etc'])).toEqual([
    '/etc/nightdesk',
    '/usr',
  ]);
});
