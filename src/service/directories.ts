import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defaultDirectory } from '../core/default-directory.ts';
import { AppError, withField } from '../core/errors.ts';
import { unfinishedStates } from '../core/job.ts';
import { checkNewName } from '../core/name.ts';
import { parseLocationUrl } from '../operations/environment.ts';
import { readOnlyStorage } from '../operations/read-only-storage.ts';
import type { DirectoryRecord, Registry } from '../registry/registry.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { refuseWhileBackupsNeed } from './backup-uses.ts';
import { usableCredential } from './credentials.ts';
import { ioContext, type ServiceDependencies } from './dependencies.ts';
import { fieldInvalid, readCredentialName, readFlag, readObject, readText } from './input.ts';
import { locationsOf } from './job-credentials.ts';
import type { CallContext, DirectoryView, Service } from './service.ts';

type DirectoryFunctions = Pick<
  Service,
  'addDirectory' | 'getDirectory' | 'listDirectories' | 'removeDirectory'
>;

const pathHint = 'Give an absolute path such as /var/dumps, or a storage URL such as s3://bucket/dumps.';

/** Named locations: commands and queries. */
export function createDirectories(parts: ServiceDependencies): DirectoryFunctions {
  const { registry, environment, store } = parts;

  /** A directory that cannot be used as it is meant to be is refused now, not when the first job fails. */
  async function probe(
    { url, credential, readOnly }: Pick<DirectoryRecord, 'url' | 'credential' | 'readOnly'>,
    context: CallContext,
  ): Promise<void> {
    try {
      const storage = await environment.storage({ type: 'url', url, credential });
      await (readOnly ? readOnlyStorage(storage) : storage).probe(ioContext(parts, context));
    } catch (error) {
      throw withField(error, 'path');
    }
  }

  return {
    async addDirectory(context, rawInput) {
      const input = readObject(rawInput);
      const name = checkNewName(input.name, 'name');
      await authoriseCommand(parts, context, { name: 'directory:add', subject: name }, () =>
        authorise(context, 'directory:manage'),
      );
      const url = urlOf(readText(input.path, 'path', pathHint));
      const credential = readCredentialName(input.credential, 'credential');
      if (credential !== null) await usableCredential(parts, context, credential, 'credential');
      const readOnly = readFlag(input.readOnly, 'read_only');
      const shared = readFlag(input.shared, 'shared');
      if (shared && new URL(url).protocol !== 'file:') {
        throw fieldInvalid(
          'shared',
          'is said of a place that every instance reaches anyway',
          'Leave it out.',
        );
      }
      await probe({ url, credential, readOnly }, context);
      return viewOf(await registry.addDirectory({ name, url, credential, readOnly, shared }));
    },

    async getDirectory(context, name) {
      authorise(context, 'directory:read');
      const record = await registry.getDirectory(name);
      if (record !== null) return viewOf(record);
      throw new AppError('directory-unknown', {
        field: 'directory',
        message: `There is no directory ${JSON.stringify(name)}.`,
      });
    },

    async listDirectories(context) {
      authorise(context, 'directory:read');
      return (await registry.listDirectories()).map(viewOf);
    },

    async removeDirectory(context, name) {
      await authoriseCommand(parts, context, { name: 'directory:remove', subject: name }, () =>
        authorise(context, 'directory:manage'),
      );
      const unfinished = await store.listJobs({ states: unfinishedStates, limit: 1000 });
      const job = unfinished.find(({ request }) =>
        locationsOf(request).some((place) => place.type === 'directory' && place.directory === name),
      );
      if (job !== undefined) {
        throw new AppError('directory-in-use', {
          field: 'name',
          message: `The job ${job.name} uses directory ${name} and is not finished.`,
        });
      }
      await refuseWhileBackupsNeed(parts, 'directory', name);
      await registry.removeDirectory(name);
    },
  };
}

/** Makes what exists from the start: the directory DATA_PUMP_DIR, at `dumpFolder` unless somebody gave it another place. */
export async function ensureDefaults(registry: Registry, dumpFolder: string): Promise<void> {
  if ((await registry.getDirectory(defaultDirectory)) !== null) return;
  await registry.addDirectory({
    name: defaultDirectory,
    url: pathToFileURL(dumpFolder).href,
    credential: null,
  });
}

function urlOf(path: string): string {
  if (isAbsolute(path)) return pathToFileURL(path).href;
  if (/^[A-Za-z][A-Za-z0-9+.-]+:/.test(path)) return parseLocationUrl(path, 'path').href;
  throw fieldInvalid('path', `must be absolute, not ${JSON.stringify(path)}`, pathHint);
}

const viewOf = ({ name, url, credential, readOnly, shared, createdAt }: DirectoryRecord): DirectoryView => ({
  name,
  url,
  credential,
  readOnly,
  shared,
  createdAt,
});
