/** One thing to try, and what happens then. */
export interface GuideStep {
  readonly label: string;
  readonly text: string;
}

/** The guided first message; the control plane renders it. */
export interface Guide {
  readonly title: string;
  readonly intro: string;
  readonly steps: readonly GuideStep[];
  /** What will happen by itself. */
  readonly ahead: GuideStep;
  readonly outro: string;
}

/** What a newcomer is told first: what this is, what to try in which order, and what is about to go wrong. */
export function demoGuide(options: { readonly platformUrl: string; readonly tokenLifetimeMs: number }): Guide {
  return {
    title: 'Welcome to the night desk',
    intro:
      'You run Kiln & Kettle, a small publisher of things about pots. Seven agents work for you on Murmur, a made-up network on this machine. Nothing they write goes out without you.',
    steps: [
      {
        label: 'Approve',
        text: 'the next reply that you like. For five seconds there is Undo; then the card shows its link.',
      },
      { label: 'Edit', text: 'one with a typo (the one about tile 118 has two). Send your text, then approve that.' },
      { label: 'Revise', text: 'one, and write “shorter”. Its agent writes it anew; the card shows what changed.' },
      { label: 'Reject', text: 'one that shouts, and say why. Its agent tries once more.' },
      { label: 'Answer', text: 'the creator, who soon asks for a title: press one, or reply with yours.' },
      { label: '/status', text: 'what is wrong, who works.' },
      { label: '/drafts', text: 'all that waits, one by one, by deadline.' },
      { label: '/fleet', text: 'press an agent: its log, and why it ran or didn’t.' },
      { label: '/pause all', text: 'then /resume all.' },
      { label: '/drill auth', text: 'an alarm on purpose, and how soon it came.' },
      { label: '/checklist', text: 'what a quiet night still lacks.' },
      { label: '/digest', text: 'what came of it all; tap its pictures.' },
    ],
    ahead: {
      label: `About ${Math.round(options.tokenLifetimeMs / 1000)} seconds after the start`,
      text: 'Murmur’s token expires. One alert names every agent it holds. Press Re-auth, and they go on.',
    },
    outro: `See what is live: ${options.platformUrl}/@kilnandkettle`,
  };
}

/** The guide as plain text, for wherever nothing renders it. */
export function guideText({ title, intro, steps, ahead, outro }: Guide): string {
  const tries = steps.map(({ label, text }, index) => `${index + 1}. ${label}: ${text}`);
  return [title, '', intro, '', 'Try, in this order:', ...tries, '', `${ahead.label}: ${ahead.text}`, '', outro].join(
    '\n',
  );
}
