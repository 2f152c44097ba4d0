/** The log: one line an event, on standard error, time first (ISO 8601, UTC). */
export function log(text: string): void {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}

/**
 * From now on what cannot be written is lost, as the disk is full or whoever read it is gone, and that is all: a command ends there
 * (cli/terminal.ts), a router must not.
 */
export function outliveLog(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.removeAllListeners('error').on('error', () => {});
}
