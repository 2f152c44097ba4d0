/** What an operator should know of, as `chassis show` lists it: the last of them, each once. All of them are in the log. */
const MOST = 32;

/** The first line of it is the last of the list. */
export function noteTrouble(troubles: string[], text: string): void {
  const [line] = text.split('\n', 1) as [string];
  const before = troubles.indexOf(line);
  if (before >= 0) troubles.splice(before, 1);
  if (troubles.push(line) > MOST) troubles.shift();
}
