import type { PgBoss } from 'pg-boss';
import type { InstanceStore } from '../instance-store.ts';
import { homeQueue, homeQueuePrefix } from './ticket-queue.ts';

/** An instance that was taken for gone and comes back still finds its queue for this long. */
const keptMs = 24 * 60 * 60 * 1000;

/** Removes the home queues of instances that ended without doing so. What was in them has been offered to everybody when the instance was buried. */
export async function sweepHomeQueues(
  boss: PgBoss,
  instances: Pick<InstanceStore, 'listInstances'>,
): Promise<void> {
  const queues = await boss.getQueues();
  const homes = new Set((await instances.listInstances()).map(({ id }) => homeQueue(id)));
  for (const { name, createdOn } of queues) {
    const isOld = Date.now() - createdOn.getTime() > keptMs;
    if (name.startsWith(homeQueuePrefix) && isOld && !homes.has(name)) await boss.deleteQueue(name);
  }
}
