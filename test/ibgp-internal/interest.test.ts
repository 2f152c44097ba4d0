import test from 'ava';
import { explore, type ModelOptions, type ModelSession, type Omission } from './interest-model.ts';

const route = (home: number): ModelSession => ({ home, announces: true, told: false });
const listener = (home: number): ModelSession => ({ home, announces: false, told: true });
const isUp = { up: true };

const BOXES = {
  'two blades with routes, one of which is told at times': {
    blades: 2,
    sessions: [route(0), route(1), listener(1)],
    changes: 2,
    turnovers: 2,
    clears: 1,
  },
  'three blades, one of which only tells': {
    blades: 3,
    sessions: [route(0), route(1), listener(2)],
    changes: 2,
    turnovers: 2,
  },
  'routes that are grafted to where nothing was': {
    blades: 3,
    sessions: [route(0), route(2)],
    changes: 1,
    turnovers: 0,
    graft: [0, 1],
  },
  'a neighbour that is grafted, and goes down': {
    blades: 2,
    sessions: [{ ...listener(0), ...isUp }, route(0)],
    changes: 2,
    turnovers: 1,
    graft: [0, 1],
  },
  'a neighbour that is grafted to where nothing was': {
    blades: 3,
    sessions: [{ ...listener(0), ...isUp }, route(2)],
    changes: 1,
    turnovers: 0,
    graft: [0, 1],
  },
  'blades that die': {
    blades: 2,
    sessions: [route(0), { ...listener(1), ...isUp }],
    changes: 2,
    turnovers: 2,
    deaths: [0],
  },
} satisfies Record<string, ModelOptions>;

for (const [name, box] of Object.entries(BOXES))
  test(`in whatever order steps are made, all ends as with one blade: ${name}`, (t) => {
    t.log(`${explore(box)} states`);
    t.pass();
  });

const OMISSIONS: Record<Omission, keyof typeof BOXES> = {
  fence: 'two blades with routes, one of which is told at times',
  forgetting: 'two blades with routes, one of which is told at times',
  doubt: 'two blades with routes, one of which is told at times',
  confirming: 'two blades with routes, one of which is told at times',
  'own buckets': 'two blades with routes, one of which is told at times',
  'before telling': 'two blades with routes, one of which is told at times',
  'forgetting after a death': 'blades that die',
  'keeping nothing': 'a neighbour that is grafted, and goes down',
  'news of none': 'a neighbour that is grafted, and goes down',
  'before a graft': 'a neighbour that is grafted to where nothing was',
};

for (const [omission, box] of Object.entries(OMISSIONS))
  test(`it shows when this is left out: ${omission}`, (t) => {
    t.throws(() => explore({ ...BOXES[box], omit: omission as Omission }));
  });
