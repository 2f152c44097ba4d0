/** `chassis export session`: what another chassis needs to serve a neighbour as this one does. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type ChassisSummary, OperationError } from '../chassis/operations.ts';
import type { Command } from './command.ts';

export const exportSessionCommand: Command = {
  name: 'export session',
  summary: 'prints all that the configuration says of one neighbour, policies and sets included',
  operands: [{ name: 'ADDR', doc: 'the address of the neighbour' }],
  example: 'export session 192.0.2.2 > session.yaml',
  remote: true,
  async run(call) {
    const address = call.operands[0] as string;
    const { configuration } = await call.ask<ChassisSummary>('show chassis');
    // Says so where there is no such neighbour, and takes an address in any form.
    const { neighbor } = await call.ask<{ neighbor: string }>('show session', { neighbor: address });
    const { extractNeighbor } = await import('../config/extract.ts');
    const text = await readFile(configuration, 'utf8');
    const found = extractNeighbor(text, configuration, neighbor, (file) => readFileSync(file, 'utf8'));
    if (found === undefined) {
      throw new OperationError(
        `${configuration} no longer has ${neighbor}, which the running chassis serves`,
      );
    }
    await call.terminal.out(
      call.flag('json') ? `${JSON.stringify({ neighbor, yaml: found }, null, 2)}\n` : found,
    );
    return 0;
  },
};
