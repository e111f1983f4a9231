import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CredentialRow } from '../../storage/credential-store.ts';
import type { Credential } from '../../src/config/fleet.ts';
import { decideCheck, decideReadiness, probeDelayMs } from '../../src/credentials/credential.ts';

const MINUTE_MS = 60_000;
const BACKOFF = { firstMs: MINUTE_MS, maxMs: 60 * MINUTE_MS };
const NOW = 1_800_000_000_000;

const CHECKED: Credential = {
  name: 'claude',
  check: ['check'],
  checkEveryMs: 15 * MINUTE_MS,
  login: undefined,
  capture: undefined,
  env: undefined,
  source: 'vault',
  warnMs: [],
  expiresAt: undefined,
  lifetimeMs: undefined,
  rotate: undefined,
  backoff: BACKOFF,
  billing: 'metered',
};

const ALIVE: CredentialRow = {
  name: 'claude',
  state: 'alive',
  generation: 1,
  since: 0,
  provedAt: NOW,
  checkedAt: NOW - MINUTE_MS,
  checkWantedAt: null,
  checkDetail: null,
  evidence: null,
  probes: 0,
  trialOpen: 0,
  firstSeenAt: 0,
  renewedAt: null,
  warnedMs: null,
  warnedEnd: null,
};

/** How many probes an outage of this length costs, where chance is given by `fractionOf`. */
function probesWithin(lengthMs: number, fractionOf: (probe: number) => number): number {
  let at = 0;
  for (let probes = 0; ; probes += 1) {
    at += probeDelayMs(BACKOFF, probes, fractionOf(probes));
    if (at > lengthMs) return probes;
  }
}

describe('probeDelayMs', () => {
  it('costs at most fourteen probes in nine hours whatever chance says', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), (fractions) => {
        const probes = probesWithin(9 * 60 * MINUTE_MS, () => fractions.next().value ?? 0);

        expect(probes).toBeLessThanOrEqual(14);
      }),
    );
    for (let hundredths = 0; hundredths < 100; hundredths += 1) {
      expect(probesWithin(9 * 60 * MINUTE_MS, () => hundredths / 100)).toBeLessThanOrEqual(14);
    }
  });

  it('never waits less than first nor more than max, whichever probe it is', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (probes, fraction) => {
        const delay = probeDelayMs(BACKOFF, probes, fraction);

        expect(delay).toBeGreaterThanOrEqual(BACKOFF.firstMs);
        expect(delay).toBeLessThanOrEqual(BACKOFF.maxMs);
      }),
    );
  });
});

describe('decideCheck', () => {
  it.each([
    ['AUTH_OK\n', { code: 0 }, { kind: 'ok' }],
    ['checking…\nAUTH_OK as nightdesk\n', { code: 0 }, { kind: 'ok' }],
    ['AUTH_FAILED: token expired\n', { code: 1 }, { kind: 'failed', reason: 'token expired' }],
    ['AUTH_FAILED: token expired\r\n', { code: 1 }, { kind: 'failed', reason: 'token expired' }],
    ['AUTH_FAILED\n', { code: 1 }, { kind: 'failed', reason: 'the check gave no reason' }],
    ['AUTH_FAILED: but it exits well\n', { code: 0 }, { kind: 'failed', reason: 'but it exits well' }],
    ['AUTH_FAILED: said before it hung\n', { trouble: 'killed' }, { kind: 'failed', reason: 'said before it hung' }],
    ['AUTH_OK\nAUTH_FAILED: both\n', { code: 0 }, { kind: 'failed', reason: 'both' }],
    ['401 from the API\n', { code: 1 }, { kind: 'failed', reason: '401 from the API (exit 1)' }],
    ['', { code: 1 }, { kind: 'failed', reason: 'the check ended with exit 1' }],
    ['AUTH_OK\n', { trouble: 'it was ended by SIGKILL' }, { kind: 'unclear', reason: 'it was ended by SIGKILL' }],
    ['NOT_AUTH_OK\n', { code: 0 }, { kind: 'unclear' }],
    ['AUTH_OKAY\n', { code: 0 }, { kind: 'unclear' }],
    ['', { code: 0 }, { kind: 'unclear' }],
    ['AUTH_OK\n', { code: 2 }, { kind: 'unclear' }],
    ['curl: could not resolve host\n', { code: 6 }, { kind: 'unclear' }],
  ])('reads a check that says %j and ends with %j', (output, exit, verdict) => {
    expect(decideCheck(output, exit)).toMatchObject(verdict);
  });

  it('says what was seen and what was expected when a check is unclear', () => {
    const verdict = decideCheck('curl: could not resolve host\n', { code: 6 });

    expect(verdict).toEqual({
      kind: 'unclear',
      reason:
        'the check ended with exit 6 and said: curl: could not resolve host; expected AUTH_OK, or AUTH_FAILED: reason and exit 1',
    });
  });
});

describe('decideReadiness', () => {
  it.each<[string, Partial<Credential>, Partial<CredentialRow> | undefined, string]>([
    ['has no row yet', {}, undefined, 'ready'],
    ['was checked a minute ago', {}, {}, 'ready'],
    ['is dead', {}, { state: 'dead' }, 'dead'],
    ['is being logged in', {}, { state: 'logging-in' }, 'dead'],
    ['is dead and has no check', { check: undefined }, { state: 'dead' }, 'dead'],
    ['was never checked', {}, { state: 'unknown', checkedAt: null }, 'check-first'],
    ['was checked check_every ago', {}, { checkedAt: NOW - 15 * MINUTE_MS }, 'check-first'],
    ['was checked in the future, since the clock jumped back', {}, { checkedAt: NOW + 1 }, 'check-first'],
    ['has no check', { check: undefined }, { state: 'unknown', checkedAt: null }, 'ready'],
  ])('says whether a run may start on a credential that %s', (_what, credential, row, expected) => {
    expect(decideReadiness({ ...CHECKED, ...credential }, row && { ...ALIVE, ...row }, NOW)).toBe(expected);
  });
});
