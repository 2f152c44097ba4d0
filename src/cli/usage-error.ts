/** The command was used wrongly: one line on standard error, exit status 2. */
export class UsageError extends Error {}
