import test from 'ava';
import { cannotListen } from '../../src/chassis/listen-hint.ts';

test('where an address cannot be listened on, what may be wrong is said only where it may be', (t) => {
  const said = (why: string): string => cannotListen(`listen ${why} ::1:179`);
  t.is(
    said('EADDRINUSE: in use'),
    'cannot listen: listen EADDRINUSE: in use ::1:179; is another router running there?',
  );
  t.regex(said('EADDRNOTAVAIL: not available'), /is it an address of this machine\?$/);
  t.regex(said('EACCES: permission denied'), /CAP_NET_BIND_SERVICE$/);
  t.is(said('EINVAL: invalid'), 'cannot listen: listen EINVAL: invalid ::1:179');
});
