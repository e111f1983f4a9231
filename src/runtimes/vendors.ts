/** The vendor that a line names, as a hint at which of an agent's credentials died. */
export const VENDORS: readonly { readonly name: string; readonly pattern: RegExp }[] = [
  { name: 'claude', pattern: /anthropic|claude|sk-ant-|Please run \/login/i },
  { name: 'openai', pattern: /openai|chatgpt|codex/i },
  { name: 'github', pattern: /github|\bgh auth\b|Bad credentials/i },
  { name: 'microsoft', pattern: /AADSTS|microsoft|office365|outlook|InvalidAuthenticationToken|\baz login\b/i },
  { name: 'google', pattern: /google|gmail|gemini|UNAUTHENTICATED|gcloud/i },
  { name: 'slack', pattern: /slack|not_authed|account_inactive/i },
  {
    name: 'aws',
    pattern: /\baws\b|amazonaws|botocore|ExpiredTokenException|InvalidClientTokenId|UnrecognizedClientException/i,
  },
  { name: 'x', pattern: /\b(?:x|twitter)\.com\b|tweepy/i },
  { name: 'mail', pattern: /\b(?:imap|smtp|pop3)|AUTHENTICATIONFAILED|535[ -]5\.7/i },
];
