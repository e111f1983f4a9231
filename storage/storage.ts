import type Database from 'better-sqlite3';
import { type AlertStore, createAlertStore } from './alert-store.ts';
import { type BackupStore, createBackupStore } from './backup-store.ts';
import { type BudgetStore, createBudgetStore } from './budget-store.ts';
import { type CheckpointStore, createCheckpointStore } from './checkpoint-store.ts';
import { type ChecklistStore, createChecklistStore } from './checklist-store.ts';
import { type CliStore, createCliStore } from './cli-store.ts';
import { type ConfirmationStore, createConfirmationStore } from './confirmation-store.ts';
import { type ConversationStore, createConversationStore } from './conversation-store.ts';
import { type CredentialStore, createCredentialStore } from './credential-store.ts';
import { type Connection, createConnection, type Topic } from './database.ts';
import { createDeskWatchStore, type DeskWatchStore } from './desk-watch-store.ts';
import { createDigestStore, type DigestStore } from './digest-store.ts';
import { createDraftStore, type DraftStore } from './draft-store.ts';
import { createDrillStore, type DrillStore } from './drill-store.ts';
import { createDueStore, type DueStore } from './due-store.ts';
import { createFallbackStore, type FallbackStore } from './fallback-store.ts';
import { createFleetLoadStore, type FleetLoadStore } from './fleet-load-store.ts';
import { createHoldStore, type HoldStore } from './hold-store.ts';
import { createInboxStore, type InboxStore } from './inbox-store.ts';
import { createIncidentStore, type IncidentStore } from './incident-store.ts';
import { createJournalStore, type JournalStore } from './journal-store.ts';
import { createLoginStore, type LoginStore } from './login-store.ts';
import { createOutboxStore, type OutboxStore } from './outbox-store.ts';
import { createPublicationStore, type PublicationStore } from './publication-store.ts';
import { createPurgeStore, type PurgeStore } from './purge-store.ts';
import { createQuestionStore, type QuestionStore } from './question-store.ts';
import { createReviewStore, type ReviewStore } from './review-store.ts';
import { createRotationStore, type RotationStore } from './rotation-store.ts';
import { createRunStore, type RunStore } from './run-store.ts';
import { createSelfRestartStore, type SelfRestartStore } from './self-restart-store.ts';
import { createSettingStore, type SettingStore } from './setting-store.ts';
import { createSilenceStore, type SilenceStore } from './silence-store.ts';
import { createSpareRoom, type SpareRoom } from './spare-room.ts';
import { createTaskStore, type TaskStore } from './task-store.ts';

/** Everything that is remembered, and the one way to change it. */
export interface Storage {
  readonly transaction: Connection['transaction'];
  /** Calls `listener` after each commit that touched `topic`; it may come late or, after a crash, never. */
  onChange(topic: Topic, listener: () => void): void;
  readonly settings: SettingStore;
  readonly journal: JournalStore;
  readonly inbox: InboxStore;
  readonly outbox: OutboxStore;
  readonly conversations: ConversationStore;
  readonly confirmations: ConfirmationStore;
  readonly runs: RunStore;
  readonly dues: DueStore;
  readonly holds: HoldStore;
  readonly fleetLoads: FleetLoadStore;
  readonly credentials: CredentialStore;
  readonly logins: LoginStore;
  readonly rotations: RotationStore;
  readonly incidents: IncidentStore;
  readonly alerts: AlertStore;
  readonly backups: BackupStore;
  readonly fallbacks: FallbackStore;
  readonly silences: SilenceStore;
  readonly drafts: DraftStore;
  readonly deskWatch: DeskWatchStore;
  readonly publications: PublicationStore;
  readonly purges: PurgeStore;
  readonly reviews: ReviewStore;
  readonly checkpoints: CheckpointStore;
  readonly checklist: ChecklistStore;
  readonly clis: CliStore;
  readonly budgets: BudgetStore;
  readonly digests: DigestStore;
  readonly drills: DrillStore;
  readonly selfRestarts: SelfRestartStore;
  readonly questions: QuestionStore;
  readonly tasks: TaskStore;
  readonly spareRoom: SpareRoom;
}

/** Builds the stores over an open database; every statement is compiled here. */
export function createStorage(database: Database.Database): Storage {
  const listeners = new Map<Topic, (() => void)[]>();
  const connection = createConnection(database, (topics) => {
    for (const topic of topics) for (const listener of listeners.get(topic) ?? []) listener();
  });
  return {
    transaction: connection.transaction,
    onChange(topic, listener) {
      listeners.set(topic, [...(listeners.get(topic) ?? []), listener]);
    },
    settings: createSettingStore(connection),
    journal: createJournalStore(connection),
    inbox: createInboxStore(connection),
    outbox: createOutboxStore(connection),
    conversations: createConversationStore(connection),
    confirmations: createConfirmationStore(connection),
    runs: createRunStore(connection),
    dues: createDueStore(connection),
    holds: createHoldStore(connection),
    fleetLoads: createFleetLoadStore(connection),
    credentials: createCredentialStore(connection),
    logins: createLoginStore(connection),
    rotations: createRotationStore(connection),
    incidents: createIncidentStore(connection),
    alerts: createAlertStore(connection),
    backups: createBackupStore(connection),
    fallbacks: createFallbackStore(connection),
    silences: createSilenceStore(connection),
    drafts: createDraftStore(connection),
    deskWatch: createDeskWatchStore(connection),
    publications: createPublicationStore(connection),
    purges: createPurgeStore(connection),
    reviews: createReviewStore(connection),
    checkpoints: createCheckpointStore(connection),
    checklist: createChecklistStore(connection),
    clis: createCliStore(connection),
    budgets: createBudgetStore(connection),
    digests: createDigestStore(connection),
    drills: createDrillStore(connection),
    selfRestarts: createSelfRestartStore(connection),
    questions: createQuestionStore(connection),
    tasks: createTaskStore(connection),
    spareRoom: createSpareRoom(database),
  };
}
