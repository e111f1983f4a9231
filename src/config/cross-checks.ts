import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { instructionFolderProblems } from './instruction-folder.ts';
import { interpolate } from './interpolate.ts';
import type { KeyPath } from './key-path.ts';
import { mergeDefaults } from './merge-defaults.ts';
import { nearest } from './nearest.ts';
import { printable } from './printable.ts';
import type { Finding } from './problem.ts';
import type { AgentFile, CredentialFile, DefaultsFile } from './schema.ts';
import type { Sections } from './sections.ts';

/** What the checks look at besides the file itself. */
export interface CheckContext {
  /** Absolute path of fleet.yaml's folder: relative paths start there. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Names of all credentials that are written, readable or not. */
  readonly credentialNames: readonly string[];
}

/** Finds what is wrong between keys, with the environment, or on the disk, in the parts that could be read. */
export function crossCheck({ file, broken }: Sections, context: CheckContext): Finding[] {
  const findings = [...checkDeadMan(file.alerts?.dead_man?.url, context)];
  if (!broken.has('telegram')) findings.push(...checkPeople(file.telegram));
  for (const [name, credential] of Object.entries(file.credentials ?? {}))
    findings.push(...checkCredential(name, credential));
  if (broken.has('defaults') || broken.has('agents')) return findings;

  const defaults = file.defaults ?? {};
  const agents = Object.entries(file.agents ?? {});
  findings.push(...checkEnv(['defaults', 'env'], defaults.env, context));
  const places = broken.has('telegram') ? undefined : Object.keys(file.telegram?.places ?? {});
  for (const [name, own] of agents) {
    findings.push(...checkAgent(name, own, defaults, context));
    if (places !== undefined) findings.push(...checkPlace(name, own, defaults, places));
    if (!broken.has('credentials'))
      findings.push(...checkCredentialsOf(name, own, defaults, file.credentials ?? {}, context));
  }
  return [...findings, ...checkPublishers(agents)];
}

/** Whoever stands in two lists has the stronger right, which may not be what was meant. */
function checkPeople(telegram: Sections['file']['telegram']): Finding[] {
  const lists = ['owners', 'approvers', 'viewers'] as const;
  const strongest = new Map<number, string>();
  return lists.flatMap((list) =>
    (telegram?.[list] ?? []).flatMap((id, index): Finding[] => {
      const stronger = strongest.get(id);
      if (stronger === undefined) strongest.set(id, list);
      if (stronger === undefined || stronger === list) return [];
      const message = `expected each person in one list; ${id} is under ${stronger} already, and that counts`;
      return [{ path: ['telegram', list, index], message }];
    }),
  );
}

function checkDeadMan(template: string | undefined, { env }: CheckContext): Finding[] {
  if (template === undefined) return [];
  const path = ['alerts', 'dead_man', 'url'];
  const { text, problems } = interpolate(template, env);
  if (problems.length > 0) return problems.map((message) => ({ path, message }));
  const isWeb = URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
  return isWeb
    ? []
    : [{ path, message: 'expected an address that starts with https:// or http://; found another text' }];
}

function checkCredential(name: string, credential: CredentialFile): Finding[] {
  const path = (key: string): KeyPath => ['credentials', name, key];
  const findings: Finding[] = [];
  if (credential.expires !== undefined && credential.lifetime !== undefined) {
    findings.push({ path: path('lifetime'), message: 'expected either expires or lifetime; found both' });
  }
  if (credential.capture !== undefined && !Array.isArray(credential.login)) {
    findings.push({
      path: path('capture'),
      message: 'capture is what to keep of what a login program prints; expected login to be such a program',
    });
  }
  const { source = 'vault' } = credential;
  if (source !== 'vault' && credential.env === undefined)
    findings.push({
      path: path('source'),
      message: `expected env as well: the variable that the secret reaches the agents in`,
    });
  if (source !== 'vault' && (credential.login === 'paste' || (credential.capture ?? 'none') !== 'none'))
    findings.push({
      path: path('source'),
      message: `expected vault: what a login gives is kept by us, not by ${source}`,
    });
  if (credential.env !== undefined && isReserved(credential.env))
    findings.push({
      path: path('env'),
      message: `expected a variable of its own, such as ${name.toUpperCase().replaceAll('-', '_')}_TOKEN; ${credential.env} is set by Nightdesk`,
    });
  if (credential.capture !== undefined && !isRegularExpression(credential.capture)) {
    findings.push({
      path: path('capture'),
      message: 'expected a regular expression; found one that JavaScript cannot read',
    });
  }
  const { first = 0, max = Number.POSITIVE_INFINITY } = credential.backoff ?? {};
  if (first > max)
    findings.push({ path: path('backoff'), message: 'expected first to be at most max; found it longer' });
  return findings;
}

/** What every run and check needs with a value of its own (CONTRACT 3): a secret there would break the program that gets it. */
function isReserved(variable: string): boolean {
  return variable.startsWith('NIGHTDESK_') || ['PATH', 'HOME', 'LANG', 'TZ', 'TERM'].includes(variable);
}

function checkAgent(name: string, own: AgentFile, defaults: DefaultsFile, context: CheckContext): Finding[] {
  const agent = mergeDefaults(defaults, own);
  const path = (key: keyof AgentFile): KeyPath =>
    own[key] === undefined && key in defaults ? ['defaults', key] : ['agents', name, key];
  const wants = (key: keyof AgentFile, message: string): Finding => ({ path: ['agents', name, key], message });
  return [
    ...checkProgramOf(agent, wants),
    ...checkDueness(agent, wants),
    ...checkEnv(['agents', name, 'env'], own.env, context),
    ...(agent.prompt === undefined || agent.runtime === 'command'
      ? []
      : checkPrompt(path('prompt'), agent.prompt, context)),
    ...(agent.instructions === undefined || agent.runtime === 'command'
      ? []
      : instructionFolderProblems(resolve(context.folder, agent.instructions)).map((message) => ({
          path: path('instructions'),
          message,
        }))),
    ...checkContext(path('context'), agent.context),
  ];
}

