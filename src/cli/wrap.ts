/** Texts that go on in a next line, below where they began. */

/** Narrower than this, broken lines are harder to read than long ones. */
const NARROWEST = 8;

/** The text in lines of so many characters, broken between words; those after the first are indented. */
export function wrap(text: string, width: number, indent = ''): string {
  if (width < NARROWEST || text.length <= width) return text;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${indent}`);
}
