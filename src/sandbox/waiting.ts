/** Waits until `find` gives something, looking again on every change; rejects with `describe()` after `timeoutMs`. */
export function waitFor<Found>(
  find: () => Found | undefined,
  onChange: (listener: () => void) => () => void,
  timeoutMs: number,
  describe: () => string,
): Promise<Found> {
  const { promise, resolve, reject } = Promise.withResolvers<Found>();
  const look = () => {
    try {
      const found = find();
      if (found !== undefined) end(() => resolve(found));
    } catch (error) {
      end(() => reject(error instanceof Error ? error : new Error(String(error))));
    }
  };
  const end = (settle: () => void) => {
    clearTimeout(timer);
    unsubscribe();
    settle();
  };
  const timer = setTimeout(() => end(() => reject(new Error(describe()))), timeoutMs);
  const unsubscribe = onChange(look);
  look();
  return promise;
}
