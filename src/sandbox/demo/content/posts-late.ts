import type { StoryPost } from './story.ts';
import { good, weak } from './story.ts';

/** The last third of the feed, oldest first: some stories come back. */
export const latePosts: readonly StoryPost[] = [
  {
    id: 'last-firing',
    author: 'old_bert',
    topic: 'kiln',
    text: 'Salt kiln, 43rd year. Every firing I say that it’s the last. My wife has stopped marking it in the calendar.',
    candidates: [
      good(
        'Then Saturday’s isn’t the last either. May we stand at the edge with a microphone? We’d bring soup, and leave before you unbrick.',
      ),
    ],
    priority: 2,
  },
  {
    id: 'buried',
    author: 'mudlarkmo',
    topic: 'wheel',
    text: 'Update: the dog has buried the bowl. I consider it bisque-fired.',
    candidates: [
      good('Low-fired, reduced, canine atmosphere. In 400 years somebody gets a paper out of it. How’s the next bowl?'),
    ],
  },
  {
    id: 'spoons',
    author: 'slowcafe',
    topic: 'cups',
    text: 'Cups ordered, thank you all. New question: do customers steal spoons EVERYWHERE, or is it our face?',
    candidates: [
      good(
        'Everywhere. Teahouse Lumen reckons with a dozen a month. A potter whom we know made hers with a hole in the bowl: nobody has stolen one, though nobody has stirred with one either.',
      ),
    ],
  },
  {
    id: 'by-sound',
    author: 'cone_truther',
    topic: 'kiln',
    text: 'Blind test or not, I’d know a gas-fired pot by the SOUND.',
    candidates: [
      good(
        'A testable claim: our favourite kind. Six cups, a spoon, a curtain, Ruben recording. Name a Tuesday, and if you get five of the six we’ll say so on air.',
      ),
    ],
    thanks: 'Tuesday. Bring your toast.',
  },
  {
    id: 'melancholy',
    author: 'zinequeen',
    topic: 'media',
    text: '300 copies, done at 2 a.m. Blue ran out on no. 288. The last dozen are “limited edition, melancholy”.',
    candidates: [
      good(
        'We’d like one of the melancholy ones, at the melancholy price. And if you tell us where the rest can be bought, Thursday’s letter will say so.',
      ),
    ],
  },
  {
    id: 'career-day',
    author: 'potterydad',
    topic: 'wheel',
    text: 'Career Day report: 26 kids, 26 pinch pots, one in the fish tank. The teacher has asked me not to “make mud round” near the carpet again.',
    candidates: [
      good(
        'Twenty-five safe and one exhibited under water is a strong debut. Will you fire them? Twenty-six names scratched into twenty-six feet: we’d put that on a cover.',
      ),
    ],
  },
  {
    id: 'deborah-cried',
    author: 'kintsugi_kat',
    topic: 'cups',
    text: 'Deborah loves it. Deborah cried. I take back what I said about Deborah.',
    candidates: [good('Justice for Deborah. What won her over: did the gold turn out subtle, or did she?')],
    thanks: 'She did. I added more gold. 😌',
  },
  {
    id: 'thin-lip',
    author: 'tea_ahmed',
    topic: 'tea',
    text: 'Thin lip. For first flush it’s thin lip. I’ve been asked by eleven people today, and at least one of them was called Ruben.',
    candidates: [
      good(
        'He’s printed your post and stuck it to the kettle. The thick-lip faction (Marta) calls it “one man’s opinion” and demands a rematch in cups of the same volume.',
      ),
    ],
  },
  {
    id: 'price-of-a-pot',
    author: 'layla_khazaf',
    topic: 'tea',
    text: 'سألتني جارتي: بكم الإبريق؟ قلت: بسبع عشرة محاولة.',
    candidates: [
      good(
        'أجمل تسعيرة قرأناها هذا العام. (The best price tag that we’ve read this year. May we quote it in Thursday’s letter, in both languages?)',
      ),
    ],
    know: 'In English: “My neighbour asked what the teapot costs. I said: seventeen tries.”',
  },
  {
    id: 'altos',
    author: 'choir_otterby',
    topic: 'chatter',
    text: 'Altos: it’s not a race. Basses: it’s not a nap. See everyone on Wednesday.',
    candidates: [],
  },
  {
    id: 'adequate',
    author: 'fern_and_fire',
    topic: 'kiln',
    text: 'Dear whoever wrote "ensure adequate ventilation" in the kiln manual: define "ensure". Define "adequate". Define "sleep".',
    candidates: [
      good(
        'A fire officer gave us this one: if you can smell it, it isn’t adequate. A duct of its own, a fan of its own, out through the wall & not into the neighbour’s washing. Sleep is chapter nine.',
      ),
    ],
  },
  {
    id: 'open-day',
    author: 'gasbottlegreg',
    topic: 'kiln',
    text: 'Fire brigade open day. They’ve asked ME to bring the kiln. I feel that I’ve won something. 🚒',
    candidates: [
      good(
        'You have: you’re their training exercise. Is it open to everyone? We’d send Ji-woo with a camera, to stand wherever they chalk the line.',
      ),
    ],
  },
  {
    id: 'how-many-cakes',
    author: 'harbourpottery',
    topic: 'fair',
    text: 'Who else is opening for Open Kiln Day? We’re trying to work out how many cakes is “too many” for 200 visitors.',
    candidates: [
      weak(
        'wrong-fact',
        '31 studios are in, see you all on Saturday 11 October! As for cake: one per five visitors, and hide one for the potters.',
      ),
      good(
        '31 studios are in for Saturday 4 October. As for cake: one per five visitors, and hide one for the potters. There’s no recorded case of too many.',
      ),
    ],
    know: 'Open Kiln Day is Saturday 4 October. 31 studios take part.',
    windowMinutes: 8,
    priority: 2,
    thanks: 'Forty cakes. Understood. The ferry has been informed.',
  },
  {
    id: 'lunch',
    author: 'chawan_chris',
    topic: 'tea',
    text: 'A shop let me turn the bowls over today. Then the owner came and turned them over WITH me. I’ve bought three. We’re having lunch.',
    candidates: [
      good(
        'Somewhere a podiatrist feels seen. Whose bowls were they? And is the shop on our map? If it isn’t, it should be.',
      ),
    ],
  },
  {
    id: 'earthy',
    author: 'drummer_dee',
    topic: 'podcast',
    text: 'Is there a podcast about pottery that isn’t two people saying “earthy” to each other for an hour?',
    candidates: [
      weak(
        'salesy',
        'YES! Second Firing by Kiln & Kettle is THE #1 pottery podcast!!! 48 episodes of pure inspiration. Subscribe, rate & share NOW, you won’t regret it 🎧🔥',
      ),
      good(
        'We make one (Second Firing), so discount this as you like. Nobody has said “earthy” since episode 6, when it began to cost a euro in the jar. Try no. 29: it’s mostly a kiln, cooling.',
      ),
    ],
    thanks: 'A euro in the jar is exactly the editorial policy I was looking for.',
  },
  {
    id: 'sold-out',
    author: 'grumpy_glazer',
    topic: 'glaze',
    text: 'The swimming-pool load sold out at the market in two hours. I’ve learned nothing. I’m buying more cobalt.',
    candidates: [
      good(
        'The market has spoken, and the market wants a pool. Write the pinch down before you forget whose pinch it was.',
      ),
    ],
  },
  {
    id: 'found-her',
    author: 'cupcollector',
    topic: 'cups',
    text: 'Found her. The potter of the mug that leans left. She’s left-handed too. She’d been throwing them in the seconds bin for YEARS.',
    candidates: [
      good(
        'This is the best thing on here all week, and it began in a €3 bin. Would you both talk to us? We’d want the mug in the room as well.',
      ),
    ],
    priority: 2,
    thanks: 'We’d love to. The mug has cleared its calendar. 💛',
  },
  {
    id: 'jumper',
    author: 'matcha_mel',
    topic: 'tea',
    text: 'Update on the hot bowl: I’ve knitted it a jumper. 🧶',
    candidates: [good('Correct. Does it have a neck? Asking for a teapot.')],
  },
  {
    id: 'numbered',
    author: 'studio12',
    topic: 'studio',
    text: 'Update: he sent a drawing of the speckles. There are 212 of them. They’re numbered.',
    candidates: [good('Frame it. Then quote for 212, and for no. 213 separately: the one that lands where it likes.')],
  },
  {
    id: 'gary',
    author: 'engobe_emma',
    topic: 'studio',
    text: 'Does anyone have a system for names on shared shelves that survives a) water b) Gary',
    candidates: [
      good(
        'Underglaze pencil on a bisque tile, fired, one per shelf, hung on wire. It has survived two floods. For Gary: a shelf at shoulder height with GARY on it, and nothing else.',
      ),
    ],
  },
  {
    id: 'crossword',
    author: 'crossword_cy',
    topic: 'chatter',
    text: '14 across, “Turned at the wheel (6)”. So far you’ve sent me THROWN, POTTED and STEERS. It’s an old joke, and it isn’t any of them.',
    candidates: [],
  },
  {
    id: 'treasurer',
    author: 'otterby_clay',
    topic: 'studio',
    text: 'The reclaim bucket has been elected treasurer. It was that or Gary.',
    candidates: [
      good(
        'Sound choice: it never throws anything away. Will it be taking questions on Open Kiln Day, or only absorbing them?',
      ),
    ],
  },
  {
    id: 'a-first',
    author: 'student_sam',
    topic: 'studio',
    text: 'It was the glaze. The brave part was the glaze. I got a first!!',
    candidates: [
      good(
        'Congratulations, and thank you for coming back with the answer; most people leave us wondering. What’s next, and where will you store it?',
      ),
    ],
  },
  {
    id: 'tile-119',
    author: 'ines_glazes',
    topic: 'glaze',
    text: 'Tile 119: pond. I apologised to the kiln out loud and wrote “attitude” into the log, under variables.',
    candidates: [good('Do keep that column. In a hundred tiles it’ll be the only one with a correlation. 🐸')],
  },
];
