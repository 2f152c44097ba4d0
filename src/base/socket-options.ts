/**
 * What protects a session below BGP, by options of the kernel's sockets that Node.js has no names for: TCP MD5 signatures
 * (RFC 2385) and the generalised TTL security mechanism (RFC 5082). Linux has them; the C library is called through koffi, which
 * is loaded when the first neighbour wants either.
 *
 *   dialled    a socket is made here, given its options, and then to Node.js, which connects it: the SYN is signed already
 *   listening  has the keys of all neighbours: the kernel drops what is not signed, and whoever is accepted inherits the key
 *   accepted   its TTLs are its own
 */
import { isIPv6 } from 'node:net';
import { endianness } from 'node:os';
import { parseAddress, withoutZone } from './address.ts';
import { loadKoffi } from './koffi.ts';

/** How a neighbour's connection is protected. */
export interface Protection {
  /** TCP MD5, 80 octets at most. */
  readonly password?: string;
  /** GTSM: how many hops away the neighbour may be, 1 for one on the same link. */
  readonly hops?: number;
}

/** What the kernel, or the machine, does not do for us. */
export class SocketOptionError extends Error {}

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_IP = 0;
const IPPROTO_TCP = 6;
const IPPROTO_IPV6 = 41;
/** linux/tcp.h: a key for an address; one for all addresses of a prefix. */
const TCP_MD5SIG = 14;
const TCP_MD5SIG_EXT = 32;
const MD5SIG_FLAG_PREFIX = 1;
/** Options at these levels: what is sent, and what is taken at least. */
const TTL = { level: IPPROTO_IP, name: 2, least: 21 } as const;
const HOP_LIMIT = { level: IPPROTO_IPV6, name: 16, least: 73 } as const;

/** struct tcp_md5sig: sockaddr_storage, flags, prefix length, key length, interface, key. */
const MD5SIG = { bytes: 216, flags: 128, prefixLength: 129, keyLength: 130, key: 136 } as const;
/** RFC 5082 3: sent with the highest TTL, so that whoever is near can be told from who is far. */
const HIGHEST_TTL = 255;

const ERRNO = { ENOPROTOOPT: 92, ENOMEM: 12, EPERM: 1, ENOENT: 2 } as const;

