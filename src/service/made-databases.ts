import { AppError } from '../core/errors.ts';
import { sealTarget } from '../operations/environment.ts';
import type { JobDatabases } from '../operations/scratch.ts';
import type { ServiceDependencies } from './dependencies.ts';
import type { InTurn } from './wallet.ts';

/** The databases that jobs made for themselves, in the registry beside those of users. */
export function createJobDatabases(
  { registry, wallet }: Pick<ServiceDependencies, 'registry' | 'wallet'>,
  inTurn: InTurn,
): JobDatabases {
  const find = async (name: string): Promise<number | null> =>
    (await registry.getDatabase(name))?.uid ?? null;
  return {
    find,
    list: async () => (await registry.listJobDatabases()).map(({ name }) => name),

    put: (name, engine, target) =>
      inTurn(async () => {
        const known = await find(name);
        if (known !== null) return known;
        const { uid } = await registry.addDatabase({
          name,
          engine: engine.id,
          sealedTarget: sealTarget(wallet, target),
          description: engine.describe(target),
        });
        return uid;
      }),

    async remove(name) {
      try {
        await registry.removeDatabase(name);
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'database-unknown')) throw error;
      }
    },
  };
}
