import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const program = join(import.meta.dirname, '..', '..', 'src', 'operator', 'start.ts');
/** Prints the URL of each module that is loaded, also of those that are required. */
const TELL = `data:text/javascript,import{registerHooks}from'node:module';registerHooks({load(url,context,next){process.stdout.write(url+'\\n');return next(url,context)}})`;

/** Packages of a process of their own, or of a part that waits until it is asked for. */
const ELSEWHERE =
  /\/(echarts|zrender|@napi-rs|@expo-google-fonts|@modelcontextprotocol)\/|src\/(sandbox|digest\/charts)\//;

test('start loads no charts, no canvas, no font, no MCP server and no sandbox', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', TELL, '--input-type=module', '--eval', `await import(${JSON.stringify(pathToFileURL(program))})`],
    { maxBuffer: 4_000_000 },
  );
  const loaded = stdout.split('\n');
  expect(loaded.filter((url) => url.endsWith('/src/app.ts'))).toHaveLength(1);
  expect(loaded.filter((url) => ELSEWHERE.test(url))).toEqual([]);
});
