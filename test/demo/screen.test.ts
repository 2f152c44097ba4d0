import { PassThrough } from 'node:stream';
import test from 'ava';
import fc from 'fast-check';
import { openTerminal, type Terminal } from '../../src/cli/terminal.ts';
import { cutLine, Screen } from '../../src/lab/demo/screen.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: styles are escape codes
const ESCAPES = /\x1b\[[0-9;?]*[A-Za-z]/g;

function screenOn(env: NodeJS.ProcessEnv, isTTY: boolean): { screen: Screen; written: () => string } {
  const stream = Object.assign(new PassThrough(), { isTTY });
  const terminal: Terminal = openTerminal(stream, stream, env);
  let text = '';
  stream.on('data', (chunk) => (text += chunk));
  return { screen: new Screen(terminal), written: () => text };
}

test('a line is cut where the terminal ends, and styles neither count nor stay open', (t) => {
  const piece = fc.tuple(fc.constantFrom('', '\x1b[1m', '\x1b[32m'), fc.string({ unit: 'grapheme-ascii' }));
  fc.assert(
    fc.property(fc.array(piece), fc.nat({ max: 40 }), (pieces, columns) => {
      const plain = pieces.map(([, text]) => text).join('');
      const styled = pieces.map(([style, text]) => (style === '' ? text : `${style}${text}\x1b[0m`)).join('');
      const cut = cutLine(styled, columns);
      t.is(cut.replaceAll(ESCAPES, ''), plain.slice(0, columns));
      const last = cut.match(ESCAPES)?.at(-1);
      t.true(last === undefined || last === '\x1b[0m', JSON.stringify(cut));
    }),
  );
});

test('in a pipe there is no block and no escape code, whatever is shown', (t) => {
  const { screen, written } = screenOn({}, false);
  screen.say('one');
  screen.show(['block']);
  screen.progress('work', 1, 2);
  screen.say('two');
  screen.end();
  t.is(written(), 'one\ntwo\n');
});

test('on a terminal the block is drawn again below what is said', (t) => {
  const { screen, written } = screenOn({ TERM: 'xterm' }, true);
  screen.show(['first', 'second']);
  screen.say('said');
  t.is(written().replaceAll(ESCAPES, '·'), '·first\nsecond\n·\r·said\nfirst\nsecond\n');
  t.true(written().includes('\x1b[2A'), 'two lines up, to where the block begins');
  screen.end();
  t.true(written().endsWith('\x1b[?25h'), 'the cursor is there again');
});

test('NO_COLOR leaves the block and takes the colour', (t) => {
  const { screen, written } = screenOn({ TERM: 'xterm', NO_COLOR: '1' }, true);
  screen.show([screen.terminal.paint('red', 'text')]);
  t.false(written().includes('\x1b[31m'));
  t.true(written().includes('text'));
  screen.end();
});
