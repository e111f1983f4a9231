import type { FoundCli } from './found-clis.ts';

/** The prompt that the example agents are given. */
export const FIRST_PROMPT = `Look at the files in your folder, and at what your last run left in WORKSTATE.md.
Write one draft of kind \`note\` to "me" that says in two sentences what you found and what you would do next, with the key \`first-note\`.
Then bring WORKSTATE.md up to date, and end.
`;

/** Where it stands, from fleet.yaml's folder. */
export const FIRST_PROMPT_FILE = 'prompts/first.md';

/** Writes a first fleet.yaml: one agent that works at once and costs nothing, and the rest as comments to take out. */
export function renderFirstFleet(options: {
  readonly owner: number;
  readonly timezone: string;
  readonly clis: readonly FoundCli[];
}): string {
  const { owner, timezone, clis } = options;
  const names = clis.map(({ name }) => name);
  const cli = names[0] ?? 'claude';
  return `# Your fleet. \`nightdesk check --config fleet.yaml\` says what is wrong with it, and what will happen.
timezone: ${JSON.stringify(timezone)}         # for schedules, active hours and digests
home: ./state                      # database, logs, working directories, secrets

telegram:
  owners: [${owner}]               # nobody else can read, press or command
  # approvers: [234567891]         # they decide drafts and answer agents' questions, and see all else
  # viewers: [345678912]           # they see everything and change nothing
  # places:                        # groups, or topics of one, for agents that say \`place: shop\`
  #   shop: { chat: -1001234567890, topic: 7 }

alerts:
  quiet: "23:00-07:00"             # only what is critical makes a sound
  # fallback: ["./notify-sms.sh"]  # a second route, for when Telegram is down; the text comes on stdin

# budget:
#   monthly: 100                   # US dollars a calendar month, for all agents together
#   warn: [50, 80, 95]             # percent

# credentials:
#   claude:                        # a token for a year, of your subscription: /reauth claude logs in from the phone
#     login: ["claude", "setup-token"]
#     env: CLAUDE_CODE_OAUTH_TOKEN
#     lifetime: 365d

agents:
  # Costs nothing: hands in one draft, so that you see one on your phone within seconds. Take it out when you have.
  hello:
    runtime: command
    command: ["sh", "-c", "echo 'Your night desk works. Approve me.' | nightdesk draft --kind note --to me --key hello"]
    schedule: every 5m

  # An agent of your own: ${names.length === 0 ? 'install claude, codex or gemini first' : `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} on this machine`}. Take the # away.
  # scout:
  #   runtime: ${cli}                # claude, codex, gemini, or command for any program
  #   prompt: ./${FIRST_PROMPT_FILE}
  #   schedule: every 1h           # or a cron expression such as "0 7 * * *", or continuous
  #   active: "07:00-23:00"
  #   timeout: 20m
  #   max_run_cost: 1              # US dollars; a run that reaches it is stopped
  #   permissions: { tools: [Read] }  # what else it wants to do asks you on the phone

  # A publisher gets an approved draft as JSON on stdin, once. Without one, an approved draft goes back to its agent.
  # publisher:
  #   runtime: command
  #   command: ["./publish.sh"]
  #   publishes: [note]

drafts:
  kinds:
    note: { window: 1d }           # how long a draft waits for you
`;
}
