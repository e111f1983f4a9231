import { theLetter } from './letter.ts';
import type { OwnDraft } from './story.ts';

/** What the business had posted before the demo began, oldest first. */
export const earlierPosts: readonly { readonly id: string; readonly text: string }[] = [
  {
    id: 'kk-ep48',
    text: 'Episode 48 is out: a bricklayer, a kiln that she built twice, and the book she quotes from memory. 31 minutes, no “earthy”.',
  },
  {
    id: 'kk-map',
    text: 'The studio map has its 214th studio, and its first lighthouse. They fire at night, “since we’re up”.',
  },
  {
    id: 'kk-fair',
    text: 'Open Kiln Day is Saturday 4 October. 31 studios, from ten until the cake runs out. The list is on the map.',
  },
  {
    id: 'kk-grog',
    text: 'Grog (cat, 9) has been asleep in the bisque kiln since Tuesday. The kiln is off. The kiln is, until further notice, off.',
  },
];

/** What episode 49 may be called: what the creator offers the owner, its own choice first. Each fits a button. */
export const episodeTitles = ['They Stayed for a Biscuit', 'The Twelfth Time', 'Smoke That Means It'] as const;

/** The announcement of episode 49 under this title. */
export function announceEpisode(title: string): string {
  return `Second Firing, episode 49, on Tuesday: “${title}”.

Greg Tulloch fires raku in a dustbin, 200 metres from a fire station. Over six years the brigade has been called out eleven times. This is about the twelfth time, when nobody called and they came anyway.

With thanks to crew B, who taught Ruben the difference between smoke that’s busy and smoke that means it.

28 minutes. Contains one siren, at the end, in tune.`;
}

/** What the creator drafts, in this order; the first one waits for a title. */
export const ownDrafts: readonly OwnDraft[] = [
  {
    key: 'episode-49',
    topic: 'podcast',
    why: 'Episode 49 comes out on Tuesday; this is the announcement.',
    text: announceEpisode(episodeTitles[0]),
  },
  {
    key: 'overheard-61',
    topic: 'kiln',
    why: 'Our most-shared series; kilns lead the feed today.',
    text: `Overheard at the kiln, no. 61

“Is it cracked?”
“It isn’t a crack. It’s a decision.”
“Whose?”
“The kiln’s.”

Harbour Pottery, this morning, both of them holding the same casserole.`,
  },
  {
    key: 'the-bisque-212',
    topic: 'media',
    why: 'Thursday’s letter, whole. It is longer than a message: read it in the file before you approve it.',
    text: theLetter,
  },
  {
    key: 'fair-last-chance',
    topic: 'fair',
    why: 'Sign-ups for Open Kiln Day. Written by the book of “what converts”, and it shows.',
    flaw: 'salesy',
    text: `🔥🔥🔥 LAST CHANCE!!! 🔥🔥🔥

Open Kiln Day is THE unmissable ceramics event of the year! 31 INCREDIBLE studios, thousands of visitors, memories that last a LIFETIME.

👉 Tag three friends who NEED to be there
👉 Smash that follow button
👉 Limited cake available!!!

#ceramics #pottery #blessed #openkilnday #cake #lifetime`,
  },
  {
    key: 'grog-sat-on',
    topic: 'studio',
    why: 'Grog posts do three times the usual. Not proud of it, but the numbers are the numbers.',
    text: `Things that Grog has sat on this week, in order:

1. The proofs of Cone Six, pages 14 to 31
2. A bag of Brindle white stoneware (12.5 % shrinkage; he’s heavier)
3. Ruben’s interview with the council
4. Ruben
5. A fresh slab, leaving a print that Ji-woo refuses to wipe off

No. 5 will be fired. It goes on the wall. He’s asked for a percentage.`,
  },
  {
    key: 'correction-ash-white',
    topic: 'glaze',
    why: 'We got a recipe wrong; Walt found it. House rule: as loud as the mistake.',
    text: `A correction, as loud as the mistake.

Last week’s ash white adds up to 103 %. It should be: potash feldspar 40, wood ash (washed) 30, ball clay 20, silica 10. We printed 43 for the feldspar. Walt Pruitt made it, found it, and tells us that the result is the colour of porridge.

If you mixed a bucket, write to us and we’ll pay for the materials. If you like porridge, keep it: we’re told that it’s lovely over iron.`,
  },
  {
    key: 'the-sums',
    topic: 'media',
    why: 'People keep asking how we live. Marta said yes to publishing the numbers.',
    text: `How a letter about pots pays for itself, September:

In: 571 readers at €4, one sponsor (Brindle Clay, €400, we’d buy their clay and do), yearbook orders €1,896.
Out: four wages at three-fifths, print deposit €1,150, hosting €38, microphone comb €6.
Left: €212, and half a cake.

We publish this every month because somebody did it when we were starting, and it was the only useful page on the internet.`,
  },
  {
    key: 'open-kiln-date',
    topic: 'fair',
    why: 'Reminder for Open Kiln Day. House facts: Saturday 4 October, from ten, 31 studios.',
    flaw: 'wrong-fact',
    text: `Open Kiln Day, the short version: Saturday 14 October, from ten until the cake runs out, 13 studios. The 14 bus stops at the brickworks gate this year. Bring a bag for the seconds and a friend to carry it.`,
  },
  {
    key: 'map-lighthouse',
    topic: 'map',
    why: 'The map’s new entries, with the one that people will click.',
    text: `New on the studio map this week:

• Skerry Light (lighthouse; electric kiln on the second landing, handles thrown on the third)
• The Shed Behind the Library (ask for Moira, knock twice)
• Two studios called Fire & Mud, 9 km apart, who’d like it known that they’ve met

217 studios now. If yours is in the river, Jo will tell us.`,
  },
  {
    key: 'question-first-pot',
    topic: 'wheel',
    why: 'A question for the weekend; the answers feed next week’s letter.',
    text: `A question for the weekend. Where is the first pot that you ever made?

Ours: Marta’s holds pegs. Ruben’s is his mother’s doorstop, and she says that it always was. Ji-woo’s was buried in a garden in Daegu, “with honours”. Grog has made none, and criticises.

The best answers go into Thursday’s letter, with your name or without.`,
  },
];
