import { describe, expect, it } from 'vitest';
import { failureOfStatus, failureOfWords, fingerprintOf } from '../../src/runtimes/failure-words.ts';

describe('the class of a failure', () => {
  it.each([
    [400, 'messages: too long', 'context'],
    [400, 'The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).', 'context'],
    [400, 'the context is full', 'context'],
    [400, 'no such field', undefined],
    [401, '', 'auth'],
    [402, '', 'budget'],
    [403, '', 'auth'],
    [404, '', 'not-found'],
    [429, '', 'rate-limit'],
    [500, '', 'overloaded'],
    [529, '', 'overloaded'],
    [200, '', undefined],
    [418, '', undefined],
    [600, '', undefined],
  ])('is known by its status: %i %s', (status, text, failure) => {
    expect(failureOfStatus(status, text)).toBe(failure);
  });

  it.each([
    ['Please log in again', 'auth'],
    ['Your authentication token has expired', 'auth'],
    ['The token you sent is INVALID', 'auth'],
    ['Missing API key', 'auth'],
    ['You’ve hit your usage limit.', 'rate-limit'],
    ['You have exhausted your daily quota on this model.', 'rate-limit'],
    ['Quota exceeded. Check your plan and billing details.', 'budget'],
    ['Credit balance is too low', 'budget'],
    ['Selected model is at capacity. Please try a different model.', 'overloaded'],
    ['We’re currently experiencing high demand', 'overloaded'],
    ["Codex ran out of room in the model's context window.", 'context'],
    ['Prompt is too long: 210000 tokens, maximum 200000', 'context'],
    ['stream disconnected before completion', 'timeout'],
    ['fetch failed', 'timeout'],
    ['connect ECONNREFUSED 127.0.0.1:9', 'timeout'],
    ['The blogger invalidated a catalogue', undefined],
    ['The moon is full.', undefined],
  ])('is known by its words where it has no fields: %s', (text, failure) => {
    expect(failureOfWords(text)).toBe(failure);
  });
});

describe('the fingerprint of a wording', () => {
  it('is the same whenever, wherever and whoever it happens to', () => {
    const one = fingerprintOf(
      'Flux 17 at 10:33 am, request req_49lqh7ab3 (8090371c-658a-4a20-b7e6-f542ec8eee7e) in /home/a/x.ts, see https://a.example/b?c=1 after 12.5s',
    );
    const other = fingerprintOf(
      'flux 4   at 9:01 pm, request req_9x1qh7ab3 (1090371c-658a-4a20-b7e6-f542ec8eee7e) in /srv/bob/y/z.ts, see https://b.example/e after 3s',
    );

    expect(one).toBe(other);
    expect(one).toBe('flux N at TIME, request ID (ID) in PATH, see URL after Ns');
  });

  it('differs where the words do', () => {
    expect(fingerprintOf('the moon is full')).not.toBe(fingerprintOf('the moon is new'));
  });

  it('is short, and found quickly, however long the text', () => {
    for (const part of ['a-', '/a', 'x', '1:', '\ud800', 'a1-'])
      expect(fingerprintOf(part.repeat(1_000_000)).length).toBeLessThanOrEqual(120);
  });
});
