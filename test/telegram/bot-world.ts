import type { Update } from 'grammy/types';
import { createCommands } from '../../commands/list.ts';
import { createStorage } from '../../storage/storage.ts';
import { createLedger } from '../../src/budget/ledger.ts';
import { createReservations } from '../../src/budget/reservations.ts';
import { createRaises } from '../../src/budget/raises.ts';
import { createCustodian } from '../../src/credentials/custodian.ts';
import { createLoginDesk } from '../../src/credentials/login-desk.ts';
import { createBatches } from '../../src/drafts/batches.ts';
import { createDigests } from '../../src/digest/digests.ts';
import { createDesk } from '../../src/drafts/desk.ts';
import { createReviews } from '../../src/drafts/review.ts';
import { createIncidentRegister } from '../../src/incidents/register.ts';
import { restartAgent } from '../../src/incidents/restart.ts';
import { createOwnerHolds } from '../../src/loop/holds.ts';
import { createOwnerWishes } from '../../src/loop/wishes.ts';
import { createQuestions } from '../../src/questions/questions.ts';
import { createScrubber } from '../../src/secrets.ts';
import { createFileDisk } from '../../src/adapters/file-disk.ts';
import { createChecklistRoom } from '../../src/checklist/checklist.ts';
import { createInstructionComposer } from '../../src/instructions/compose.ts';
import { healthyHost } from '../checklist/healthy.ts';
import { createAccess } from '../../src/telegram/access.ts';
import { createBot } from '../../src/telegram/bot.ts';
import { createCallbackData } from '../../src/telegram/callback-data.ts';
import { createConfirmations } from '../../src/telegram/confirmations.ts';
import { createFleetMenu } from '../../src/telegram/fleet-menu.ts';
import { createFleetScreens } from '../../src/telegram/fleet-screens.ts';
import { createOutbox, type Content } from '../../src/telegram/outbox.ts';
import { createPlaces } from '../../src/telegram/places.ts';
import { createTextFiles } from '../../src/telegram/text-files.ts';
import { createPresses } from '../../src/telegram/presses.ts';
import { createRestarter } from '../../src/restart/restarter.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { openStorage } from '../fakes/open-storage.ts';
import { createMemoryVault } from '../fakes/memory-vault.ts';
import { createFakeWorkstates } from '../fakes/workstate-files.ts';
import { createCheckpoints } from '../../src/work/checkpoints.ts';
import { createWorkstateRoom } from '../../src/work/workstate-room.ts';

export const OWNER = 4242;
/** The other owner, who talks to the bot in a chat of his own. */
export const SECOND_OWNER = 4343;
/** Who decides drafts, and who only looks, where a fleet has such people. */
export const APPROVER = 5151;
export const VIEWER = 6161;
export const STRANGER = 666;
/** A group, as Telegram numbers them. */
export const GROUP = -1001;

const FLEET = `timezone: Europe/Berlin
home: ./state
telegram: { owners: [${OWNER}, ${SECOND_OWNER}]TELEGRAM }
credentials:
  claude: { check: ["/bin/true"], login: ["/bin/true"] }
  mail: { check: ["/bin/true"] }
  bank: { check: ["/bin/true"], login: paste }
agents:
  scout: { runtime: command, command: [/bin/true], schedule: every 5m, credentials: [claude] }
  writer: { runtime: command, command: [/bin/true], schedule: every 1h, credentials: [mail] }
  thinker: { runtime: claude, prompt: ./prompts/scout.md, schedule: every 1h }
  poster: { runtime: command, command: [/bin/true], publishes: [reply] }
drafts: { kinds: { reply: { window: 4h } } }
`;

const ME = { id: 123456, is_bot: true, first_name: 'Nightdesk', username: 'nightdesk_bot' };

