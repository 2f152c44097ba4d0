/** Why a file cannot be read or written, in words; what has none is said as the system says it. */
const WHY: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EISDIR: 'it is a folder',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device',
};

export function readTrouble(error: unknown): string {
  return trouble(error, 'there is no such file');
}

export function writeTrouble(error: unknown): string {
  return trouble(error, 'there is no such folder');
}

function trouble(error: unknown, missing: string): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR' ? missing : (WHY[code] ?? message);
}
