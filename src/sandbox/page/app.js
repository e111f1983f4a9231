/** The phone page: a chat with the bot, as the sandbox tells it. Everything shown comes from /phone/events. */
import { element } from './dom.js';
import { refreshRelativeTimes, timeOfDay } from './clock.js';
import { createChatLog } from './chat-log.js';
import { summary } from './message-view.js';
import { createCommandList } from './command-list.js';
import { createComposer } from './composer.js';
import { openEvents, post } from './connection.js';
import { createNotices } from './notices.js';
import { showViews } from './views.js';

const UNREACHABLE = 'Not delivered: the sandbox does not answer';
const NO_ANSWER = 'No answer yet. If nothing happens, press again.';

function startPhone() {
  const byId = (id) => document.getElementById(id);
  let bot = { name: 'Nightdesk', username: '' };

  const notices = createNotices({
    toasts: byId('toasts'),
    alert: byId('alert'),
    alertName: byId('alert-name'),
    alertText: byId('alert-text'),
    banner: byId('banner'),
    phone: byId('phone'),
  });
  let me = null;
  const nameOf = (message) =>
    message.from === 'bot' ? bot.name : me === null || message.author.id === me ? 'You' : message.author.name;

  const chat = createChatLog({
    scroller: byId('scroller'),
    log: byId('log'),
    onChange: showCounts,
    actions: {
      nameOf,
      send: (text) => composer.submit(text),
      copy: notices.copy,
      reply: (message) => composer.reply(message),
      unanswered: () => notices.toast(NO_ANSWER),
      press: (message, row, column) =>
        deliver('/phone/press', { message_id: message.id, row, column }, 'That button is gone'),
    },
  });

  const composer = createComposer({
    form: byId('composer'),
    field: byId('text'),
    sendButton: byId('send'),
    count: byId('count'),
    replyBar: byId('replying'),
    send: (text, replyTo) =>
      deliver(
        '/phone/send',
        replyTo === undefined ? { text } : { text, reply_to: replyTo },
        'Not sent: the message you reply to is gone',
      ),
    describe: (message) => ({ name: nameOf(message), text: summary(message) }),
  });

  const commands = createCommandList({
    panel: byId('commands'),
    list: byId('command-list'),
    field: byId('text'),
    menu: byId('menu'),
    choose(command) {
      composer.clear();
      composer.submit(command);
    },
  });
  byId('text').addEventListener('input', () => commands.suggest(byId('text').value));
  // Before the composer's own keys: an open list takes the arrows, Enter, Tab and Escape.
  byId('text').addEventListener('keydown', (event) => commands.handleKey(event), { capture: true });
  byId('start').addEventListener('click', () => composer.submit('/start'));
  byId('jump').addEventListener('click', () => chat.toEnd('smooth'));

  async function deliver(path, body, whyRefused) {
    const outcome = await post(path, body);
    if (outcome !== 'taken') notices.toast(outcome === 'refused' ? whyRefused : UNREACHABLE);
    return outcome === 'taken';
  }

  function showCounts() {
    const counts = chat.counts();
    for (const node of document.querySelectorAll('[data-tally]')) node.textContent = String(counts[node.dataset.tally]);
    byId('buzzes').setAttribute(
      'aria-label',
      counts.buzzes === 0 ? 'No buzzes yet' : `${counts.buzzes} buzzes: messages that made a sound`,
    );
    byId('buzzes').title = `${counts.buzzes} with a sound, ${counts.silent} silent`;
    byId('empty').hidden = counts.total > 0;
    const jump = byId('jump');
    jump.hidden = chat.isAtEnd();
    const badge = jump.querySelector('.badge');
    badge.hidden = counts.unread === 0;
    badge.textContent = String(counts.unread);
    jump.setAttribute(
      'aria-label',
      counts.unread === 0 ? 'Jump to the newest message' : `Jump to the newest message, ${counts.unread} unread`,
    );
    document.title = counts.unseenBuzzes > 0 ? `(${counts.unseenBuzzes}) ${bot.name}` : bot.name;
  }

  /** What a phone does when messages arrive: it buzzes for those with a sound, and shows the last of them when the reader looks elsewhere. */
  function announce(messages) {
    const loud = messages.filter((message) => message.from === 'bot' && !message.silent);
    const last = loud.at(-1);
    if (!last) return;
    notices.buzz();
    if (!chat.isAtEnd()) notices.showBanner(bot.name, summary(last), () => chat.jump(last.id));
  }

  function showCommands(list) {
    commands.set(list);
    byId('cheat-sheet').replaceChildren(
      ...list.map(({ command, description }) => {
        const button = element(
          'button',
          { type: 'button', onclick: () => composer.submit(`/${command}`) },
          element('b', {}, `/${command}`),
          element('span', {}, description),
        );
        return element('li', {}, button);
      }),
    );
  }

  const handlers = {
    snapshot(data) {
      bot = data.bot;
      me = data.view.as;
      byId('name').textContent = data.groups.find(({ id }) => id === data.view.chat)?.title ?? bot.name;
      showViews(byId('views'), data);
      showCommands(data.commands);
      announce(chat.reset(data.messages));
    },
    message(message) {
      if (!chat.add(message)) return;
      announce([message]);
      // A forced reply, as Telegram's own apps open it.
      if (message.asks !== undefined) composer.reply(message);
    },
    edit: (message) => chat.edit(message),
    delete({ id }) {
      composer.forget(id);
      chat.remove(id);
    },
    answer({ message_id: id, text, show_alert: showAlert, expired }) {
      if (!chat.answered(id) || expired || !text) return; // Expired: the bot never answered, and the button gave up long before.
      if (showAlert) notices.showAlert(bot.name, text);
      else notices.toast(text);
    },
    commands: (data) => showCommands(data.commands ?? data),
  };

  function showState(online) {
    const status = byId('status');
    status.textContent = online ? 'bot' : 'connecting…';
    status.classList.toggle('away', !online);
  }

  function tick() {
    byId('clock').textContent = timeOfDay(Date.now());
    refreshRelativeTimes(byId('log'));
  }
  tick();
  setInterval(tick, 1_000);
  setInterval(chat.renameDays, 60_000);
  if (matchMedia('(hover: hover)').matches) byId('text').focus(); // On a touch screen this would raise the keyboard.
  openEvents({ onEvent: (name, data) => handlers[name](data), onState: showState });
}

startPhone();
