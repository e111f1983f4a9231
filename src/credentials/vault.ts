import { basename, join } from 'node:path';
import type { Credential, Fleet } from '../config/fleet.ts';
import { perFile } from '../config/live-fleet.ts';
import type { Disk, SecretSource } from '../ports.ts';
import { MOST_SECRET_BYTES, parseSecret, type SecretText } from './secret-text.ts';

/** Where secrets are kept. No secret is ever in the database, a log or a message. */
export interface Vault {
  /**
   * The variables in which these credentials reach a program, by their `env` in fleet.yaml. `trying` names one whose staged secret is
   * given instead of its stored one, where there is one.
   */
  environmentFor(names: readonly string[], trying?: string): Readonly<Record<string, string>>;
  /** Whether a secret of this credential is there to be given. */
  has(name: string): boolean;
  /** Whether whoever keeps its secret for us was not asked yet, as just after fleet.yaml named it: a run would get none. */
  isAwaited(name: string): boolean;
  /**
   * Keeps a new secret beside the stored one, until a check has passed with it; a staged one of before is gone. It throws what the file
   * system says, and for what cannot be kept here.
   */
  stage(name: string, secret: string): void;
  hasStaged(name: string): boolean;
  /** Puts the staged secret in the stored one's place; nothing happens where none is staged. */
  commit(name: string): void;
  /** Forgets the staged secret; the stored one stays. */
  discard(name: string): void;
  /** Reads anew what others keep for us; called at a start and before each check. It never rejects. */
  refresh(): Promise<void>;
}

/** What the vault tells of a credential's secret: why it cannot be read, or undefined once it can. */
export type SecretNews = (credential: string, reason: string | undefined) => void;

/** A name that is safe as a file's; it has no dot, so that it never meets `callback.key`, nor the staged one of another. */
const FILE_NAME = /^[a-z][a-z0-9_-]{0,31}$/;

/**
 * Builds the vault over a folder (HOME/secrets): one file for each credential, and a staged secret in `NAME.next` beside it. A file is
 * read each time that a program is started, so that a secret which a person puts there works at once. What others keep is only asked
 * for by `refresh`: a source that fails leaves the last secret that it gave.
 */
export function createVault(options: {
  readonly fleet: Pick<Fleet, 'credentials'>;
  readonly disk: Pick<Disk, 'readText' | 'writeText' | 'rename' | 'remove' | 'listFiles'>;
  readonly folder: string;
  readonly sourceOf: (credential: Credential) => SecretSource | undefined;
  /** Hears of every secret before it is given to anybody. */
  readonly learn: (secret: string) => void;
  readonly onNews: SecretNews;
}): Vault {
  const { fleet, disk, folder, learn } = options;
  const sources = perFile(
    fleet,
    ({ credentials }) =>
      new Map(
        [...credentials.values()].flatMap((credential) => {
          const source = credential.source === 'vault' ? undefined : options.sourceOf(credential);
          return source === undefined ? [] : [[credential.name, source] as const];
        }),
      ),
  );
  /** Those that have answered, whatever they said. */
  const asked = new WeakSet<SecretSource>();
  /** What the sources gave last. */
  const given = new Map<string, string>();
  const told = new Map<string, string | undefined>();
  let refreshing: Promise<void> | undefined;

  function fileOf(name: string): string {
    if (!FILE_NAME.test(name)) throw new Error(`there is no place for a secret of ${JSON.stringify(name)}`);
    return join(folder, name);
  }

  function stagedFileOf(name: string): string {
    return `${fileOf(name)}.next`;
  }

  /** What a file holds; undefined where there is none. */
  function readFile(path: string): SecretText | undefined {
    try {
      // One byte more than is taken shows that there is more.
      const read = disk.readText(path, MOST_SECRET_BYTES + 1);
      const found = read === undefined ? undefined : parseSecret(read.text);
      if (found?.kind === 'secret') learn(found.secret);
      return found;
    } catch (error) {
      return { kind: 'none', reason: `${basename(path)}: ${(error as NodeJS.ErrnoException).code ?? 'unreadable'}` };
    }
  }

  function readSecret(path: string): string | undefined {
    const found = readFile(path);
    return found?.kind === 'secret' ? found.secret : undefined;
  }

  function isStaged(name: string): boolean {
    return FILE_NAME.test(name) && readSecret(stagedFileOf(name)) !== undefined;
  }

  function stored(name: string): string | undefined {
    const credential = fleet.credentials.get(name);
    if (credential === undefined) return undefined;
    return credential.source === 'vault' ? readSecret(fileOf(name)) : given.get(name);
  }

  /** The first news is told even if it is good: an incident of before a restart ends with it. */
  function tell(name: string, reason: string | undefined): void {
    if (told.has(name) && told.get(name) === reason) return;
    told.set(name, reason);
    options.onNews(name, reason);
  }

  function lookIntoFiles(): void {
    // Also those of credentials that fleet.yaml names no more, and the key of the buttons: none of them is for anybody's eyes.
    for (const { path } of disk.listFiles(folder)) readFile(path);
    for (const { name, source, env } of fleet.credentials.values()) {
      if (source !== 'vault' || env === undefined) continue;
      const found = readFile(fileOf(name));
      tell(name, found?.kind === 'none' ? found.reason : undefined);
    }
  }

  async function ask(name: string, source: SecretSource): Promise<void> {
    const answer = await source.read().catch((): SecretText => ({ kind: 'none', reason: 'it could not be asked for' }));
    const found = answer.kind === 'secret' ? parseSecret(answer.secret) : answer;
    if (found.kind === 'secret') {
      learn(found.secret);
      given.set(name, found.secret);
    }
    asked.add(source);
    tell(name, found.kind === 'none' ? found.reason : undefined);
  }

  return {
    environmentFor: (names, trying) =>
      Object.fromEntries(
        names.flatMap((name) => {
          const variable = fleet.credentials.get(name)?.env;
          if (variable === undefined) return [];
          const secret = (name === trying ? readSecret(stagedFileOf(name)) : undefined) ?? stored(name);
          return secret === undefined ? [] : [[variable, secret]];
        }),
      ),
    has: (name) => stored(name) !== undefined,
    isAwaited(name) {
      const source = sources().get(name);
      return source !== undefined && !asked.has(source);
    },
    stage(name, secret) {
      const source = fleet.credentials.get(name)?.source;
      if (source !== 'vault')
        throw new Error(`the secret of ${name} cannot be kept here: ${source ?? 'nobody'} keeps it, by fleet.yaml`);
      const parsed = parseSecret(`${secret}\n`);
      if (parsed.kind === 'none') throw new Error(`the new secret of ${name} cannot be kept: ${parsed.reason}`);
      learn(secret);
      disk.writeText(stagedFileOf(name), `${secret}\n`);
    },
    hasStaged: isStaged,
    commit(name) {
      if (!isStaged(name)) return;
      // Known, so that what still runs with it does not show it.
      readSecret(fileOf(name));
      disk.rename(stagedFileOf(name), fileOf(name));
      tell(name, undefined);
    },
    discard(name) {
      if (FILE_NAME.test(name)) disk.remove(stagedFileOf(name));
    },
    refresh() {
      refreshing ??= (async () => {
        lookIntoFiles();
        await Promise.all([...sources()].map(([name, source]) => ask(name, source)));
      })().finally(() => {
        refreshing = undefined;
      });
      return refreshing;
    },
  };
}
