/** A daemon's process, its folder and its log: what the drivers have in common. */
import path from 'node:path';
import { Child } from '../child.ts';
import { Hopeless, until } from '../wait.ts';
import type { DaemonOptions } from './daemon.ts';

export abstract class Running {
  readonly as: number;
  protected readonly options: DaemonOptions;
  protected readonly folder: string;
  protected child: Child | undefined;

  constructor(options: DaemonOptions) {
    this.options = options;
    this.as = options.as;
    this.folder = path.join(options.network.folder, options.name);
  }

  protected file(name: string): string {
    return path.join(this.folder, name);
  }

  /** Starts the command; resolves with the first answer. What the process writes goes to the file `output`. */
  protected launch<T>(
    command: readonly string[],
    answer: () => Promise<T | undefined | false> | T | undefined | false,
    output = 'log',
  ): Promise<T> {
    const { network, name } = this.options;
    this.child = new Child(command, { network, logFile: this.file(output), cwd: this.folder });
    return until(`${name} to start`, () => {
      if (this.child?.status !== undefined) throw new Hopeless(this.log());
      return answer();
    });
  }

  log(): string {
    return this.child?.log() ?? '';
  }

  async stop(): Promise<void> {
    await this.child?.stop();
  }

  async crash(): Promise<void> {
    await this.child?.crash();
  }
}
