/** Somebody on Murmur. */
export interface Person {
  readonly handle: string;
  readonly name: string;
  readonly bio: string;
}

/** The business whose agents the demo runs: a small publisher about pots and what people drink from them. */
export const business: Person = {
  handle: 'kilnandkettle',
  name: 'Kiln & Kettle',
  bio: 'Pots, and what goes into them. The Bisque (a letter, Thursdays), Second Firing (a podcast), Cone Six (a yearbook). From an old bakery in Otterby.',
};

/** How many people followed the business when the demo began. */
export const followersAtStart = 6214;

/** Everybody else who speaks in the story. */
export const people: readonly Person[] = [
  { handle: 'hanna_throws', name: 'Hanna Vesik', bio: 'Production potter. Forty of everything.' },
  { handle: 'ines_glazes', name: 'Inês Carvalho', bio: 'Glaze chemist at night, the other kind by day.' },
  { handle: 'slowcafe', name: 'Slow Café', bio: 'Coffee, eventually. Otterby, Mill Lane.' },
  { handle: 'tea_ahmed', name: 'Ahmed Rahimi', bio: 'Imports tea, exports opinions.' },
  { handle: 'mudlarkmo', name: 'Mo Adeyemi', bio: 'Learning to throw. The dog is called Slip.' },
  { handle: 'newsletter_nils', name: 'Nils Aker', bio: 'A newsletter about newsletters. I know.' },
  { handle: 'cone_truther', name: 'Cone Ten Truth', bio: 'Reduction or nothing.' },
  { handle: 'museum_of_cups', name: 'Museum of Cups', bio: '4,102 cups. One café. Please don’t ask.' },
  { handle: 'layla_khazaf', name: 'ليلى حداد', bio: 'خزّافة من حيفا. أباريق، غالباً.' },
  { handle: 'gasbottlegreg', name: 'Greg Tulloch', bio: 'Raku in a dustbin. Fully insured now.' },
  { handle: 'fern_and_fire', name: 'Fern Daly', bio: 'Programmer, potter. Both crash.' },
  { handle: 'zinequeen', name: 'Bea Fontaine', bio: 'Prints small things in small numbers.' },
  { handle: 'chawan_chris', name: 'Christoph Lehner', bio: 'Tea bowls. I look at the foot.' },
  { handle: 'radio_ella', name: 'Ella Strand', bio: 'Independent radio, mostly lifts and rain.' },
  { handle: 'potterydad', name: 'Tom Bieńkowski', bio: 'Makes mud round.' },
  { handle: 'yuki_tenmoku', name: 'Yuki Arai', bio: 'Black glazes. Patience, in theory.' },
  { handle: 'kintsugi_kat', name: 'Kat Moreau', bio: 'Restorer. It is lacquer, not glue.' },
  { handle: 'otterby_clay', name: 'Otterby Clay Collective', bio: 'Eleven members, one sink.' },
  { handle: 'mapnerd_jo', name: 'Jo Castellanos', bio: 'Very bad maps.' },
  { handle: 'grumpy_glazer', name: 'Walt Pruitt', bio: 'Following recipes since 1988, against advice.' },
  { handle: 'raku_ray', name: 'Ray Okafor', bio: 'Hot things, tongs, regret.' },
  { handle: 'cupcollector', name: 'Sunniva Holm', bio: '312 cups and counting. Left-handed.' },
  { handle: 'ash_and_anna', name: 'Anna Brückner', bio: 'Will burn your hedge for glaze.' },
  { handle: 'matcha_mel', name: 'Mel Yoon', bio: 'Whisking.' },
  { handle: 'student_sam', name: 'Sam Whitlock', bio: 'Third-year ceramics. Tired.' },
  { handle: 'wheel_widow', name: 'Priya Nair', bio: 'I live with a potter. There’s clay in this too.' },
  { handle: 'studio12', name: 'Studio Twelve', bio: 'Café ware, stacked. By the river, not in it.' },
  { handle: 'drummer_dee', name: 'Dee Marchetti', bio: 'Hits things in time.' },
  { handle: 'brindleclay', name: 'Brindle Clay Co.', bio: 'We dig it, you throw it. Since 1894.' },
  { handle: 'bakery_ghost', name: 'Ghost of the Old Bakery', bio: 'Rose early, 1926. Still rising.' },
  { handle: 'engobe_emma', name: 'Emma Lindqvist', bio: 'Slip, dots, accidental faces.' },
  { handle: 'plasticmugfan', name: 'Dean', bio: 'it holds coffee THE SAME' },
  { handle: 'ceramica_rosa', name: 'Rosa Quintero', bio: 'Cerámica azul, si el horno quiere.' },
  { handle: 'teahouse_lumen', name: 'Teahouse Lumen', bio: 'Oolong, silence, one clock that doesn’t tick.' },
  { handle: 'harbourpottery', name: 'Harbour Pottery', bio: 'Stoneware with a view of the ferry.' },
  { handle: 'old_bert', name: 'Bert Oldham', bio: 'Salt glaze, 43rd year. No, I don’t ship.' },
  { handle: 'night_bus', name: 'Otterby Buses', bio: 'Service information, in our own time.' },
  { handle: 'otterby_council', name: 'Otterby Town Council', bio: 'Car parks, bins, occasional fireworks.' },
  { handle: 'runner_kofi', name: 'Kofi B.', bio: 'Runs. Forgets to shop.' },
  { handle: 'pub_quiz_otterby', name: 'The Ferry Inn Quiz', bio: 'Tuesdays. No phones, Keith.' },
  { handle: 'crossword_cy', name: 'Cy Hartnell', bio: 'Setter. Sorry.' },
  { handle: 'choir_otterby', name: 'Otterby Choir', bio: 'Loud on Wednesdays.' },
];
