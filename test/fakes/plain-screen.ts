import type { OpenScreen } from '../../src/credentials/login-screen.ts';

/** A screen of programs that print plain lines and move no cursor; nothing about it takes time. */
export const openPlainScreen: OpenScreen = () => {
  const decoder = new TextDecoder();
  let text = '';
  return Promise.resolve({
    write(chunk) {
      text += decoder.decode(chunk, { stream: true });
    },
    read: () => Promise.resolve({ text: text.replaceAll('\r', ''), links: [] }),
    close: () => undefined,
  });
};
