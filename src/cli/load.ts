/** Parts of graftd that only one command needs are loaded when it runs: the others start faster. */
import { OperationError } from '../chassis/operations.ts';
import type { DemoOptions } from '../lab/demo.ts';
import type { Terminal } from './terminal.ts';

export interface ChassisProgram {
  /** Runs until it is told to end; the exit status. */
  runChassis(file: string, text: string): Promise<number>;
}

export interface DemoProgram {
  runDemo(options: DemoOptions & { terminal?: Terminal }): Promise<number>;
}

export const loadChassis = () => load<ChassisProgram>('../chassis/run.js');
export const loadDemo = () => load<DemoProgram>('../lab/demo.js');

async function load<T>(file: string): Promise<T> {
  const url = new URL(file, import.meta.url).href;
  try {
    return (await import(url)) as T;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new OperationError(`graftd is not built completely; run "npm run build" (${message})`);
  }
}
