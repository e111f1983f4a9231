import type { CommandOptions } from './agent-options.ts';

/** A command that agents run: what it takes, and what its --help says. */
export interface CommandText {
  readonly options: CommandOptions;
  readonly help: string;
}

const IN_A_RUN = `
Runs inside an agent's run only (NIGHTDESK_URL and NIGHTDESK_TOKEN are set there).
Exit: 0 done, 1 refused (the reason is on stderr), 64 wrong usage, 69 the control plane cannot be reached.
`;

/** The commands that are there, by name. */
export const COMMAND_TEXTS = {
  draft: {
    options: {
      valued: ['kind', 'to', 'url', 'context', 'window', 'priority', 'key', 'revises'],
      repeated: ['media'],
      flags: [],
      words: false,
    },
    help: `nightdesk draft --kind K --to WHOM [options]  <BODY
Submits a draft for the owner's decision, and prints its id. Nothing goes out before the owner has approved it.

The body is read from stdin, and taken byte for byte: no space or newline is removed, so what the publisher gets is what you
write (\`printf %s\` writes no newline at the end, \`echo\` and here-documents do). It must be UTF-8, not blank, at most 1 MiB.

  --kind K          what it is, as fleet.yaml names it: reply, post
  --to WHOM         who gets it
  --url URL         what it answers
  --context TEXT    what the owner should know to decide
  --window 4h       how long the owner has: 90s, 30m, 4h, 2d; default: the kind's own
  --priority 1..5   1 is the most urgent; default 3
  --key K           your own name for this draft: the same key again is the same draft, and prints the same id;
                    with another text it is its next version, where the owner asked for one
  --media FILE      a file that goes out with it; give it again for more, at most 10. It has to lie in your workdir, and is copied
                    now; pictures (JPEG, PNG, WebP) up to 10 MB, anything else up to 50 MB
  --revises ID      the body is another version of that draft of yours, which the owner asked for: --kind and --to are not needed
${IN_A_RUN}With --key a draft is tried again when its answer was lost; without, only while nothing has been sent.
A body that cannot be taken exits 65.
`,
  },
  beat: {
    options: { valued: ['for'], flags: [], words: true },
    help: `nightdesk beat [--for 2h] [NOTE]
Says that this run is alive, with a note of what it is at. Notes are cut at 4096 characters.

  --for 2h    the step that begins now takes so long: until then neither a beat nor progress is expected. At most 24h, and
              never beyond the run's timeout; a later --for takes the place of this one
${IN_A_RUN}`,
  },
  progress: {
    options: { valued: [], flags: [], words: true },
    help: `nightdesk progress TEXT
Says that this run got something done: it moves the progress clock. The text is cut at 4096 characters.
${IN_A_RUN}`,
  },
  fail: {
    options: { valued: ['tool', 'kind', 'credential'], flags: [], words: true },
    help: `nightdesk fail --tool T --kind auth|rate-limit|not-found|other [--credential C] TEXT
Reports that a tool failed, and prints what to do about it:
  alert      the owner is told; do not try again
  wait 60    wait that many seconds, then try once more, and report again if it fails again
  skip       go on without it

  --tool T          the tool's name, as in fleet.yaml's failure_modes
  --kind K          auth, rate-limit, not-found or other
  --credential C    the credential that it used
  TEXT              what the tool said; it is cut at 4096 characters
${IN_A_RUN}`,
  },
  decisions: {
    options: { valued: ['since'], flags: ['json'], words: false },
    help: `nightdesk decisions [--since T] [--json]
Tells what became of this agent's drafts, oldest first, with the owner's reasons and edits; without --since the newest ones.
"revise" asks for another version, as its reason says: hand it in with \`nightdesk draft --revises ID\`.

  --since T    from that time on: an ISO 8601 time (UTC where it names no zone), or how far back: 30m, 2h, 7d
  --json       one JSON array: draft, key, kind, to, verdict, reason, body_before, body_after, url, at
${IN_A_RUN}`,
  },
  checkpoint: {
    options: { valued: [], flags: [], words: false },
    help: `nightdesk checkpoint  <WORKSTATE.md
Stores WORKSTATE.md as a version that a fresh session can go on from, and prints its number. The same text again is no new version.

On stdin: the whole text, which is also written into the workdir. With nothing on stdin (</dev/null): the file in the workdir.
It needs the headings Active Tasks, Critical Context and Next, something below them, and at most 256 KiB of UTF-8.
${IN_A_RUN}What is refused changes nothing: neither the file nor the version before.
`,
  },
  task: {
    options: { valued: ['for', 'title', 'key'], repeated: ['phase'], flags: [], words: true },
    help: `nightdesk task add --for AGENT --title T [--phase NAME]... [--key K]  <BRIEF
nightdesk task claim
nightdesk task show ID [--phase NAME]
nightdesk task phase-done ID  <OUTPUT
nightdesk task done ID
nightdesk task fail ID REASON
Hands work from one agent to another.

  add           hands it over, and prints its id; the brief on stdin is all that the other has to know, at most 256 KiB.
                With --phase each part is done in a fresh session, in the order given (at most 50). The same --key for the
                same agent is the same task, done or not: it prints the same id, and changes nothing
  claim         takes this agent's oldest task, and prints it as JSON: id, title, brief, phases (name, output), phase (the one
                to do, or null), attempt. Nothing to claim: exit 1, no output. Again before it is done: the same task again
  show          prints any task as JSON, with its state, agent, by, reason and attempts; with --phase that phase's output, whole
  phase-done    hands in what the phase gave, on stdin: UTF-8, not blank, at most 1 MiB. The next phase is claimed by a fresh run
  done          ends a task without phases; one with phases is done with its last phase
  fail          gives it up; the owner is told the reason

A claim lasts as long as its run. A run that ends before the task or phase is done gives it back, and so does one that shows no
sign of itself for 30 minutes (beat, progress, output).
${IN_A_RUN}With --key \`add\` is tried again when its answer was lost; without, only while nothing has been sent. A text that cannot be
taken exits 65.
`,
  },
  ask: {
    options: { valued: ['within', 'key'], repeated: ['option'], flags: [], words: true },
    help: `nightdesk ask TEXT [--option O]... [--within 30m] [--key K]
Asks the owner on the phone, waits, and prints the answer. The owner may also write another answer than those offered.

  --option O      an answer to choose from; give it again for more, at most 8
  --within 30m    how long an answer is waited for: 90s, 30m, 4h; default 30m
  --key K         your own name for this question: the same key again is the same question, and prints the same answer
${IN_A_RUN}When nobody answers in time it exits 1. Whoever cannot wait so long in one command (a tool's own timeout, say) asks again with the
same --key, or simply in the same words, and goes on waiting.
`,
  },
  mcp: {
    options: { valued: [], flags: [], words: false },
    help: `nightdesk mcp
Speaks MCP on stdin and stdout: offers the commands above as tools of the same names, for agent programs that start such a server.
Those that speak MCP over HTTP need no program: the same tools are at NIGHTDESK_URL/mcp, with NIGHTDESK_TOKEN as the bearer token.
${IN_A_RUN}`,
  },
} as const satisfies Record<string, CommandText>;

/** The name of a command that is there. */
export type AgentCommand = keyof typeof COMMAND_TEXTS;

/** Every name that the command line hands on to the agents' commands. */
export const AGENT_COMMANDS: readonly string[] = Object.keys(COMMAND_TEXTS);
