/** The text of .env with this variable set to that value: its line is replaced, and every other line stays. */
export function withVariable(text: string, name: string, value: string): string {
  const line = `${name}=${value}`;
  const lines = text.split('\n');
  const index = lines.findIndex((written) => new RegExp(`^\\s*(export\\s+)?${name}\\s*=`).test(written));
  if (index >= 0) return lines.with(index, line).join('\n');
  const before = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return `${before}${line}\n`;
}
