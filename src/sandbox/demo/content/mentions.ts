import type { StoryPost } from './story.ts';
import { good, weak } from './story.ts';

/** Posts that name the business, oldest first: the inbound engager's work. */
export const mentions: readonly StoryPost[] = [
  {
    id: 'at-fur',
    author: 'teahouse_lumen',
    topic: 'tea',
    text: '@kilnandkettle are you still coming on Thursday, and is Ruben bringing the microphone with the fur? Guests ask for the fur.',
    candidates: [
      good(
        'Still coming: Marta, Ruben and the fur. We’d like to set up at half past five and, if it’s free, take the table under the clock, since it doesn’t tick.',
      ),
    ],
    know: 'Teahouse Lumen is a partner; the recording is on Thursday at 18:00.',
    windowMinutes: 6,
    priority: 1,
    thanks: 'The table is yours. The clock has been told to carry on as it is.',
  },
  {
    id: 'at-explain',
    author: 'plasticmugfan',
    topic: 'cups',
    text: '@kilnandkettle 6000 people pay you to read about CUPS? explain',
    candidates: [
      good(
        '571 pay, the other 5,600 read for nothing, and we find it just as odd as you do. It’s mostly about people, in fairness. The cups are how we get in.',
      ),
    ],
    thanks: 'ok that’s a decent answer. still not paying',
  },
  {
    id: 'at-shelf-gap',
    author: 'cupcollector',
    topic: 'media',
    text: '@kilnandkettle when does Cone Six no. 4 ship? My shelf has a gap that’s exactly one yearbook wide.',
    candidates: [
      weak('wrong-fact', 'First week of December, €18, and the spine is 21 mm. Measure the gap!'),
      good(
        'Second week of November, €24, and the spine is 21 mm. Please measure the gap and report: no. 3 was sold to two people as a bookend.',
      ),
    ],
    know: 'Cone Six no. 4: €24, ships in the second week of November, spine 21 mm.',
    thanks: '22 mm. It’s meant to be. Ordered.',
  },
  {
    id: 'at-103-percent',
    author: 'grumpy_glazer',
    topic: 'glaze',
    text: '@kilnandkettle the ash white in last week’s letter adds up to 103 %. I’ve made it. It is not white.',
    candidates: [
      weak('tone', 'Recipes are only ever a guide, and most readers manage just fine. Perhaps check your scales?'),
      good(
        'You’re right, and we’re sorry: the feldspar should read 40, not 43. The web version is mended, Thursday’s letter will say so at the top, and we’d like to pay for the clay. What colour is it, if it isn’t white?',
      ),
    ],
    know: 'Walt is right: we printed feldspar 43, and it should be 40.',
    windowMinutes: 5,
    priority: 1,
    thanks: 'Porridge. It’s the colour of porridge. Apology accepted.',
  },
  {
    id: 'at-bricklayer',
    author: 'mudlarkmo',
    topic: 'podcast',
    text: '@kilnandkettle loved the episode with the bricklayer. What was the book that she kept quoting?',
    candidates: [
      good(
        'Thank you, from all of us and from her. It’s “The Unknown Craftsman” by Soetsu Yanagi. Ours falls open at her page, because there’s clay on it.',
      ),
    ],
  },
  {
    id: 'at-river',
    author: 'mapnerd_jo',
    topic: 'map',
    text: '@kilnandkettle Studio Twelve is 40 m too far east on your map. They’re in the river.',
    candidates: [
      weak('typo', 'You’r right, sorry. Fixxed: they’re back on dry land, and can be visted without a boat.'),
      good('You’re right, sorry. Mended: they’re back on dry land, and can be visited without a boat.'),
    ],
    thanks: 'Confirmed, they’re dry. The river is 40 m too far west now, but that’s the river’s business.',
  },
  {
    id: 'at-intern',
    author: 'student_sam',
    topic: 'media',
    text: '@kilnandkettle do you take interns? I can edit audio, carry boxes & be quiet near kilns',
    candidates: [
      good(
        'One at a time, paid, three months, from January. Being quiet near kilns is the hard part, so you’re ahead. Send Ruben two minutes of anything that you’ve cut.',
      ),
    ],
    know: 'The January place is still free. It is paid.',
  },
  {
    id: 'at-twice',
    author: 'matcha_mel',
    topic: 'media',
    text: '@kilnandkettle I’ve been charged twice for the letter this month?? it’s only €4 but still',
    candidates: [
      weak(
        'salesy',
        'Thanks for your support! Have you considered the yearly plan? For just €40 you get two months FREE, and you’ll only ever see one charge 😉',
      ),
      good(
        'That’s ours to mend, sorry. The second €4 goes back today and should reach you within three working days. If it hasn’t by Friday, say so here and a person will chase it.',
      ),
    ],
    know: 'True: charged on the 1st and again on the 2nd. Marta has the refund ready.',
    windowMinutes: 5,
    priority: 1,
    thanks: 'It’s back already. Thank you, person.',
  },
  {
    id: 'at-that-brown',
    author: 'brindleclay',
    topic: 'media',
    text: '@kilnandkettle the proof of our page for the yearbook is with you. Marta: the logo is MEANT to be that brown.',
    candidates: [
      good(
        'Got it, thank you. The brown stays. Marta says that she never doubted it; Ji-woo has kept the chat. Page proof on Monday.',
      ),
    ],
    know: 'Brindle Clay is a partner and pays for a page in Cone Six no. 4.',
    priority: 2,
  },
  {
    id: 'at-twenty-seconds',
    author: 'radio_ella',
    topic: 'podcast',
    text: '@kilnandkettle may I use 20 seconds of the cooling kiln in a piece about waiting? With credit, obviously.',
    candidates: [
      good(
        'With pleasure. Credit “Second Firing, episode 29, recorded by Ruben Aalto”, and he’ll send you the file before we squashed it. What are they waiting for, in the piece?',
      ),
    ],
    thanks: 'A ferry, a baby, and a verdict. The kiln goes between the second and the third.',
  },
  {
    id: 'at-translated',
    author: 'layla_khazaf',
    topic: 'media',
    text: '@kilnandkettle هل تقبلون مقالات مترجمة؟ عندي نص عن أباريق جدتي.',
    candidates: [
      good(
        'نعم، وبكل سرور. Please send it in Arabic with a rough translation, up to 1,200 words: we work with a translator, and pay you both. ننتظر أباريق جدتك.',
      ),
    ],
    know: 'In English: “Do you take translated articles? I have a piece about my grandmother’s teapots.” We do, and pay.',
    priority: 2,
  },
  {
    id: 'at-support-group',
    author: 'wheel_widow',
    topic: 'studio',
    text: '@kilnandkettle is there a support group for people who live with potters, or is it just this letter?',
    candidates: [
      good(
        'It’s just the letter, but the replies are lovely. There’s a column going, if you’d like it: 200 words a month, “The Other Half of the Studio”. The butter was half of the first one.',
      ),
    ],
  },
  {
    id: 'at-buses',
    author: 'otterby_council',
    topic: 'fair',
    text: '@kilnandkettle for Open Kiln Day (4 October) we need the studios which expect more than 100 visitors by Friday, for the buses.',
    candidates: [
      good(
        'You’ll have it on Thursday: seven studios by our count, Harbour Pottery first. Could the 14 stop at the brickworks gate that day? Last year people walked the last kilometre carrying casseroles.',
      ),
    ],
    know: 'Seven of the 31 studios expect more than 100 visitors.',
    windowMinutes: 8,
    priority: 2,
    thanks: 'Noted. The 14 will stop at the brickworks, swans permitting.',
  },
  {
    id: 'at-filter',
    author: 'cone_truther',
    topic: 'map',
    text: '@kilnandkettle your map lists ELECTRIC studios. it says “kiln map”. false advertising',
    candidates: [
      weak('tone', 'Imagine being this angry at a map. An electric kiln is a kiln. Look it up.'),
      good(
        'There’s a filter now: wood, gas, electric, “other (ask)”. It was a good idea, so thank you, and no, you may not have “toaster” as a category.',
      ),
    ],
    thanks: 'Filter noted. Respect. Grudgingly.',
  },
  {
    id: 'at-not-lentil',
    author: 'old_bert',
    topic: 'kiln',
    text: '@kilnandkettle you may come on Saturday. Bring the soup. Not lentil.',
    candidates: [
      good(
        'Leek and potato, then, and we’ll be at the gate at seven. Ruben asks where to stand to hear the salt go in without being in the way of it.',
      ),
    ],
    windowMinutes: 8,
    priority: 2,
  },
  {
    id: 'at-log-books',
    author: 'yuki_tenmoku',
    topic: 'kiln',
    text: '@kilnandkettle thank you for the piece on kiln log-books. I’ve started one. Page one is only swearing.',
    candidates: [
      good('So is page one of ours. Date, cone, weather, mood: the mood column turns out to be the useful one.'),
    ],
  },
  {
    id: 'at-live',
    author: 'drummer_dee',
    topic: 'podcast',
    text: '@kilnandkettle ok I listened to the kiln cooling. Twice. I have a gig in November: may I play along to it, live?',
    candidates: [
      good(
        'Yes, please, and put us on the list: two adults, one microphone with fur. Sixteen hours is the full take, but we’d understand if you cut it.',
      ),
    ],
  },
  {
    id: 'at-solid',
    author: 'potterydad',
    topic: 'kiln',
    text: '@kilnandkettle 26 pinch pots: bisque at 1000 and hope? Some of them are, er, solid.',
    candidates: [
      good(
        'Two weeks of drying, longer for the solid ones; hollow the fat bits out from below; hold at 90 °C overnight, then 60 °C an hour. After that, yes: 1000, and hope.',
      ),
    ],
    windowMinutes: 8,
    priority: 2,
    thanks: 'All 26 made it!! The solid one is a paperweight. It was always a paperweight.',
  },
  {
    id: 'at-page-14',
    author: 'kintsugi_kat',
    topic: 'cups',
    text: '@kilnandkettle could you NOT call it “kintsugi” when somebody uses epoxy and gold spray? Page 14. I’ve been shouting.',
    candidates: [
      good(
        'Fair. Page 14 should say “gold-coloured repair”; the web version does now, and the letter will say why. Would you explain the difference to our readers in your own words? Shouting is fine.',
      ),
    ],
    priority: 2,
  },
  {
    id: 'at-stealing',
    author: 'newsletter_nils',
    topic: 'media',
    text: '@kilnandkettle stealing your “who paid & how much” line. Telling you first, in the spirit of it.',
    candidates: [
      good(
        'Steal away, that’s what it’s for. One thing that we learned: put it above the first paragraph. At the bottom it reads like small print.',
      ),
    ],
  },
  {
    id: 'at-label',
    author: 'museum_of_cups',
    topic: 'cups',
    text: '@kilnandkettle label changed. It says “Use” now. The director would like to know who “thumbs unknown” is.',
    candidates: [
      good(
        'Tell the director that we’d be glad to explain in person, with a microphone. And thank you: it’s the first time that we’ve edited a museum.',
      ),
    ],
  },
  {
    id: 'at-oolong-fur',
    author: 'teahouse_lumen',
    topic: 'tea',
    text: '@kilnandkettle the fur microphone has left fur in an oolong. <3 anyway.',
    candidates: [
      good(
        'The fur apologises. We’ll pay for the oolong, and Ruben will comb it before the next one. Did it do anything for the top note?',
      ),
    ],
    know: 'Teahouse Lumen is a partner.',
    priority: 2,
  },
  {
    id: 'at-stale',
    author: 'bakery_ghost',
    topic: 'studio',
    text: '@kilnandkettle the roll was stale.',
    candidates: [good('It was sourdough, they’re like that now. Seeded or plain, for the first of the month? 👻')],
  },
];
