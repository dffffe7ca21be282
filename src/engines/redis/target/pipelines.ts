import { addressText } from '../client/address.ts';
import type { Lane, LaneReplies } from './lane.ts';
import type { Masters, Route } from './masters.ts';

/** Unanswered bytes of a lane at most, but for one command: more makes no server faster, and is memory here and there. */
const inFlightBytes = 512 * 1024;

/** The lanes of one unit: some for each master. */
export interface Pipelines {
  /** Commands of one key always take the same lane; `hash` chooses among those of its master. */
  laneOf(key: Uint8Array, hash: number): Lane;
  /** Null, or resolves, when more commands may be added. */
  room(): Promise<void> | null;
  /** Sends everything, and resolves when all of it is answered. */
  settle(): Promise<void>;
  /** Takes over what the masters are by now; nothing may be on its way. */
  renew(signal: AbortSignal): Promise<void>;
  /** Ends all waiting. */
  fail(reason: unknown): void;
  /** Gives the lanes back; those that owe answers are closed. */
  release(): Promise<void>;
}

export async function openPipelines(
  masters: Masters,
  database: number,
  lanesPerMaster: number,
  replies: LaneReplies,
  signal: AbortSignal,
): Promise<Pipelines> {
  let route: Route = masters.route;
  /** Those of the master `index` begin at `index * lanesPerMaster`. */
  let lanes: Lane[] = [];

  const release = async (): Promise<void> => {
    await Promise.all(lanes.splice(0).map((lane) => masters.release(lane)));
  };
  const open = async (signal: AbortSignal): Promise<void> => {
    ({ route } = masters);
    const wanted = route.addresses.flatMap((address) =>
      Array.from({ length: lanesPerMaster }, () => address),
    );
    const opened = await Promise.allSettled(wanted.map((address) => masters.lane(address, database, signal)));
    lanes = opened.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    const failed = opened.find((one) => one.status === 'rejected');
    if (failed !== undefined) {
      await release();
      throw failed.reason;
    }
    for (const lane of lanes) lane.use(replies);
  };
  await open(signal);

  return {
    laneOf: (key, hash) => lanes[route.of(key) * lanesPerMaster + (hash % lanesPerMaster)] as Lane,
    room() {
      const full = lanes.flatMap((lane) => lane.below(inFlightBytes) ?? []);
      return full.length === 0 ? null : allOf(full);
    },
    async settle() {
      for (const lane of lanes) lane.flush();
      await allOf(lanes.flatMap((lane) => lane.below(0) ?? []));
    },
    async renew(signal) {
      const now = masters.route;
      const isSame =
        now.addresses.length === route.addresses.length &&
        now.addresses.every(
          (address, at) =>
            addressText(address) === addressText(lanes[at * lanesPerMaster]?.address ?? address),
        );
      if (isSame) {
        route = now;
        return;
      }
      await release();
      await open(signal);
    },
    fail(reason) {
      for (const lane of lanes) lane.fail(reason);
    },
    release,
  };
}

async function allOf(waits: readonly Promise<void>[]): Promise<void> {
  await Promise.all(waits);
}
