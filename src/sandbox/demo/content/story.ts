/** What a post of the story is about; the scout leaves `chatter` alone. */
export type Topic =
  | 'glaze'
  | 'wheel'
  | 'kiln'
  | 'tea'
  | 'cups'
  | 'studio'
  | 'podcast'
  | 'media'
  | 'fair'
  | 'map'
  | 'chatter';

/** What is wrong with a candidate that was written to be edited or rejected. */
export type Flaw = 'typo' | 'salesy' | 'wrong-fact' | 'tone';

/** One text that an agent may draft. */
export interface Candidate {
  readonly text: string;
  readonly flaw?: Flaw;
}

/** A post by somebody else, and what our agents would answer: the first candidate at once, the second after a rejection. */
export interface StoryPost {
  readonly id: string;
  readonly author: string;
  readonly topic: Topic;
  readonly text: string;
  readonly candidates: readonly Candidate[];
  /** What the owner has to know to judge the answer: a fact of the house, or a translation. */
  readonly know?: string;
  /** What the author writes once we have answered. */
  readonly thanks?: string;
  /** Minutes within which an answer is worth giving; ten when left out. */
  readonly windowMinutes?: number;
  /** 1 is the most urgent; 3 when left out. */
  readonly priority?: 1 | 2 | 3 | 4 | 5;
}

/** A post of our own that the creator drafts. */
export interface OwnDraft extends Candidate {
  readonly key: string;
  readonly topic: Topic;
  readonly why: string;
}

/** A candidate that can go out as it stands. */
export function good(text: string): Candidate {
  return { text };
}

/** A candidate with a fault that an attentive owner finds. */
export function weak(flaw: Flaw, text: string): Candidate {
  return { text, flaw };
}
