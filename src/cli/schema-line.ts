/**
 * The first line of a configuration, by which editors that know the YAML language server check it and complete its keys. The
 * schema is in the package; the path is relative where the file is in there too, so that both can be moved together.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const SCHEMA = 'graftd.schema.json';

export function schemaLine(file: string): string {
  return `# yaml-language-server: $schema=${schemaFor(path.resolve(file))}\n`;
}

function schemaFor(file: string): string {
  const schema = schemaFile();
  const relative = path.relative(path.dirname(schema), path.dirname(file));
  if (!relative.startsWith('..') && !path.isAbsolute(relative))
    return path.join(path.relative(path.dirname(file), path.dirname(schema)) || '.', SCHEMA);
  // The line ends at a blank.
  return /\s/.test(schema) ? pathToFileURL(schema).href : schema;
}

/** Of the package that this file is part of, built or not. */
function schemaFile(): string {
  const [built, source] = ['../../../', '../../'].map((up) =>
    fileURLToPath(new URL(up + SCHEMA, import.meta.url)),
  ) as [string, string];
  return existsSync(built) ? built : source;
}
