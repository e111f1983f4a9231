/** A text with its `${VAR}` filled in, and what is wrong with those that could not be. */
export interface Interpolated {
  readonly text: string;
  readonly problems: readonly string[];
}

/** Fills in `${VAR}` from the environment; `$${VAR}` is a literal `${VAR}`, and a variable that is set but empty is fine. */
export function interpolate(template: string, env: Readonly<Record<string, string | undefined>>): Interpolated {
  const problems: string[] = [];
  const text = template.replaceAll(/\$?\$\{([^}]*)(\}?)/g, (whole: string, name: string, end: string) => {
    if (whole.startsWith('$$')) return whole.slice(1);
    if (end === '' || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      problems.push(
        'expected ${NAME} with the name of an environment variable, or $${ for a literal ${; found something else in the braces',
      );
      return '';
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined) problems.push(`expected the environment variable ${name} to be set; it is not`);
    return value ?? '';
  });
  return { text, problems };
}
