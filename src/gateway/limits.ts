/** What the gateway takes at most; shared by the server and the agents' commands, so that both say the same. */

/**
 * Bytes of UTF-8 that a draft's body may have (1 MiB). A person reads all of it on a phone before anything goes out:
 * that is 256 of Telegram's longest messages already, so more is a log or a binary piped in by mistake.
 */
export const MAX_DRAFT_BYTES = 1024 * 1024;

/** Files that go out with a draft: as many as Telegram shows together. */
export const MAX_MEDIA = 10;

/** Characters of a path (Linux, PATH_MAX). */
export const MAX_PATH_CHARS = 4096;

/** How long copying the files of a draft may take: half a gigabyte from a slow disk. */
export const MEDIA_WAIT_MS = 60_000;

/** Characters that a draft's context may have: it is shown beside the draft, and is no second body. */
export const MAX_CONTEXT_CHARS = 64 * 1024;

/**
 * Characters kept of a note, a word of progress or a failure's text; what is longer is cut, since the report itself
 * must not be lost.
 */
export const MAX_NOTE_CHARS = 4096;

/** Characters of a task's title: it stands in one line of a message. */
export const MAX_TITLE_CHARS = 300;

/** Bytes of UTF-8 that a task's brief may have (256 KiB): a model reads all of it before its work. */
export const MAX_BRIEF_BYTES = 256 * 1024;

/** Phases of one task: each is a run of its own. */
export const MAX_PHASES = 50;

/** Bytes of UTF-8 that the output of a phase may have (1 MiB), as a draft's. */
export const MAX_OUTPUT_BYTES = 1024 * 1024;

/**
 * Bytes that a whole request may have. JSON writes one byte of text as up to six (`\u0001`), so this is six times the
 * longest body and context, and 64 KiB for the short fields.
 */
export const MAX_REQUEST_BYTES = 6 * (MAX_DRAFT_BYTES + MAX_CONTEXT_CHARS) + 64 * 1024;

/** Decisions in one answer: a few days of a busy agent; whoever wants more pages on with `since`. */
export const MAX_DECISIONS = 200;

/**
 * Bytes of JSON in one answer of decisions. Two of the largest possible decisions (two bodies each, six bytes a
 * character) always fit, so that paging with the last one's time gets on.
 */
export const MAX_DECISIONS_BYTES = 4 * MAX_REQUEST_BYTES;

/** Characters of a question: with its answers it stands whole in one message of the phone (4096). */
export const MAX_QUESTION_CHARS = 2000;

/** Answers that a question offers, a button each: more is a list to scroll through. */
export const MAX_OPTIONS = 8;

/** Characters of an answer that is offered. */
export const MAX_OPTION_CHARS = 200;

/** How long a question waits where its agent does not say. */
export const DEFAULT_WITHIN_MS = 30 * 60_000;

/** The longest span that a draft or a question may wait: a number beyond it is a slip of the pen. */
export const MAX_SPAN_MS = 366 * 86_400_000;

/** What is said of a span beyond it. */
export const MAX_SPAN_WORDS = 'a duration of at most 366d';

/** The longest step that an agent can declare: whoever is silent for longer than a day is looked after. */
export const MAX_PATIENCE_MS = 86_400_000;

/** What is said of a longer one. */
export const MAX_PATIENCE_WORDS = 'a duration of at most 24h';

/** Seconds that one request of the agents' commands may wait for an answer. */
export const MAX_WAIT_SECONDS = 240;

/**
 * How long one call of the tool `ask` waits: Codex gives a tool five minutes where nothing else is set, Gemini CLI ten, Claude Code more
 * (seen with 0.169.0, 0.61.0, 2.1.330). Whoever is told "no answer yet" asks again, which a model's cache bears within five minutes, too.
 */
export const TOOL_WAIT_MS = 280_000;

/** How long it waits where the client takes no stream: HTTP clients give a first byte one minute (Claude Code, Gemini CLI). */
export const SILENT_WAIT_MS = 50_000;
