import { Api, GrammyError } from 'grammy';
import { afterEach } from 'vitest';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox, SandboxOptions } from '../../src/sandbox/sandbox.ts';

export const TOKEN = '123456:TEST-sandbox';
export const OWNER = 4242;
export const STRANGER = 666;

const running: Sandbox[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((sandbox) => sandbox.close()));
});

/** Starts a sandbox that ends with the test, and a real grammY client of it. */
export async function startSandbox(options: Partial<SandboxOptions> = {}): Promise<{ sandbox: Sandbox; api: Api }> {
  const sandbox = await createSandbox({ token: TOKEN, owner: { id: OWNER, firstName: 'Ada' }, ...options });
  running.push(sandbox);
  return { sandbox, api: new Api(TOKEN, { apiRoot: sandbox.apiRoot }) };
}

/** The code and wording with which a call was refused. */
export async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    return `accepted: ${JSON.stringify(await call)}`;
  } catch (error) {
    if (error instanceof GrammyError) return `${error.error_code} ${error.description}`;
    throw error;
  }
}

/** A call without grammY; gives status and body. */
export async function rawCall(
  sandbox: Sandbox,
  path: string,
  init?: RequestInit,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${sandbox.apiRoot}${path}`, init);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
