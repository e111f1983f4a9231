import type { Decision } from './desk.ts';
import type { Setting } from './setting.ts';
import { say } from './setting.ts';

/** Answers every wish for another version that no version has come for; how many there were. */
export async function answerWishes(
  { desk, think }: Pick<Setting, 'desk' | 'think'>,
  decisions: readonly Decision[],
): Promise<number> {
  const last = new Map(decisions.map((decision) => [decision.draft, decision]));
  const wishes = [...last.values()].filter(({ verdict }) => verdict === 'revise');
  for (const { draft, reason, body_before: text } of wishes) {
    say(`draft ${draft}: the owner wants another version: ${reason ?? ''}`);
    await think();
    await desk.version(draft, writeAnew(text ?? '', reason ?? ''));
    await desk.progress(`draft ${draft}: another version`);
  }
  return wishes.length;
}

/** A text as its owner asks for it, as far as an agent without a model understands: shorter, longer, warmer, with or without emoji. */
export function writeAnew(text: string, wish: string): string {
  const wanted = wish.toLowerCase();
  const bare = text.replaceAll(/\s*\p{Extended_Pictographic}\uFE0F?/gu, '').trim();
  if (/emoji/.test(wanted)) return /\b(no|without|less|fewer|drop|remove)\b/.test(wanted) ? bare : `${bare} ☕️`;
  const sentences = bare.match(/[^.!?]+[.!?]+["”’)]*\s*|[^.!?]+$/g) ?? [bare];
  if (/long|more|detail/.test(wanted))
    return `${bare} If you want to see how we do it: the studio door is open on Thursdays.`;
  if (/warm|friend|kind|polite|thank|nice/.test(wanted)) return `Thank you for asking! ${bare}`;
  // Shorter, and whatever else was meant: what is left out cannot be wrong.
  const kept = sentences
    .slice(0, Math.max(1, Math.floor(sentences.length / 2)))
    .join('')
    .trim();
  return kept === bare ? `In short: ${bare}` : kept;
}
