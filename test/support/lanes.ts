/** Tests of one file that mostly wait for others, side by side: so many at a time that the machine is not what they wait for. */
import test, { type ExecutionContext } from 'ava';

type Body = (t: ExecutionContext) => Promise<void>;

/** Declares tests of which never more than so many run at once, in the order in which they are declared. */
export function lanes(count: number): (title: string, body: Body) => void {
  let free = count;
  const waiting: (() => void)[] = [];
  return (title, body) =>
    test(title, async (t) => {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      // Declared first, it is the last one: what the test started has ended by then.
      t.teardown(() => {
        const next = waiting.shift();
        if (next === undefined) free++;
        else next();
      });
      await body(t);
    });
}
