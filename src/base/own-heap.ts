/** The heap of the thread that asks: what V8 keeps for it, and what it collects of that when it is told to. */
import v8 from 'node:v8';
import vm from 'node:vm';

export interface Heap {
  /** Bytes, with what nobody uses any more. */
  used(): number;
  collect(): void;
}

export interface OwnHeap extends Heap {
  /** Collects, and moves together what is left, so that less is kept. */
  compact(): void;
}

export function ownHeap(): OwnHeap {
  let gc: (() => void) | undefined;
  const collect = (): void => {
    if (gc === undefined) {
      v8.setFlagsFromString('--expose-gc');
      gc = vm.runInNewContext('gc') as () => void;
    }
    gc();
  };
  return {
    used: () => v8.getHeapStatistics().used_heap_size,
    collect,
    compact: () => {
      v8.setFlagsFromString('--compact-on-every-full-gc');
      collect();
      v8.setFlagsFromString('--no-compact-on-every-full-gc');
    },
  };
}
