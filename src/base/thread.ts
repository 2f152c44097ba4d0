/** The address of a thread's entry file, compiled or not: `entry(import.meta.url, '../blade/main')`. */
export function entry(from: string, path: string): URL {
  return new URL(path + (from.endsWith('.ts') ? '.ts' : '.js'), from);
}

/**
 * MiB that a thread may have for what it has just made, three times what it fills before it looks what of that is still in use. Routes
 * stand in the fabric: what is made and forgotten on the way of a route is little, and more room for it is only touched.
 */
export const YOUNG_MEMORY = 6;
