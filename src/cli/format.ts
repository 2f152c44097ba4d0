/** How single values look to people. */
import type { SessionState } from '../chassis/operations.ts';
import type { Style, Terminal } from './terminal.ts';

/** With thousands separators where a person looks, as digits in a pipe. */
export function number(value: number, terminal: Terminal): string {
  return terminal.interactive ? value.toLocaleString('en-US') : String(value);
}

export function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  const days = Math.floor(whole / 86400);
  const clock = [Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  const text = clock.map((part) => String(part).padStart(2, '0')).join(':');
  return days > 0 ? `${days}d ${text}` : text;
}

export function microseconds(value: number): string {
  if (value < 10_000) return `${value.toFixed(value < 100 ? 1 : 0)} µs`;
  return value < 10_000_000 ? `${(value / 1000).toFixed(1)} ms` : `${(value / 1_000_000).toFixed(1)} s`;
}

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  return `${power === 0 ? value : (value / 1024 ** power).toFixed(1)} ${units[power]}`;
}

export function load(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

/** `2024-05-06 07:08:09` of an ISO 8601 time. */
export function moment(iso: string): string {
  return iso.replace('T', ' ').replace(/(\.\d+)?Z$/, '');
}

export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`;
}

export function stateStyle(state: SessionState): Style {
  if (state === 'Established') return 'green';
  return state === 'Inactive' ? 'cyan' : 'yellow';
}