interface Library {
  socket(domain: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  close(fd: number): number;
  errno(): number;
}

let library: Library | undefined;

function load(): Library {
  if (library !== undefined) return library;
  if (process.platform !== 'linux')
    throw new SocketOptionError(
      'TCP MD5 and TTL security work on Linux only; remove password and ttl-security',
    );
  try {
    const koffi = loadKoffi();
    const libc = koffi.load(null);
    library = {
      socket: libc.func('int socket(int domain, int type, int protocol)') as Library['socket'],
      setsockopt: libc.func(
        'int setsockopt(int fd, int level, int name, const void *value, uint32_t length)',
      ) as Library['setsockopt'],
      close: libc.func('int close(int fd)') as Library['close'],
      errno: () => koffi.errno(),
    };
    return library;
  } catch (error) {
    throw new SocketOptionError(
      `password and ttl-security need the package koffi, which cannot be loaded: ${(error as Error).message}`,
    );
  }
}

/** A socket to dial from, with its options; the caller owns it. */
export function protectedSocket(address: string, protection: Protection): number {
  const { socket, close, errno } = load();
  const fd = socket(isIPv6(address) ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new SocketOptionError(`no socket: error ${errno()}`);
  try {
    if (protection.password !== undefined) setKey(fd, isIPv6(address), address, protection.password);
    if (protection.hops !== undefined) limitHops(fd, address, protection.hops);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/**
 * The key of a neighbour, or of all in a prefix (`length`), on a socket; the empty one takes it away again. A socket of IPv6 takes
 * IPv4 neighbours too, and knows them as ::ffff:a.b.c.d.
 */
export function setKey(
  fd: number,
  ipv6Socket: boolean,
  address: string,
  password: string,
  length?: number,
): void {
  const option = new Uint8Array(MD5SIG.bytes);
  writeSocketAddress(option, ipv6Socket, address);
  const key = Buffer.from(password);
  if (length !== undefined) {
    option[MD5SIG.flags] = MD5SIG_FLAG_PREFIX;
    option[MD5SIG.prefixLength] = length;
  }
  writeNative16(option, MD5SIG.keyLength, key.length);
  option.set(key, MD5SIG.key);
  const error = set(fd, IPPROTO_TCP, length === undefined ? TCP_MD5SIG : TCP_MD5SIG_EXT, option);
  if (error === 0 || (password === '' && error === ERRNO.ENOENT)) return;
  throw new SocketOptionError(`no TCP MD5 for ${address}: ${md5Trouble(error)}`);
}

function md5Trouble(error: number): string {
  switch (error) {
    case ERRNO.ENOPROTOOPT:
    case ERRNO.EPERM:
      return 'this kernel does not sign TCP segments (CONFIG_TCP_MD5SIG), or may not (FIPS mode)';
    case ERRNO.ENOMEM:
      return 'the kernel has no room for another key on the listening socket; raise the sysctl net.core.optmem_max';
    default:
      return `the kernel refuses the key (error ${error})`;
  }
}

/** GTSM on a connection: sent with TTL 255, and nothing taken that has come further than so many hops (RFC 5082 3). */
export function limitHops(fd: number, address: string, hops: number): void {
  const option = isIPv6(address) ? HOP_LIMIT : TTL;
  const failed =
    setInteger(fd, option.level, option.name, HIGHEST_TTL) ||
    setInteger(fd, option.level, option.least, HIGHEST_TTL + 1 - hops);
  if (failed !== 0)
    throw new SocketOptionError(`no TTL security for ${address}: this kernel refuses it (error ${failed})`);
}

/** What a listening socket answers has come from as near as what follows: a neighbour with GTSM looks at the SYN-ACK too. */
export function answerWithHighestTtl(fd: number, ipv6Socket: boolean): void {
  const options = ipv6Socket ? [HOP_LIMIT, TTL] : [TTL];
  for (const { level, name } of options) setInteger(fd, level, name, HIGHEST_TTL);
}

/** Why neighbours cannot be protected like this here; undefined: they can. Tried on a socket of no use. */
export function protectionTrouble(all: readonly Protection[]): string | undefined {
  const password = all.find((each) => each.password !== undefined)?.password;
  const hops = all.find((each) => each.hops !== undefined)?.hops;
  if (password === undefined && hops === undefined) return undefined;
  try {
    const fd = protectedSocket('127.0.0.1', {
      ...(password === undefined ? {} : { password }),
      ...(hops === undefined ? {} : { hops }),
    });
    load().close(fd);
    return undefined;
  } catch (error) {
    if (error instanceof SocketOptionError) return error.message;
    throw error;
  }
}

/** 0, or errno. */
function set(fd: number, level: number, name: number, value: Uint8Array): number {
  const { setsockopt, errno } = load();
  return setsockopt(fd, level, name, value, value.length) === 0 ? 0 : errno();
}

function setInteger(fd: number, level: number, name: number, value: number): number {
  return set(fd, level, name, new Uint8Array(Int32Array.of(value).buffer));
}

/** struct sockaddr_in, or sockaddr_in6. */
function writeSocketAddress(into: Uint8Array, ipv6Socket: boolean, address: string): void {
  const bytes = parseAddress(withoutZone(address)) as Uint8Array;
  writeNative16(into, 0, ipv6Socket ? AF_INET6 : AF_INET);
  if (!ipv6Socket) into.set(bytes, 4);
  else if (bytes.length === 16) into.set(bytes, 8);
  else {
    into.set([0xff, 0xff], 18);
    into.set(bytes, 20);
  }
}

function writeNative16(into: Uint8Array, at: number, value: number): void {
  new DataView(into.buffer).setUint16(at, value, endianness() === 'LE');
}
