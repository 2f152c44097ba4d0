import test from 'ava';
import { Sweeper } from '../../src/chassis/sweeper.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { SESSION_NUMBER } from '../../src/fabric/layout.ts';
import { createFabricMemory, defaultFabricOptions } from '../../src/fabric/memory.ts';

test('no sweep is due after a first table, however large, and one is when its routes have gone', (t) => {
  const options = { ...defaultFabricOptions(1, 2), prefixes4: 1 << 14 };
  const fabric = new Fabric(createFabricMemory(options), 0, () => {});
  const sweeper = new Sweeper(fabric, () => true);
  const told = 12_000;
  for (let i = 0; i < told; i++) fabric.prefixes.intern4((i << 8) >>> 0, 24);
  fabric.count(1, SESSION_NUMBER.announcementsReceived, told);
  fabric.count(1, SESSION_NUMBER.routesReceived, told);
  t.false(sweeper.need.due);
  fabric.count(1, SESSION_NUMBER.routesReceived, -told / 2);
  t.true(sweeper.need.due);
});

test('a sweep is due when a table is nearly full, whatever has gone', (t) => {
  const options = { ...defaultFabricOptions(1, 2), prefixes4: 1 << 14 };
  const fabric = new Fabric(createFabricMemory(options), 0, () => {});
  for (let i = 0; i < 16_000; i++) fabric.prefixes.intern4((i << 8) >>> 0, 24);
  t.true(new Sweeper(fabric, () => true).need.due);
});
