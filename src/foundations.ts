import type { Migration } from '../storage/migrate.ts';
import type { Storage } from '../storage/storage.ts';
import type { DatabaseCopier } from './backups/copier.ts';
import type { HostProbe } from './checklist/facts.ts';
import type { Credential, Fleet } from './config/fleet.ts';
import type { LocateProgram } from './config/programs.ts';
import type { Containment } from './containment/containment.ts';
import type { OpenScreen } from './credentials/login-screen.ts';
import type { FleetFile } from './reload/reading.ts';
import type {
  Clock,
  Disk,
  Log,
  Machine,
  Processes,
  Random,
  SecretSource,
  Supervisor,
  TelegramApi,
  Web,
} from './ports.ts';
import type { SelfReplacement } from './restart/restarter.ts';
import type { Scrubber } from './secrets.ts';
import type { RichText } from './telegram/outbox.ts';
import type { Self } from './vigil/proof-file.ts';
import type { FindNewestWork } from './vigil/workdir.ts';
import type { ReadGitState } from './work/git-state.ts';
import type { WorkstateFiles } from './work/workstate-files.ts';

/** What the control plane is built on: the configuration, the database, and the ports. */
export interface Foundations {
  /** What fleet.yaml said at the start. */
  readonly fleet: Fleet;
  /** The file itself, for whoever takes it over anew. */
  readonly fleetFile: FleetFile;
  readonly storage: Storage;
  /** What this start did to the schema of the database; undefined: nothing. */
  readonly migration?: Migration | undefined;
  /** When this start read every page of the database (epoch ms); undefined: it did not. */
  readonly databaseReadAt?: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly processes: Processes;
  readonly containment: Containment;
  readonly disk: Disk;
  readonly machine: Machine;
  readonly copier: DatabaseCopier;
  readonly supervisor: Supervisor;
  readonly web: Web;
  /** How a new process takes the place of this one; undefined: it cannot. */
  readonly replacement?: SelfReplacement | undefined;
  /** Who this process is, for the sentinel. */
  readonly self: Self;
  /** Looks at this machine, for the checklist; undefined: nobody can. */
  readonly hostProbe?: HostProbe;
  /** Who keeps a credential's secret instead of us; undefined for those of our own vault. */
  readonly secretSourceOf: (credential: Credential) => SecretSource | undefined;
  /** All memory that we may use. */
  readonly totalMemoryBytes: number;
  readonly api: TelegramApi;
  readonly scrub: (text: string) => string;
  /** Makes a secret known to `scrub`; a lasting one also to what takes secrets out of the runs' logs. */
  readonly learnSecret: Scrubber['add'];
  /** Shows what programs draw on a terminal. */
  readonly openScreen: OpenScreen;
  /** Takes the lasting secrets, and these, out of a stream of bytes. */
  readonly openSecretStream: Scrubber['openStream'];
  /** Key of the MAC on buttons; the same over restarts, or old buttons go dead. */
  readonly callbackKey: string;
  /** The folder that holds `nightdesk`: first on the PATH of every run. */
  readonly launcherFolder: string;
  /** PATH, HOME, LANG, TZ, TERM of runs, checks and logins. */
  readonly baseEnvironment: Readonly<Record<string, string>>;
  readonly gatewayUrl: string;
  /** Where the CLIs of agents are looked for; by default on the disk of this machine. */
  readonly locate?: LocateProgram;
  /** Where the work of agents is looked for; by default on the disk of this machine. */
  readonly findNewestWork?: FindNewestWork;
  /** The WORKSTATE.md files of agents; by default on the disk of this machine. */
  readonly workstateFiles?: WorkstateFiles;
  /** How git sees a workdir; by default what the git of this machine says. */
  readonly readGitState?: ReadGitState;
  /** Sent once, when this home talks to its owner for the first time. */
  readonly welcome?: RichText;
}
