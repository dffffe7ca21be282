import { startGcsFake } from '../../harness/gcs-fake.ts';
import type { RemotePlace } from '../../harness/remote-place.ts';
import { storageLife } from './life.ts';

const bucket = 'life';

/** By the strict fake: there is no honest server to be had. */
storageLife('gcs', openFake, { lists: true, inCampaign: true });

async function openFake(): Promise<RemotePlace> {
  const fake = await startGcsFake();
  fake.makeBucket(bucket, false);
  return {
    locationOf: (base) => `gs://${bucket}/${base}?endpoint=${encodeURIComponent(fake.endpoint)}`,
    credential: { type: 'gcs', id: null, secret: fake.keyFile('writer', 'write') },
    // Sessions of killed processes show to nobody and fade; only they may be open.
    leftovers: () => Promise.resolve([]),
    [Symbol.asyncDispose]: () => fake.stop(),
  };
}
