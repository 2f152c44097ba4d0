declare module 'unbzip2-stream' {
  /** A stream of Node.js' first kind: bzip2 in, plain out. */
  export default function unbzip2(): NodeJS.ReadWriteStream;
}
