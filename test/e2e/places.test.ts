import { afterEach, expect, test } from 'vitest';
import { fixture, openStage, OWNER, type Stage } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

const APPROVER = { id: 5151, firstName: 'Anna' };
const VIEWER = { id: 6161, firstName: 'Vera' };
const TEAM = -1001;
const SHOP = -1002;

/** One business in a topic of the team's group, one in a group of its own. */
async function open(): Promise<Stage> {
  const stage = await openStage({
    strangers: [APPROVER, VIEWER],
    groups: [
      {
        id: TEAM,
        title: 'Team',
        topics: [
          { id: 3, name: 'Desk' },
          { id: 7, name: 'Blog' },
        ],
      },
      { id: SHOP, title: 'Shop' },
    ],
    telegram:
      `approvers: [${APPROVER.id}], viewers: [${VIEWER.id}], chat: ${TEAM}, topic: 3, ` +
      `places: { blog: { chat: ${TEAM}, topic: 7 }, shop: { chat: ${SHOP} } }`,
  });
  stages.push(stage);
  const writer = (place: string): string => {
    const text = stage.write(`${place}.txt`, `From the ${place}.`);
    return `  ${place}-writer: { runtime: command, command: [${fixture('submit-draft.sh')}, ${text}, --kind, reply, --to, "@ada"], schedule: every 24h, place: ${place} }\n`;
  };
  stage.fleet(
    `agents:\n${writer('blog')}${writer('shop')}` +
      `  poster: { runtime: command, command: [${fixture('record-stdin.sh')}, ${stage.path('published')}], publishes: [reply] }\n` +
      'drafts: { kinds: { reply: { window: 4h } } }\n',
  );
  return stage;
}

test('each business has its drafts in its place, where an approver decides them and a viewer cannot', async () => {
  const stage = await open();
  await stage.startReady();
  const blog = await stage.says('From the blog.');
  const shop = await stage.says('From the shop.');

  const refused = await stage.sandbox.userPresses(blog.id, 'Approve', { from: VIEWER.id });
  const approved = await stage.sandbox.userPresses(blog.id, 'Approve', { from: APPROVER.id });
  await stage.message(({ id, text }) => id === blog.id && text.includes('approved by Anna'));
  stage.sandbox.userSays('/why blog-writer', { from: VIEWER.id, at: { chatId: TEAM, topicId: 7 } });
  const why = await stage.message(({ text, topic_id: topic }) => topic === 7 && text.includes('Why blog-writer'));

  expect(blog).toMatchObject({ chat_id: TEAM, topic_id: 7 });
  expect(shop.chat_id).toBe(SHOP);
  expect(refused).toMatchObject({ text: 'Only owners and approvers may do that.', showAlert: true });
  expect(approved.text).toBe('Approved, going out.');
  expect(why.chat_id).toBe(TEAM);
  const [file] = stage.list('published').filter((name) => name.endsWith('.json'));
  expect(JSON.parse(stage.read(`published/${file}`))).toMatchObject({ approved_by: APPROVER.id });
});

test('nothing is lost of what agents write where a topic is closed, and where the bot is thrown out', async () => {
  const stage = await open();
  stage.sandbox.groups.setTopicClosed(TEAM, 7, true);
  stage.sandbox.groups.setOut(SHOP, true);

  await stage.startReady();
  const blog = await stage.says('From the blog.');
  const shop = await stage.says('From the shop.');
  const closed = await stage.says('The topic 7 of the place blog takes no messages');
  const out = await stage.says('I cannot write to the place shop');

  expect(blog.chat_id).toBe(TEAM);
  expect(blog).not.toHaveProperty('topic_id');
  expect(shop).toMatchObject({ chat_id: TEAM, topic_id: 3 });
  expect([closed, out]).toMatchObject([
    { chat_id: TEAM, topic_id: 3 },
    { chat_id: TEAM, topic_id: 3 },
  ]);
  expect(stage.sandbox.messages(OWNER)).toEqual([]);
});

test('a group that grew into a supergroup is followed, and its drafts are decided there', async () => {
  const stage = await open();
  stage.sandbox.groups.upgrade(SHOP, -1_009);

  await stage.startReady();
  const shop = await stage.says('From the shop.');
  const told = await stage.says('Telegram made the group -1002 a supergroup');
  const approved = await stage.sandbox.userPresses(shop.id, 'Approve', { from: APPROVER.id });

  expect(shop.chat_id).toBe(-1_009);
  expect(told.text).toContain('telegram.places.shop.chat');
  expect(approved.text).toBe('Approved, going out.');
});
