import type { Registry } from '../registry/registry.ts';
import type { ServiceDependencies } from './dependencies.ts';
import type { InTurn } from './wallet.ts';

/** What is kept of an installation, sealed, with its database. */
export interface InstallationRecord {
  /** Of what it makes: see Accounts.version. */
  readonly version: number;
  readonly user: string;
  /** The user was somebody else's, and stays when the installation goes. */
  readonly isTakenOver: boolean;
  readonly readOnly: boolean;
  readonly schemas: readonly string[] | null;
  readonly owners: readonly string[];
}

const address = (database: string): Parameters<Registry['getDocument']>[0] => ({
  api: 'service',
  database,
  key: 'installation',
});

/** Where it is kept. */
export interface InstallationRecords {
  /** Null: the database was registered by hand, or is not there. */
  read(database: string): Promise<InstallationRecord | null>;
  write(database: string, record: InstallationRecord): Promise<void>;
}

export function createInstallationRecords(
  { registry, wallet }: Pick<ServiceDependencies, 'registry' | 'wallet'>,
  inTurn: InTurn,
): InstallationRecords {
  return {
    async read(database) {
      const sealed = await registry.getDocument(address(database));
      return sealed === null ? null : (JSON.parse(wallet.unseal(sealed)) as InstallationRecord);
    },
    async write(database, record) {
      await inTurn(() =>
        registry.changeDocument(address(database), () => wallet.seal(JSON.stringify(record))),
      );
    },
  };
}
