/** The address of a thread's entry file, compiled or not: `entry(import.meta.url, '../blade/main')`. */
export function entry(from: string, path: string): URL {
  return new URL(path + (from.endsWith('.ts') ? '.ts' : '.js'), from);
}
