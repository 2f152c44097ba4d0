/** What an operator may look at where an address cannot be listened on, by the name of the system's error. */
const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is another router running there?',
  EADDRNOTAVAIL: 'is it an address of this machine?',
  EAFNOSUPPORT: 'does this machine have IPv6?',
  EACCES: 'ports below 1024 are for root, and for whoever has CAP_NET_BIND_SERVICE',
};

export function cannotListen(why: string): string {
  const hint = Object.keys(HINTS).find((code) => why.includes(code));
  return `cannot listen: ${why}${hint === undefined ? '' : `; ${HINTS[hint]}`}`;
}