/** The bot with its rooms over real SQLite and without a network: updates in, rows of the outbox out. */
export function createBotWorld(
  files: Readonly<Record<string, string>> = {},
  fleetChat = OWNER,
  /** More lines of fleet.yaml, before its agents. */
  more = '',
  /** More keys under `telegram`. */
  telegram: readonly string[] = [],
) {
  using folder = createFleetFolder();
  const keys = [`chat: ${fleetChat}`, ...telegram].map((key) => `, ${key}`).join('');
  const { fleet } = folder.loaded(FLEET.replace('TELEGRAM', keys).replace('agents:', `${more}agents:`));
  const opened = openStorage();
  const clock = createManualClock();
  let nextUpdate = 1;
  let nextMessage = 1;
  const said: string[] = [];
  /** Whether a new process would come up, and how often this one was to be replaced; the test says and looks. */
  const replacement: { problem: string | undefined; went: number; checking?: Promise<void> } = {
    problem: undefined,
    went: 0,
  };
  let incarnation = build();

  function build() {
    const storage = createStorage(opened.database);
    const { scrub } = createScrubber([]);
    const places = createPlaces({ fleet, storage });
    const outbox = createOutbox({ storage, clock, places, scrub, isQuiet: () => false });
    const callbackData = createCallbackData('a key of the test');
    const incidents = createIncidentRegister({
      storage,
      clock,
      outbox,
      callbackData,
      timezone: fleet.timezone,
      canLogIn: (name) => name === 'claude',
    });
    const random = { fraction: () => 0, token: () => 'x' };
    const custodian = createCustodian({
      fleet,
      storage,
      clock,
      random,
      incidents,
      outbox,
      vault: createMemoryVault(),
    });
    custodian.start();
    const logins = createLoginDesk({
      storage,
      clock,
      outbox,
      callbackData,
      custodian,
      fleetChatId: fleetChat,
      learnSecret: () => {},
    });
    const desk = createDesk({ fleet, storage, clock, outbox, callbackData, scrub });
    const batches = createBatches({ storage, clock, desk });
    const reviews = createReviews({ storage, clock, outbox, callbackData, desk, batches });
    const holds = createOwnerHolds({ fleet, storage, clock, incidents });
    const questions = createQuestions({ fleet, storage, clock, outbox, callbackData, scrub });
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const workstateFiles = createFakeWorkstates(() => clock.now() - 60_000);
    for (const [agent, text] of Object.entries(files)) workstateFiles.put(agent, text);
    const checkpoints = createCheckpoints({ fleet, storage, clock, log, incidents, files: workstateFiles, scrub });
    /** Runs whose agents would read a text; the test says. */
    const askable = new Set<number>();
    const workstates = createWorkstateRoom({
      fleet,
      storage,
      clock,
      outbox,
      callbackData,
      checkpoints,
      canBeAsked: (runId) => askable.has(runId),
    });
    const restarter = createRestarter({
      fleet,
      storage,
      clock,
      log,
      outbox,
      callbackData,
      version: '1.2.3',
      replacement: { check: async () => (await replacement.checking, replacement.problem) },
      onGo: () => void (replacement.went += 1),
      onFatal: (error) => {
        throw error;
      },
    });
    const restart = (agent: string, by: string): string =>
      restartAgent({ fleet, storage, clock, incidents }, agent, by);
    const ledger = createLedger({ fleet, storage, clock });
    const raises = createRaises({ fleet, storage, clock, ledger, incidents });
    const confirmations = createConfirmations({ storage, callbackData });
    const { reserve } = createReservations({ fleet, storage, ledger, incidents });
    const wishes = createOwnerWishes({ fleet, storage, clock, reserve, roomFor: () => undefined });
    const screens = createFleetScreens({ fleet, storage, clock, ledger, callbackData });
    const fleetMenu = createFleetMenu({ fleet, storage, clock, outbox, screens });
    const disk = createFileDisk();
    const checklist = createChecklistRoom({
      fleet,
      storage,
      clock,
      log,
      disk,
      outbox,
      callbackData,
      custodian,
      drills: { begin: () => ({ kind: 'begun', withinMs: 60_000 }) },
      instructions: createInstructionComposer(disk),
      pid: 4711,
      probe: () => Promise.resolve(healthyHost(clock.now())),
      onFatal(error) {
        throw error;
      },
    });
    const commands = createCommands({
      fleet,
      storage,
      workstates,
      custodian,
      holds,
      wishes,
      screens,
      restart,
      restarter,
      incidents,
      callbackData,
      ledger,
      digests: createDigests({ fleet, storage, ledger, clock, outbox }),
      reviews,
      tail: () => '',
      scrub,
      lineReaderOf: () => undefined,
      drills: { begin: () => ({ kind: 'begun', withinMs: 60_000 }), last: () => new Map() },
      checklist,
      reloads: { reload: () => ({ kind: 'same', last: undefined }) },
      confirmations,
    });
    const press = createPresses({
      fleet,
      storage,
      clock,
      outbox,
      callbackData,
      commands,
      screens,
      desk,
      reviews,
      batches,
      incidents,
      custodian,
      holds,
      wishes,
      questions,
      logins,
      restart,
      restarter,
      workstates,
      checklist,
      ledger,
      raises,
    });
    const textFiles = createTextFiles({ storage, outbox, desk, scrub });
    const handle = createBot({
      textFiles,
      me: ME as never,
      storage,
      clock,
      outbox,
      access: createAccess({ fleet, storage, outbox, clock, log }),
      places,
      commands,
      confirmations,
      desk,
      reviews,
      questions,
      logins,
      press,
      fleetMenu,
    });
    return {
      storage,
      restarter,
      outbox,
      callbackData,
      incidents,
      custodian,
      logins,
      desk,
      reviews,
      holds,
      questions,
      commands,
      checklist,
      handle,
    };
  }

  async function handle(update: object, awayMs = 0): Promise<number> {
    const updateId = nextUpdate;
    nextUpdate += 1;
    await incarnation.handle({ update_id: updateId, ...update } as Update, awayMs);
    return updateId;
  }

  function person(id: number) {
    const names: Readonly<Record<number, string>> = { [APPROVER]: 'Anna', [VIEWER]: 'Vera' };
    return { id, is_bot: false, first_name: names[id] ?? 'Ada' };
  }

  function chatOf(id: number) {
    return id < 0 ? { id, type: 'supergroup', title: 'A group' } : { id, type: 'private', first_name: 'Ada' };
  }

  function content(key: string): Content | undefined {
    const row = incarnation.storage.outbox.get(key);
    return row === undefined ? undefined : (JSON.parse(row.content) as Content);
  }

  /** What the phone shows of a press. */
  function answerTo(queryId: string): (Content & { kind: 'answer' }) | undefined {
    return opened.database
      .prepare<[], { content: string }>(`SELECT content FROM outbox WHERE class = 'answer'`)
      .all()
      .map((row) => JSON.parse(row.content) as Content & { kind: 'answer' })
      .find((answer) => answer.callbackQueryId === queryId);
  }

  /** The key of the question that a press led to; empty when it led to none. */
  function askedIn(updateId: number): string {
    const found = opened.database
      .prepare<[string], { key: string }>('SELECT key FROM outbox WHERE key LIKE ?')
      .get(`ask:${updateId}:%`);
    return found?.key ?? '';
  }

  /** The text that a row shows. */
  function textOf(key: string): string | undefined {
    const found = content(key);
    return found?.kind === 'text' || found?.kind === 'document' ? found.body.text : undefined;
  }

  return {
    fleet,
    clock,
    replacement,
    database: opened.database,
    content,
    textOf,
    /** The key of what was said last in return. */
    lastReply: () => said.at(-1) ?? '',
    /** Where the reply to what was said last goes. */
    placeOf: (key: string) => {
      const row = incarnation.storage.outbox.get(key);
      return row === undefined ? undefined : { chatId: row.chatId, topicId: row.topicId };
    },
    chatOfReply: () => incarnation.storage.outbox.get(said.at(-1) ?? '')?.chatId,
    get rooms() {
      return incarnation;
    },
    /** What a new process finds: the same rows, nothing of the memory. */
    restart() {
      incarnation = build();
    },
    /** Gives a row the message id that Telegram would have given it; returns it. */
    deliver(key: string): number {
      const row = incarnation.storage.outbox.get(key);
      if (row === undefined) throw new Error(`there is no row ${key}`);
      nextMessage += 1;
      incarnation.storage.transaction(() =>
        incarnation.storage.outbox.delivered(row.id, row.wanted, nextMessage, clock.now()),
      );
      return nextMessage;
    },
    /** Writes to the bot; gives what it said in return. */
    async says(
      text: string,
      more: {
        readonly from?: number;
        /** Where it is said; without it where this person is alone with the bot. */
        readonly chatId?: number;
        /** The topic of that chat. */
        readonly topicId?: number;
        readonly replyTo?: number;
        /** What that message showed to whoever replied. */
        readonly replyText?: string | undefined;
        readonly ageMs?: number;
        /** True: the command is not marked as one, as Telegram's clients mark it. */
        readonly unmarked?: boolean;
      } = {},
    ) {
      const { from = OWNER, chatId = from, topicId, replyTo, replyText, ageMs = 0, unmarked = false } = more;
      const chat = chatOf(chatId);
      const entities =
        text.startsWith('/') && !unmarked
          ? [{ type: 'bot_command', offset: 0, length: text.split(' ')[0]?.length }]
          : [];
      const date = Math.floor((clock.now() - ageMs) / 1_000);
      nextMessage += 1;
      const replied =
        replyTo === undefined
          ? {}
          : { reply_to_message: { message_id: replyTo, chat, date, from: ME, text: replyText } };
      const updateId = await handle({
        message: {
          message_id: nextMessage,
          date,
          chat,
          from: person(from),
          text,
          entities,
          ...replied,
          ...(topicId === undefined ? {} : { message_thread_id: topicId, is_topic_message: true }),
        },
      });
      said.push(`reply:${updateId}`);
      return textOf(`reply:${updateId}`);
    },
    handle,
    /** Presses a button; gives the answer that the phone shows, and the follow-up question. */
    async presses(
      data: string | undefined,
      more: {
        readonly from?: number;
        readonly messageId?: number;
        readonly updateId?: number;
        readonly awayMs?: number;
        /** Where the button is; without it in the fleet's chat. */
        readonly at?: { readonly chatId: number; readonly topicId: number };
      } = {},
    ) {
      const updateId = more.updateId ?? nextUpdate;
      if (more.updateId === undefined) nextUpdate += 1;
      const queryId = `q${updateId}`;
      await incarnation.handle(
        {
          update_id: updateId,
          callback_query: {
            id: queryId,
            from: person(more.from ?? OWNER),
            chat_instance: '1',
            message: {
              message_id: more.messageId ?? 1,
              date: 1,
              chat: chatOf(more.at?.chatId ?? fleetChat),
              from: ME,
              text: 'x',
              ...(more.at === undefined ? {} : { message_thread_id: more.at.topicId, is_topic_message: true }),
            },
            ...(data === undefined ? { game_short_name: 'x' } : { data }),
          },
        } as Update,
        more.awayMs ?? 0,
      );
      return {
        updateId,
        answer: answerTo(queryId),
        asked: textOf(askedIn(updateId)),
        askKey: askedIn(updateId),
      };
    },
    /** Hands in a draft; gives its id. */
    submit(
      body: string,
      more: {
        readonly to?: string;
        readonly windowMs?: number;
        readonly agent?: string;
        readonly priority?: number;
      } = {},
    ): number {
      const { storage, desk } = incarnation;
      const { agent = 'scout' } = more;
      const run =
        storage.runs.lastOf(agent)?.id ??
        storage.transaction(() =>
          storage.runs.add({
            agent,
            cause: 'schedule',
            publicationId: null,
            wantedAt: clock.now(),
            generations: '{}',
          }),
        );
      const result = desk.submit({ run, kind: 'reply', to: '@ada', body, ...more, agent });
      if (result.kind === 'refused') throw new Error(result.reason);
      return result.id;
    },
    /** The data of a card's button. */
    button(key: string, label: string): string {
      const found = content(key);
      const buttons = found?.kind === 'text' || found?.kind === 'document' ? (found.buttons ?? []).flat() : [];
      const data = buttons.find((button) => button.text.includes(label))?.data;
      if (data === undefined) throw new Error(`${key} has no button ${label}`);
      return data;
    },
    /** The data of a button of the reply to what was said last. */
    buttonOfReply(label: string): string {
      return this.button(said.at(-1) ?? '', label);
    },
    draft: (id: number) => incarnation.storage.drafts.get(id),
    /** How many answers to presses there are. */
    answers: () =>
      opened.database.prepare<[], { n: number }>(`SELECT count(*) AS n FROM outbox WHERE class = 'answer'`).get()?.n,
    rows: () => opened.database.prepare<[], { n: number }>('SELECT count(*) AS n FROM outbox').get()?.n,
  };
}
