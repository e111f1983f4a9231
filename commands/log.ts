import type { RunRow } from '../storage/run-store.ts';
import type { Storage } from '../storage/storage.ts';
import type { Fleet } from '../src/config/fleet.ts';
import type { LogLineReader } from '../src/runtimes/log-entries.ts';
import { readableOutput, renderLogEnd } from '../src/telegram/cards/log-card.ts';
import { describeLog } from '../src/telegram/cards/log-lines.ts';
import { sizeText } from '../src/telegram/cards/size.ts';
import { bold, code, duration, line, LONGEST_TEXT, richText } from '../src/telegram/cards/words.ts';
import type { CallbackData } from '../src/telegram/callback-data.ts';
import type { Command } from './command.ts';
import { askWhich, findAgent, reply } from './replies.ts';

/** More than a message takes, so that something is left when much of it is not readable. */
const TAIL_BYTES = 16 * 1024;
/** Of lines of JSON a person is shown the smallest part. */
const JSON_TAIL_BYTES = 256 * 1024;

/** What the log command needs of the runs. */
export interface LogSources {
  readonly fleet: Fleet;
  readonly storage: Storage;
  /** The newest output of a run that is alive; empty for any other. */
  readonly tail: (runId: number, maxBytes: number) => string;
  readonly scrub: (text: string) => string;
  /** Who understands an agent's lines; undefined when they are for people already. */
  readonly lineReaderOf: (agent: string) => LogLineReader | undefined;
  readonly callbackData: CallbackData;
}

/** /log AGENT [full]: what the newest run that said anything said last, or all that is kept of it as a file. */
export function createLogCommand({ fleet, storage, tail, scrub, lineReaderOf, callbackData }: LogSources): Command {
  /** What a living run said a moment ago, and may not be in its file yet; empty where the file has more to show. */
  function newestWords(run: RunRow): string {
    const read = lineReaderOf(run.agent);
    if (read === undefined) return readableOutput(tail(run.id, TAIL_BYTES));
    const described = readableOutput(describeLog(scrub(tail(run.id, JSON_TAIL_BYTES)), read));
    return described.length >= LONGEST_TEXT ? described : '';
  }

  return {
    name: 'log',
    description: 'what an agent’s newest run said; full for all of it',
    run({ argument, now }) {
      const [name, how, ...rest] = argument.toLowerCase().split(/\s+/).filter(Boolean);
      if (name === undefined)
        return askWhich({ command: 'log', verb: 'log', names: fleet.agents.keys(), callbackData });
      const found = findAgent(fleet.agents, name);
      if (found.kind === 'unknown') return found.reply;
      const agent = found.agent.name;
      if (rest.length > 0 || (how !== undefined && how !== 'full'))
        return reply(line('You can say: ', code(`/log ${agent}`), ' or ', code(`/log ${agent} full`)));
      const [newest, before] = storage.runs.recent(agent, 2);
      if (newest === undefined) return reply(`${agent} has not run yet.`);
      // A run that has only just begun would hide what the one before it said.
      const run = isAlive(newest) && newest.outputAt === null && before?.logPath ? before : newest;
      const isFull = how === 'full';
      const head = line(
        bold(`${agent}: run ${run.id}`),
        `, ${describe(run, now)}`,
        run === newest ? '' : `; run ${newest.id} has said nothing yet`,
        isFull ? '' : line('. All of it: ', code(`/log ${agent} full`)),
      );
      if (run.logPath === null)
        return reply(
          line(head, isAlive(run) ? '\n\nIt has no log yet.' : '\n\nIt was never started, so it has no log.'),
        );
      const body = richText(head);
      const last = isAlive(run) && !isFull ? newestWords(run) : '';
      if (last.trim() !== '') return { kind: 'text', body: renderLogEnd(body, last) };
      return {
        kind: 'file',
        path: run.logPath,
        name: `${agent}-${run.id}.log.txt`,
        body,
        shows: isFull ? 'all' : 'end',
      };
    },
  };
}

function isAlive(run: RunRow): boolean {
  return run.state === 'starting' || run.state === 'running';
}

/** `running for 3 min, said 1.2 MB, the last of it 4 s ago`. */
function describe(run: RunRow, now: number): string {
  const said =
    run.outputAt === null
      ? ''
      : `, said ${sizeText(run.outputBytes)}, the last of it ${duration(now - run.outputAt)} ago`;
  if (run.endedAt === null)
    return `${run.startedAt === null ? 'waits for its start' : `running for ${duration(now - run.startedAt)}`}${said}`;
  const took = run.startedAt === null ? '' : ` after ${duration(run.endedAt - run.startedAt)}`;
  const how = run.state === 'failed' ? `failed (${run.failure ?? 'unknown'})` : run.state;
  return `${how} ${duration(now - run.endedAt)} ago${took}${said}`;
}
