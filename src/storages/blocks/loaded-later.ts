import type { Storage } from '../storage.ts';

/** A storage whose code (a large client library, mostly) is loaded with its first call, so that commands that do not need it start fast. */
export function loadedLater(
  facts: Pick<Storage, 'description' | 'keeps' | 'lists'>,
  load: () => Promise<Storage>,
): Storage {
  let loading: Promise<Storage> | null = null;
  const loaded = (): Promise<Storage> => {
    loading ??= load();
    return loading;
  };
  return {
    ...facts,
    put: async (...call) => (await loaded()).put(...call),
    async *get(...call) {
      yield* (await loaded()).get(...call);
    },
    stat: async (...call) => (await loaded()).stat(...call),
    async *list(...call) {
      yield* (await loaded()).list(...call);
    },
    remove: async (...call) => (await loaded()).remove(...call),
    sweep: async (...call) => (await loaded()).sweep(...call),
    freeBytes: async (...call) => (await loaded()).freeBytes(...call),
    probe: async (...call) => (await loaded()).probe(...call),
  };
}
