import type { StoryPost } from './story.ts';
import { good, weak } from './story.ts';

/** The second third of the feed, oldest first. */
export const middlePosts: readonly StoryPost[] = [
  {
    id: 'tongs',
    author: 'raku_ray',
    topic: 'kiln',
    text: 'Pulled a pot at 1000 °C with tongs from a charity shop. They said “BBQ” on the handle. They don’t say anything now.',
    candidates: [
      good(
        'Farewell, BBQ. Please tell us that the gloves weren’t from the charity shop as well; half of our inbox is people whose gloves were.',
      ),
    ],
    thanks: 'The gloves are proper. The eyebrows are a longer story.',
  },
  {
    id: 'leans-left',
    author: 'cupcollector',
    topic: 'cups',
    text: 'Bought a second for €3 because the handle leans left. I’m left-handed. It’s the first mug that has ever leant towards me.',
    candidates: [
      good(
        'Somebody made that by accident and called it a second. Do find out who: a potter who hears this may start making lefts on purpose. We’d print that correspondence.',
      ),
    ],
  },
  {
    id: 'pear-brown',
    author: 'ash_and_anna',
    topic: 'glaze',
    text: 'Burned a whole pear tree’s prunings for ash glaze. Result: brown. A different brown from the apple, though. I’ll defend this brown.',
    candidates: [
      good(
        'Defend it. We keep a shelf of eleven ash browns, labelled, and visitors take it for one glaze. Pear is third from the left, and the kindest of them.',
      ),
    ],
  },
  {
    id: 'hot-bowl',
    author: 'matcha_mel',
    topic: 'tea',
    text: 'What do people do with a bowl that’s lovely to look at and too hot to hold? Asking with both hands, urgently.',
    candidates: [
      good(
        'Fill it to a third, hold it by the foot and the rim, and next time look for a thicker wall. For this minute: a tea towel, and no shame.',
      ),
    ],
    windowMinutes: 5,
    priority: 1,
    thanks: 'Tea towel deployed. Dignity mostly intact.',
  },
  {
    id: 'brave',
    author: 'student_sam',
    topic: 'studio',
    text: 'Third-year ceramics. My tutor called my degree piece “brave”. How bad is that, from people who’ve been out in the world?',
    candidates: [
      good(
        'On our scale “interesting” is bad, “brave” is undecided, and “where will you store it?” is a catastrophe. Ask which part took the courage: the answer tends to be the useful bit.',
      ),
    ],
  },
  {
    id: 'butter',
    author: 'wheel_widow',
    topic: 'studio',
    text: 'Things that I’ve found clay in this week: the butter, the car’s indicator stalk, a library book (not ours), the baby.',
    candidates: [
      weak(
        'typo',
        'The babby washes out; the libary book doesn’t. Sincerely, an office that still ows Otterby Library for a Leach from 1974.',
      ),
      good(
        'The baby washes out; the library book doesn’t. Sincerely, an office that still owes Otterby Library for a Leach from 1974.',
      ),
    ],
  },
  {
    id: 'speckles',
    author: 'studio12',
    topic: 'studio',
    text: 'Wholesale buyer asked whether we could make the speckles “more even”. Sir, they’re speckles.',
    candidates: [
      good(
        'Ask for a drawing with the position of each speckle, and quote per dot. Then please let us print the quote.',
      ),
    ],
  },
  {
    id: 'quiz',
    author: 'pub_quiz_otterby',
    topic: 'chatter',
    text: 'Tuesday’s quiz was won by “Quizzy Rascal” for the fifth week running. An enquiry has been opened.',
    candidates: [],
  },
  {
    id: 'kick-wheel',
    author: 'drummer_dee',
    topic: 'podcast',
    text: 'Someone sampled a kick wheel & put it under a techno track. I’ve listened four times. The wheel is slightly behind the beat. It’s perfect.',
    candidates: [
      good(
        'Kick wheels are always slightly behind the beat: it’s the leg. Ruben would like the link and, he says, “nothing else, ever”.',
      ),
    ],
  },
  {
    id: 'leaf',
    author: 'tea_ahmed',
    topic: 'tea',
    text: 'Customer returned an oolong because it “tasted of leaf”. Refunded her. Have been thinking about it since.',
    candidates: [
      good(
        'Somewhere a coffee roaster is refunding someone for “bean”. Would you write us 300 words on the strangest returns? We pay, in money.',
      ),
    ],
    thanks: 'In MONEY? You’ll have 300 words by Sunday. I have a whole drawer.',
  },
  {
    id: 'new-seam',
    author: 'brindleclay',
    topic: 'studio',
    text: 'Heads-up to studios: the next pallets of our white stoneware come from a new seam. Slightly more shrinkage (12.5 %, was 12). Test before you throw a dinner set.',
    candidates: [
      weak(
        'wrong-fact',
        'Thanks for the heads-up! For everyone following along: shrinkage drops from 12.5 % to 12 %, so expect your lids to be a little loose.',
      ),
      good(
        'Thank you for saying it before the pallets land and not after. It goes at the top of Thursday’s letter: 12.5 %, test your lids first. Will the bags carry a new batch number?',
      ),
    ],
    know: 'Brindle’s shrinkage goes UP, from 12 to 12.5 %. They are a partner.',
    windowMinutes: 8,
    priority: 2,
    thanks: 'They will: anything from B-0412 onwards. Thank you for passing it on.',
  },
  {
    id: 'proofing',
    author: 'bakery_ghost',
    topic: 'studio',
    text: 'In 1926 I baked 400 rolls a night in that oven. Now they bake MUGS in it. I’m not angry. I’m just proofing.',
    candidates: [
      good(
        'We leave a roll by the oven door on the first of every month. Grog eats it, he’s a cat, but the intention’s there.',
      ),
    ],
  },
  {
    id: 'slip-trailing',
    author: 'engobe_emma',
    topic: 'glaze',
    text: 'Slip trailing is 90 % unclogging the bottle and 10 % noticing that you’ve drawn a face.',
    candidates: [
      good(
        'A pin in the nozzle between cups, and hum. The faces can’t be prevented: Ji-woo’s dots have had eyebrows since 2020.',
      ),
    ],
  },
  {
    id: 'petrol-mug',
    author: 'plasticmugfan',
    topic: 'cups',
    text: '€38 for a mug?? mine was free with petrol and it holds coffee THE SAME. you people are in a cult',
    candidates: [
      weak('tone', 'If you can’t tell the difference, that says more about you than about the mug. Enjoy the petrol.'),
      good(
        'It’s a very mild cult, with biscuits. And a free mug that you’ve kept for years is doing exactly what a mug should. How long have you had it?',
      ),
    ],
    thanks: '...since 2003. fine. it IS a good mug',
  },
  {
    id: 'azul',
    author: 'ceramica_rosa',
    topic: 'kiln',
    text: 'El horno, encendido desde las cinco. Si mañana abro la puerta y todo es azul, lo he conseguido. Si es verde, también diré que lo he conseguido. 💙💚',
    candidates: [
      good(
        'Así se abre un horno: con el discurso preparado para los dos colores. Mándanos la foto, azul o verde. (We’ll print either.)',
      ),
    ],
    know: 'In English: “Kiln on since five. If it’s all blue tomorrow, I’ve managed it. If it’s green, I’ll also say that I’ve managed it.”',
  },
  {
    id: 'tasting',
    author: 'teahouse_lumen',
    topic: 'tea',
    text: 'Thursday’s tasting has four seats left: three winter oolongs, three cups by Harbour Pottery, the same tea in each. You’ll be annoyed by how different they are.',
    candidates: [
      good(
        'We did this last time and have been annoyed ever since: the unglazed cup ate the top note completely. Everyone, go. Sit by the window.',
      ),
    ],
    know: 'Teahouse Lumen is a partner; Marta and Ruben record there on Thursday.',
    windowMinutes: 8,
    priority: 2,
  },
  {
    id: 'two-skips',
    author: 'harbourpottery',
    topic: 'studio',
    text: 'Dropped the lid of a casserole down the harbour steps. It skipped. Twice. Best throw of my career.',
    candidates: [
      good(
        'Two skips with a stoneware lid must be a county record. Put what’s left in the seconds sale as “bowl, with story”, and charge for the story.',
      ),
    ],
  },
  {
    id: 'three-hours',
    author: 'radio_ella',
    topic: 'podcast',
    text: 'How much tape do you bring home for a 25-minute piece? I come back with 3 h & feel like a fraud.',
    candidates: [
      good(
        'Three to one for people whom we know, eight to one for people whom we admire. Three hours only means that you listened. Keep the room tone, lose the second “so, tell me”.',
      ),
    ],
  },
  {
    id: 'power-cut',
    author: 'yuki_tenmoku',
    topic: 'kiln',
    text: 'Power cut at 1140 °C. I sat on the studio floor and read the fuse box a poem.',
    candidates: [
      good(
        'Which poem? And for what it’s worth: leave the door shut until it’s cold, look, and if nothing has slumped, fire it again from the start. More loads survive an 1140 stop than you’d think.',
      ),
    ],
    windowMinutes: 6,
    priority: 2,
    thanks: 'Bashō, the short one. Nothing slumped!! Firing again tomorrow.',
  },
  {
    id: 'dishwasher',
    author: 'museum_of_cups',
    topic: 'cups',
    text: 'Visitor, 9, in front of a beaker that’s 3,000 years old: “Did they have a dishwasher?” Reader, they WERE the dishwasher.',
    candidates: [good('“They were the dishwasher” belongs on the tote bag. What did the visitor say to that?')],
  },
  {
    id: 'breakfast',
    author: 'runner_kofi',
    topic: 'chatter',
    text: '10k before breakfast. Breakfast was a lie. There was no breakfast, I’d forgotten to shop.',
    candidates: [],
  },
  {
    id: 'sponsors',
    author: 'newsletter_nils',
    topic: 'media',
    text: 'Sponsors. Yes, no, or “only if they make something that we’d buy”? I’ve said no for four years, & my laptop is older than my niece.',
    candidates: [
      weak(
        'salesy',
        'We can help with that! Kiln & Kettle offers attractive sponsorship packages from €400. Reach 6,200 engaged readers in a premium environment. DM us for the rate card 📈',
      ),
      good(
        '“Only if we’d buy it”, with one line in each letter that says who paid and how much. Nobody has complained, two readers have copied it, and the laptop got replaced.',
      ),
    ],
  },
];
