import type { StoryPost } from './story.ts';
import { good, weak } from './story.ts';

/** The first third of the feed, oldest first; the first three make a newcomer approve one, edit one and reject one. */
export const openingPosts: readonly StoryPost[] = [
  {
    id: 'thumbprint',
    author: 'hanna_throws',
    topic: 'cups',
    text: 'Forty mugs, forty handles, and the one I like best has my thumbprint fired into the base like a little receipt. Do you wipe yours off or leave it?',
    candidates: [
      good(
        'Leave it. There’s a cup in our office with a stranger’s thumb in the foot, and all four of us line our own up with it every morning. “Receipt” is exactly the word.',
      ),
      good('Leave it, every time. A wiped foot is only clean; yours is signed.'),
    ],
    priority: 2,
    thanks: 'Right, that settles it. Thumbs stay. 👍',
  },
  {
    id: 'tile-118',
    author: 'ines_glazes',
    topic: 'glaze',
    text: 'Tile 118: same celadon, same kiln, same shelf. One came out pond, the other came out toothpaste. I’m told that the difference is 0.4 % iron & my attitude.',
    candidates: [
      weak(
        'typo',
        'Our money is on the atitude. Jokes aside, teh iron would do it: we printed nine tiles from 0.2 to 1.8 % in Cone Six no. 3, and toothpaste lives right at the pale end.',
      ),
      good(
        'Our money is on the attitude. Jokes aside, the iron would do it: we printed nine tiles from 0.2 to 1.8 % in Cone Six no. 3, and toothpaste lives right at the pale end.',
      ),
    ],
    priority: 2,
    thanks: 'Nine tiles?! Off to find no. 3. The attitude stays as it is.',
  },
  {
    id: 'sixty-cups',
    author: 'slowcafe',
    topic: 'cups',
    text: 'We are replacing 60 cups after one (1) birthday party. Who makes something that survives eight-year-olds and a commercial dishwasher, within a day’s drive of Otterby?',
    candidates: [
      weak(
        'salesy',
        'You NEED the Kiln & Kettle Studio Map! 214 AMAZING studios at your fingertips, and if you subscribe TODAY the first month of The Bisque is on us!! Don’t miss out 🔥🔥🔥',
      ),
      good(
        'Within a day’s drive: Harbour Pottery and Studio Twelve both make stacking café ware that we’ve seen dropped on tile and picked up again. Studio Twelve takes batches of 60 if you ask before their October firing. No commission, we just like their rims.',
      ),
    ],
    windowMinutes: 6,
    priority: 2,
    thanks: 'Rang Studio Twelve. They laughed at “eight-year-olds”, then said yes. Thank you!',
  },
  {
    id: 'bad-cup',
    author: 'tea_ahmed',
    topic: 'tea',
    text: 'Unpopular: a bad cup ruins good tea faster than bad water does. I’ll be taking questions, and abuse, until six.',
    candidates: [
      good(
        'One question: thick lip or thin lip for a first-flush Darjeeling? Ruben has held a grudge about this since episode 31, and we’d like to see it end.',
      ),
    ],
    windowMinutes: 5,
  },
  {
    id: 'week-three',
    author: 'mudlarkmo',
    topic: 'wheel',
    text: 'Week 3 of throwing. Today’s bowl went off centre, then off the wheel, then off the table. The dog has it now.',
    candidates: [
      good(
        'Week 3 is when it gets worse on purpose; nearly everyone whom we interview says so. Week 5 has a bowl in it. Until then, please post the dog’s review.',
      ),
      good('The dog has taste: it’s keeping the early work.'),
    ],
    thanks: 'He gives it four paws. It’s holding water better than I am.',
  },
  {
    id: 'swan',
    author: 'night_bus',
    topic: 'chatter',
    text: 'Route 14 is running 9 minutes late due to a swan.',
    candidates: [],
  },
  {
    id: 'rent',
    author: 'newsletter_nils',
    topic: 'media',
    text: 'Honest question for small newsletters: does anyone here actually make rent from it, or are we all being subsidised by a sensible partner?',
    candidates: [
      good(
        'Rent, barely, since year three: 6,200 readers, about one in eleven pays. The yearbook pays for the podcast, the podcast pays for nothing and sells the yearbook. Happy to share the sums with anyone who wants them.',
      ),
    ],
    know: 'The Bisque has 6,214 readers, 571 of them paying.',
    thanks:
      '“Pays for nothing and sells the yearbook” is the most honest funnel I’ve ever read. Yes please to the sums.',
  },
  {
    id: 'toasters',
    author: 'cone_truther',
    topic: 'kiln',
    text: 'Electric kilns are toasters. Cone 10 reduction or it’s just crafts. I said what I said.',
    candidates: [
      weak(
        'tone',
        'Wow, someone’s grumpy! Maybe try less gatekeeping? The rest of us are busy making actual pots, in our actual toasters.',
      ),
      good(
        'We’ve eaten some very good toast. Counter-offer: episode 44 puts one glaze through a gas kiln and an electric one, blind. Three of the five judges got it wrong, and one of those three builds gas kilns.',
      ),
    ],
  },
  {
    id: 'railway-cup',
    author: 'museum_of_cups',
    topic: 'cups',
    text: 'New in the cabinet: a railway cup from 1931, chipped in exactly the place where a thumb goes. The label says “damage”. We’d have said “use”.',
    candidates: [
      good(
        'Please change the label. “Use, 1931 to date, by thumbs unknown” has our vote. Is it on show, or do we look pleadingly through the glass?',
      ),
    ],
  },
  {
    id: 'seventeen',
    author: 'layla_khazaf',
    topic: 'tea',
    text: 'صببتُ اليوم من أول إبريق لا يقطّر، بعد سبع عشرة محاولة. شربتُ الشاي واقفةً احتفالاً. 🫖',
    candidates: [
      good(
        'مبروك! سبع عشرة محاولة، والشاي واقفةً: هكذا يكون الاحتفال. (Congratulations: seventeen spouts is a proper apprenticeship. May we see how sharp the lip is?)',
      ),
    ],
    know: 'In English: “Today I poured from the first teapot that doesn’t drip, after seventeen tries. I drank the tea standing up, to celebrate.”',
    thanks: 'شكراً! حادّة كالسكين. سأرسل صورة غداً.',
  },
  {
    id: 'fire-brigade',
    author: 'gasbottlegreg',
    topic: 'kiln',
    text: 'Neighbour called the fire brigade on my raku AGAIN. They stayed for a biscuit. One of them has signed up for the Tuesday class.',
    candidates: [
      good(
        'The fire brigade is the most reliable audience that a raku firing ever gets. If the new student agrees, Ruben would love two minutes of tape: “how I was called out, and stayed”.',
      ),
    ],
  },
  {
    id: 'controller',
    author: 'fern_and_fire',
    topic: 'kiln',
    text: 'if (temp < 1222) { wait(); } else { panic(); } // my kiln controller, but also me',
    candidates: [
      good(
        'Ours has an undocumented branch: else if (temp == 1221) { blink("E-04"); }. What does yours do at three in the morning, when there’s nobody there to panic?',
      ),
    ],
  },
  {
    id: 'riso-down',
    author: 'zinequeen',
    topic: 'media',
    text: 'Risograph down, deadline Friday, 300 copies. Anyone near Otterby with a working riso and low standards for whom they let in?',
    candidates: [
      weak('wrong-fact', 'Use ours! Two colours, in the old bakery, any day this week, no need to ring. Bring paper.'),
      good(
        'Pressgang, next door to us in Otterby, has a two-colour riso and low standards: they let us in on Wednesdays. Say that Marta sent you, and bring your own paper. Their last guest used up all the blue.',
      ),
    ],
    know: 'We have no riso. Pressgang next door has one, and lets us in on Wednesdays.',
    windowMinutes: 6,
    priority: 2,
    thanks: 'You have saved a zine about moss. It won’t forget you. Neither will I.',
  },
  {
    id: 'feet',
    author: 'chawan_chris',
    topic: 'tea',
    text: 'A tea bowl is 40 % foot. Nobody looks at the foot. This is why I turn them over in shops, and why I’ve been asked to leave shops.',
    candidates: [
      good(
        'We ran a whole spread of feet in Cone Six no. 2 and got one letter about it, from a podiatrist, who was disappointed. Solidarity.',
      ),
    ],
  },
  {
    id: 'best-sound',
    author: 'radio_ella',
    topic: 'podcast',
    text: 'What’s the best sound without speech that you’ve ever got on tape? Mine: a lift in Trieste that sighs between floors.',
    candidates: [
      good(
        'A kiln cooling. Sixteen hours of tiny pings as the glaze crazes; Ruben had a contact mic on the door. There’s a minute of it at the end of episode 29, and people write to say that they sleep to it.',
      ),
    ],
    thanks: 'Oh, that’s unfair. That’s beautiful. The lift sends its regards.',
  },
  {
    id: 'car-park',
    author: 'otterby_council',
    topic: 'chatter',
    text: 'The car park behind the swimming baths is closed on Friday for line painting. Yes, again.',
    candidates: [],
  },
  {
    id: 'mud-round',
    author: 'potterydad',
    topic: 'wheel',
    text: 'My daughter (6) asked what I do at work. “I make mud round.” She’s told the school. I have been invited to Career Day.',
    candidates: [
      good(
        '“I make mud round” beats every artist’s statement that we’ve been sent, and we’ve been sent some. Take a lump for each child and an apron for the teacher.',
      ),
    ],
  },
  {
    id: 'oil-spots',
    author: 'yuki_tenmoku',
    topic: 'glaze',
    text: 'Oil-spot tenmoku, firing 23. The spots arrived. They’re beautiful. They’re on the inside, where the tea will hide them.',
    candidates: [
      good(
        'So only whoever finishes the tea gets to see them. That’s a better reward than most cups offer. A photograph, please, before somebody pours.',
      ),
    ],
  },
  {
    id: 'deborah',
    author: 'kintsugi_kat',
    topic: 'cups',
    text: 'A client wants the crack in her mug mended with gold, “but subtle”. It’s GOLD, Deborah.',
    candidates: [
      good(
        '“Subtle gold” is silver, and somebody has to tell Deborah. Do you have a polite form letter for this? Asking for several restorers who listen to us.',
      ),
    ],
  },
  {
    id: 'reclaim',
    author: 'otterby_clay',
    topic: 'studio',
    text: 'Our reclaim bucket has achieved consciousness. It’s asking for the minutes of the last committee meeting.',
    candidates: [
      weak(
        'salesy',
        'Great post! Did you know that The Bisque has reclaim tips every single month? Subscribe for just €4 and never lose clay again! Link in bio 👉👉',
      ),
      good(
        'Give it the minutes, but not a vote. Ours got onto the committee in 2021, and it’s been one motion to dry out after another.',
      ),
    ],
  },
  {
    id: 'very-bad-map',
    author: 'mapnerd_jo',
    topic: 'map',
    text: 'I counted: you can walk from the sea to the border in this county and never be more than 11 km from a working kiln. I have made a very bad map about it.',
    candidates: [
      good(
        'We run a map with 214 studios on it, and have never once thought of asking it that. Would you let Ji-woo see the very bad map? She’ll bring good cartography and a cake.',
      ),
    ],
    thanks: 'Cake accepted. Sending the very bad map tonight.',
  },
  {
    id: 'pinch',
    author: 'grumpy_glazer',
    topic: 'glaze',
    text: 'Recipe said “a pinch of cobalt”. A PINCH. Of COBALT. My whole kiln load is now the colour of a swimming pool.',
    candidates: [
      good(
        'A pinch of cobalt is a unit of regret. Two grams in a kilo is blue, ten is midnight: weigh it on jeweller’s scales, and keep the swimming pool as a warning to others.',
      ),
    ],
  },
];
