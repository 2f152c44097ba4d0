/**
 * What goes over the control socket: lines of JSON, one request or response each, in UTF-8.
 *
 *    request    {"id": 1, "command": "show routes", "arguments": {"prefix": "192.0.2.0/24"}}
 *    response   {"id": 1, "rows": [{…}, …]}            none or many, for what can be large
 *               {"id": 1, "result": …}                 the end: it was done
 *               {"id": 1, "error": {"code": 1, "message": "…"}}   the end: it was not
 *
 * A connection's requests are answered one after another, in order. `id` is any string or number of the
 * client's; it is null where the request could not be read. Whoever may open the socket may do everything:
 * it has mode 0600.
 */
import type { FailureCode } from '../operations.ts';

/** A request is short; a longer line is not one, and ends the connection. */
export const LONGEST_REQUEST = 64 * 1024;

export type RequestId = string | number | null;

export interface Request {
  readonly id: RequestId;
  readonly command: string;
  readonly arguments: Record<string, unknown>;
}

export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
}

export type Response =
  | { readonly id: RequestId; readonly rows: unknown[] }
  | { readonly id: RequestId; readonly result: unknown }
  | { readonly id: RequestId; readonly error: Failure };

/** The request on a line, or what is wrong with it, in words, with the id where that could be read. */
export function readRequest(line: string): Request | { readonly id: RequestId; readonly wrong: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return { id: null, wrong: `not JSON: ${(error as Error).message}` };
  }
  if (!isObject(value)) return { id: null, wrong: 'a request is a JSON object' };
  const { id, command, arguments: given = {} } = value;
  if (typeof id !== 'string' && typeof id !== 'number') {
    return { id: null, wrong: 'a request has an "id", a string or a number' };
  }
  if (typeof command !== 'string') return { id, wrong: 'a request has a "command", a string' };
  if (!isObject(given)) return { id, wrong: '"arguments" is a JSON object' };
  return { id, command, arguments: given };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
