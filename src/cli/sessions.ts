/** What is done to a session: `chassis clear`, `shutdown`, `enable` and `refresh`. */
import type { CommandName } from '../chassis/control/arguments.ts';
import { answer, type Call, type Command } from './command.ts';

const ADDRESS = { name: 'ADDR', doc: 'the address of the neighbour' };

export const sessionCommands: readonly Command[] = [
  {
    name: 'clear',
    summary: 'closes a session (Cease) and lets it start again',
    operands: [ADDRESS],
    example: 'clear 192.0.2.2',
    remote: true,
    run: (call) => act(call, 'clear', 'the session was closed and starts again'),
  },
  {
    name: 'shutdown',
    summary: 'closes a session and holds it down until enable',
    operands: [ADDRESS, { name: '"why"', doc: 'a text for the neighbour (RFC 9003)', optional: true }],
    example: 'shutdown 192.0.2.2 "maintenance until 04:00 UTC"',
    remote: true,
    run: (call) => act(call, 'shutdown', 'the session is shut down', { why: call.operands[1] }),
  },
  {
    name: 'enable',
    summary: 'lets a session that was shut down start again',
    operands: [ADDRESS],
    example: 'enable 192.0.2.2',
    remote: true,
    run: (call) => act(call, 'enable', 'the session may start'),
  },
  {
    name: 'refresh',
    summary: 'asks the neighbour to send all its routes again (ROUTE-REFRESH, RFC 2918)',
    operands: [ADDRESS],
    example: 'refresh 192.0.2.2',
    remote: true,
    run: (call) => act(call, 'refresh', 'asked for all routes again'),
  },
];

async function act(
  call: Call,
  command: CommandName,
  done: string,
  more: Record<string, unknown> = {},
): Promise<number> {
  const neighbor = call.operands[0];
  await call.ask(command, { neighbor, ...more });
  return answer(call, { neighbor, done: command }, () => `${neighbor}: ${done}\n`);
}
