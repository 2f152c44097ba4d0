/** What people say to each other in NOTIFICATIONs: shutdown communications (RFC 9003). */
import { Cease, NotificationCode, notificationText } from './errors.ts';
import type { Notification } from './message.ts';

const LONGEST = 255;
/** Not for a terminal: controls of C0 and C1, and what turns the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** One octet of length, then UTF-8 (RFC 9003 2); nothing for no text. Cut between two characters. */
export function encodeCommunication(text: string): Uint8Array {
  if (text === '') return new Uint8Array(0);
  const into = new Uint8Array(1 + LONGEST);
  const { written } = new TextEncoder().encodeInto(text, into.subarray(1));
  into[0] = written;
  return into.slice(0, 1 + written);
}

/** The text, fit for a log; undefined where there is none, or it is none (RFC 9003 4: that is no error). */
export function decodeCommunication(data: Uint8Array): string | undefined {
  const length = data[0] ?? 0;
  if (length === 0 || length + 1 > data.length) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(
      Uint8Array.from(data.subarray(1, 1 + length)),
    );
    return text.replaceAll(UNPRINTABLE, '�');
  } catch {
    return undefined;
  }
}

/** A NOTIFICATION of the neighbour as an operator reads it, with what was said in it. */
export function toldText({ code, subcode, data }: Notification): string {
  const name = notificationText(code, subcode);
  if (code !== NotificationCode.Cease) return name;
  // RFC 8538 3.1: the reason stands inside.
  if (subcode === Cease.HardReset && data.length >= 2) {
    const [inner, detail] = data as unknown as [number, number];
    return `${name}: ${toldText({ code: inner, subcode: detail, data: data.subarray(2) })}`;
  }
  if (subcode !== Cease.AdministrativeShutdown && subcode !== Cease.AdministrativeReset) return name;
  const text = decodeCommunication(data);
  // RFC 9003 4: one that cannot be read is to be seen, too; data of another kind is not to be expected there.
  if (text === undefined)
    return data.length === 0 || data[0] === 0 ? name : `${name}: a text that is no text`;
  return `${name}: ${text}`;
}
