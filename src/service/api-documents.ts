import { AppError } from '../core/errors.ts';
import { isAllowed } from '../core/permission.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { unknownDatabase } from './databases.ts';
import type { ServiceDependencies } from './dependencies.ts';
import type { ApiDocument, Service } from './service.ts';
import type { InTurn } from './wallet.ts';

/** A document is a handful of settings, not a place for data. */
const mostBytes = 64 * 1024;

/** What APIs keep about databases, sealed: it may hold secrets. */
export function createApiDocuments(
  parts: ServiceDependencies,
  inTurn: InTurn,
): Pick<Service, 'apiDocument' | 'apiDocuments' | 'changeApiDocument'> {
  const { registry, wallet } = parts;
  const open = (sealed: string): ApiDocument => JSON.parse(wallet.unseal(sealed)) as ApiDocument;

  function seal(document: ApiDocument): string {
    const text = JSON.stringify(document);
    const bytes = Buffer.byteLength(text);
    if (bytes <= mostBytes) return wallet.seal(text);
    throw new AppError('body-too-large', {
      message: `What would be kept about the database has ${bytes} bytes, more than ${mostBytes}.`,
      hint: 'Shorten it.',
    });
  }

  return {
    async apiDocument(context, address) {
      const { database } = address;
      authorise(context, 'database:read', { database });
      if ((await registry.getDatabase(database)) === null) throw unknownDatabase(database);
      const sealed = await registry.getDocument(address);
      return sealed === null ? null : open(sealed);
    },

    async apiDocuments(context, api, key) {
      authorise(context, 'database:read');
      const found = [...(await registry.listDocuments(api, key))];
      return new Map(
        found
          .filter(([database]) => isAllowed(context.caller, 'database:read', { database }))
          .map(([database, sealed]) => [database, open(sealed)]),
      );
    },

    async changeApiDocument(context, address, action, change) {
      const { database } = address;
      await authoriseCommand(parts, context, { name: action, subject: database }, () =>
        authorise(context, 'database:configure', { database }),
      );
      let result: ApiDocument | null = null;
      await inTurn(() =>
        registry.changeDocument(address, (sealed) => {
          result = change(sealed === null ? null : open(sealed));
          return result === null ? null : seal(result);
        }),
      );
      return result;
    },
  };
}