/** An agent's place is one that `telegram.places` names. */
function checkPlace(name: string, own: AgentFile, defaults: DefaultsFile, places: readonly string[]): Finding[] {
  const { place } = mergeDefaults(defaults, own);
  if (place === undefined || places.includes(place)) return [];
  const path = own.place === undefined ? ['defaults', 'place'] : ['agents', name, 'place'];
  const known = places.length === 0 ? 'there are none yet' : `there are: ${places.join(', ')}`;
  return [{ path, message: `expected the name of a place under telegram.places (${known}); found ${place}` }];
}

type Wants = (key: keyof AgentFile, message: string) => Finding;

function checkProgramOf(agent: AgentFile, wants: Wants): Finding[] {
  const { runtime } = agent;
  if (runtime === undefined) return [wants('runtime', 'missing; expected one of claude, codex, gemini, command')];
  const findings: Finding[] = [];
  if (runtime === 'command') {
    if (agent.command === undefined)
      findings.push(wants('command', 'missing; runtime command needs a program and its arguments as a list'));
    if (agent.prompt !== undefined)
      findings.push(wants('prompt', 'runtime command takes no prompt; expected only command'));
    return findings;
  }
  if (agent.prompt === undefined)
    findings.push(wants('prompt', `missing; runtime ${runtime} needs the path of a prompt file`));
  if (agent.command !== undefined)
    findings.push(wants('command', `runtime ${runtime} takes no command; expected only prompt`));
  if ((agent.publishes?.length ?? 0) > 0) {
    findings.push(
      wants(
        'publishes',
        `a publisher's exit code says what became of the draft; expected runtime command, found ${runtime}`,
      ),
    );
  }
  return findings;
}

function checkDueness(agent: AgentFile, wants: Wants): Finding[] {
  if (agent.schedule !== undefined && agent.on !== undefined) {
    return [wants('on', 'expected either schedule or on; found both')];
  }
  const isWoken = agent.schedule !== undefined || agent.on !== undefined || (agent.publishes?.length ?? 0) > 0;
  return isWoken
    ? []
    : [wants('schedule', 'missing; expected a schedule such as "every 5m", or on: task, or publishes')];
}

function checkEnv(
  path: KeyPath,
  variables: Readonly<Record<string, string>> | undefined,
  { env }: CheckContext,
): Finding[] {
  return Object.entries(variables ?? {}).flatMap(([variable, template]) => {
    const reserved = variable.startsWith('NIGHTDESK_')
      ? ['names that start with NIGHTDESK_ are set by Nightdesk; expected another name']
      : [];
    const messages = [...reserved, ...interpolate(template, env).problems];
    return messages.map((message) => ({ path: [...path, variable], message }));
  });
}

function checkPrompt(path: KeyPath, prompt: string, { folder }: CheckContext): Finding[] {
  const file = resolve(folder, prompt);
  const found = whatIsAt(file);
  return found === 'a file' ? [] : [{ path, message: `expected a file at ${printable(file, 200)}; found ${found}` }];
}

function checkContext(path: KeyPath, context: AgentFile['context']): Finding[] {
  const { flush, stop } = { flush: context?.flush ?? 80, stop: context?.stop ?? 90 };
  return flush < stop
    ? []
    : [{ path, message: `expected flush to be less than stop; found flush ${flush} and stop ${stop}` }];
}

function checkCredentialsOf(
  name: string,
  own: AgentFile,
  defaults: DefaultsFile,
  credentials: Readonly<Record<string, CredentialFile>>,
  { credentialNames }: CheckContext,
): Finding[] {
  const findings: Finding[] = [];
  const agent = mergeDefaults(defaults, own);
  const holder: KeyPath = own.credentials === undefined ? ['defaults'] : ['agents', name];
  const setBy = new Map<string, string>();
  for (const [index, credential] of (agent.credentials ?? []).entries()) {
    const path = [...holder, 'credentials', index];
    if (!credentialNames.includes(credential)) {
      const meant = nearest(credential, credentialNames);
      const finding = {
        path,
        message: `expected the name of a credential; found "${credential}", which is not under credentials`,
      };
      findings.push(meant === undefined ? finding : { ...finding, nearest: meant });
    }
    const variable = credentials[credential]?.env;
    if (variable === undefined) continue;
    const other = setBy.get(variable);
    if (other !== undefined)
      findings.push({
        path,
        message: `expected each variable to be set once; ${variable} is set by this credential and by ${other} too`,
      });
    setBy.set(variable, other ?? credential);
  }
  return findings;
}

function checkPublishers(agents: readonly (readonly [string, AgentFile])[]): Finding[] {
  const publisherOf = new Map<string, string>();
  return agents.flatMap(([name, agent]) =>
    (agent.publishes ?? []).flatMap((kind, index) => {
      const other = publisherOf.get(kind);
      publisherOf.set(kind, other ?? name);
      if (other === undefined) return [];
      return [
        {
          path: ['agents', name, 'publishes', index],
          message: `expected one publisher for each kind; "${kind}" is published by ${other} already`,
        },
      ];
    }),
  );
}

function whatIsAt(file: string): string {
  try {
    const stats = statSync(file);
    if (stats.isFile()) return 'a file';
    return stats.isDirectory() ? 'a folder' : 'something else';
  } catch {
    return 'none that this user can read';
  }
}

function isRegularExpression(pattern: string): boolean {
  try {
    return new RegExp(pattern) instanceof RegExp;
  } catch {
    return false;
  }
}
