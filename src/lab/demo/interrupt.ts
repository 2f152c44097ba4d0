/**
 * Ctrl-C, SIGTERM and a closed terminal, at every stage: whatever is waited for goes through `guard`, which
 * gives up with Interrupted; then everything is put away, and the exit status is 0. A second Ctrl-C does not wait.
 */

export class Interrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}

/** Milliseconds within which a second signal is the same Ctrl-C: npm and timeout(1) hand on what came by the terminal too. */
const ECHO = 1000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class Interrupt {
  /** The first signal that came. */
  signal: string | undefined;
  #since = 0;
  /** Why nothing is waited for any more. */
  #cause: Error | undefined;
  /** What is waited for now. */
  readonly #waiting = new Set<(cause: Error) => void>();
  readonly #onSignal: (signal: string) => void;

  /** `hurry` is for the second signal. */
  constructor(onFirst: (signal: string) => void, hurry: () => void) {
    this.#onSignal = (signal) => {
      if (this.signal !== undefined) {
        if (signal === 'SIGINT' && performance.now() - this.#since > ECHO) hurry();
        return;
      }
      this.#since = performance.now();
      this.signal = signal;
      onFirst(signal);
      this.#give(new Interrupted());
    };
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  /** From now on whatever is guarded ends with this error too: what it waits for will never come. */
  failing(cause: Promise<never>): void {
    cause.catch((error: Error) => this.#give(error));
  }

  async guard<T>(work: Promise<T>): Promise<T> {
    if (this.#cause !== undefined) {
      work.catch(() => {});
      throw this.#cause;
    }
    // Not a race with a promise that never ends: it would remember every race there ever was.
    let give: (cause: Error) => void = () => {};
    const given = new Promise<never>((_, reject) => {
      give = reject;
      this.#waiting.add(give);
    });
    try {
      return await Promise.race([work, given]);
    } finally {
      this.#waiting.delete(give);
    }
  }

  /** A pause that can be interrupted. */
  async pause(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await this.guard(
        new Promise<void>((resolve) => {
          timer = setTimeout(resolve, milliseconds);
        }),
      );
    } finally {
      clearTimeout(timer);
    }
  }

  #give(cause: Error): void {
    this.#cause ??= cause;
    for (const give of this.#waiting) give(this.#cause);
  }

  release(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }
}
