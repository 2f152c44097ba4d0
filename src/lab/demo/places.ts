/**
 * Where the demonstration takes place: a temporary folder, a TCP port, the path of the control socket. All of it
 * is looked at before anything starts, so that what is in the way is said at once and in words.
 */
import { accessSync, constants, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ControlClient } from '../../chassis/control/client.ts';
import { OperationError } from '../../chassis/operations.ts';
import { CAST, ROUTER_ADDRESS } from './cast.ts';

/** Where the router listens unless that is taken. */
const USUAL_PORT = 1790;
/** sockaddr_un has room for 107 bytes and the zero at the end. */
const LONGEST_SOCKET_PATH = 107;

export class Folder {
  readonly path = mkdtempSync(path.join(realpathSync(tmpdir()), 'graftd-demo-'));
  /** Something went wrong, and here stands what. */
  keep = false;
  readonly #onExit = (): void => this.remove();

  constructor() {
    process.once('exit', this.#onExit);
  }

  file(name: string): string {
    return path.join(this.path, name);
  }

  remove(): void {
    process.off('exit', this.#onExit);
    if (!this.keep) rmSync(this.path, { recursive: true, force: true });
  }
}

/** The port asked for, or the usual one, or any that is free. */
export async function choosePort(wanted: number | undefined): Promise<number> {
  for (const { address } of CAST) await checkAddress(address);
  if (wanted !== undefined) {
    if ((await portIfFree(wanted)) !== undefined) return wanted;
    throw new OperationError(
      `port ${wanted} of ${ROUTER_ADDRESS} is in use; choose another with --port, or leave that to the demo`,
    );
  }
  return (await portIfFree(USUAL_PORT)) ?? (await anyPort());
}

export function anyPort(): Promise<number> {
  return bound(ROUTER_ADDRESS, 0);
}

async function portIfFree(port: number): Promise<number | undefined> {
  return bound(ROUTER_ADDRESS, port).catch(() => undefined);
}

/** All of 127.0.0.0/8 is loopback on Linux; elsewhere some addresses must be given to it first. */
async function checkAddress(address: string): Promise<void> {
  try {
    await bound(address, 0);
  } catch {
    throw new OperationError(
      `the address ${address} cannot be used here; the demo needs ${CAST[0]?.address} to ${CAST.at(-1)?.address} ` +
        'on the loopback interface (macOS: "sudo ifconfig lo0 alias ADDRESS" for each)',
    );
  }
}

/** Listens for a moment; the port that it had. */
function bound(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => {
      const { port: found } = server.address() as AddressInfo;
      server.close(() => resolve(found));
    });
  });
}

export interface Control {
  readonly path: string;
  /** As people type commands that find it: `bin/chassis show`. */
  command(words: string): string;
  /** Where they must be to type them so. */
  readonly folder: string | undefined;
}

/** ./graftd.sock, or what GRAFTD_CONTROL names; where no socket can be, one in the temporary folder. */
export async function chooseControl(env: NodeJS.ProcessEnv, folder: Folder): Promise<Control> {
  const own = path.resolve(env.GRAFTD_CONTROL || 'graftd.sock');
  await checkNobodyAnswers(own);
  const inFolder = Buffer.byteLength(own) <= LONGEST_SOCKET_PATH && isWritable(path.dirname(own));
  const usual = inFolder && !env.GRAFTD_CONTROL;
  const socket = inFolder ? own : folder.file('graftd.sock');
  const program = programText();
  return {
    path: socket,
    command: (words) => (usual ? `${program} ${words}` : `${program} ${words} --control ${socket}`),
    folder: usual || !path.isAbsolute(program) ? process.cwd() : undefined,
  };
}

async function checkNobodyAnswers(socket: string): Promise<void> {
  const client = await ControlClient.connect(socket).catch(() => undefined);
  if (client === undefined) return;
  client.close();
  throw new OperationError(
    `another demo or chassis is running: it answers at ${socket}; end it, or start this one in another folder`,
  );
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** bin/chassis as typed from here, of the built package that this file is in. */
function programText(): string {
  const up = import.meta.url.endsWith('.ts') ? '../../../bin/chassis' : '../../../../bin/chassis';
  const program = fileURLToPath(new URL(up, import.meta.url));
  const near = path.relative(process.cwd(), program);
  return near.startsWith('..') ? program : near;
}
