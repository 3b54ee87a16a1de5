/** What was started and must end, the newest first. */
export interface Endings {
  add(what: string, end: () => Promise<void>): void;
  /** Ends everything, also what comes after something that would not end. */
  run(): Promise<void>;
}

export function createEndings(tell: (line: string) => void): Endings {
  const stack: { readonly what: string; readonly end: () => Promise<void> }[] = [];
  return {
    add: (what, end) => stack.push({ what, end }),
    run: async () => {
      for (let last = stack.pop(); last; last = stack.pop()) {
        const { what, end } = last;
        await end().catch((error: unknown) => tell(`${what} did not end: ${String(error)}`));
      }
    },
  };
}
