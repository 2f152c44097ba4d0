/** The log: one line an event, on standard error, time first (ISO 8601, UTC). */
export function log(text: string): void {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}
