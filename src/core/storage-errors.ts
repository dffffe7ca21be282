import { type CatalogueEntry, entry, lasting } from './error-entry.ts';

/** Errors of storages and dump sets: a part of the catalogue. */
export const storageErrors = {
  'file-exists': entry(
    'conflict',
    'A file of that name exists and overwriting was not asked for.',
    'Choose another file name or location, or remove the file.',
  ),
  'file-missing': entry(
    'not_found',
    'A file of the dump set does not exist.',
    'Check the location and the file pattern.',
  ),
  'storage-unwritable': entry(
    'unavailable',
    'The location cannot be written to.',
    'Check the permissions and the free space of the location.',
  ),
  'storage-failed': entry(
    'unavailable',
    'The storage reported an error.',
    'Check the storage; the message is its own.',
  ),
  'storage-timeout': entry(
    'timeout',
    'The storage does not answer in time.',
    'Check the storage and the network.',
  ),
  'storage-unreachable': entry(
    'unavailable',
    'Nobody answers at the storage, or the connection broke.',
    'Check the endpoint, the network and the firewall.',
  ),
  'storage-throttled': entry(
    'unavailable',
    'The storage asks for fewer requests.',
    'Use fewer threads, or lower the option storage-concurrency.',
  ),
  'storage-denied': lasting(
    'The storage refuses the credential, or does not let it do this.',
    'Check the credential (pumphouse credential list) and its rights at the storage.',
  ),
  'storage-full': lasting(
    'The storage has no room left, or a quota is used up.',
    'Make room or raise the quota, then resume the job.',
  ),
  'bucket-missing': lasting(
    'The bucket or container of the location does not exist.',
    'Create it at the storage, or correct the location.',
  ),
  'host-key-changed': lasting(
    'An SSH server shows another host key than the pinned one, or none is pinned.',
    'Compare the fingerprint with the server administrator, then set the option host-key of the credential.',
  ),
  'address-refused': entry(
    'forbidden',
    'The URL policy refuses the address that a URL leads to.',
    'Allow the host or its range with the option url-allow (PUMPHOUSE_URL_ALLOW).',
  ),
  'dump-in-use': entry(
    'conflict',
    'An unfinished job reads, writes or removes the dump set.',
    'Wait for the job or cancel it first.',
  ),
  'file-size-too-small': entry(
    'invalid',
    'The dump set cannot be cut into files of that size: a table or a part of it is larger, or they would be too many.',
    'Give a larger file_size.',
  ),
  'encryption-key-missing': entry(
    'invalid',
    'The dump set is encrypted and no key was given.',
    'Name the credential that holds the key: --decrypt NAME, or encryption_key in requests.',
  ),
  'encryption-key-wrong': entry(
    'invalid',
    'The key given is not the one that the dump set was encrypted with.',
    'Name the credential that holds the right key; nothing has been written.',
  ),
  'dump-incomplete': entry(
    'corrupt',
    'The dump set has no manifest: its export did not complete.',
    'Resume the export, or use another dump set.',
  ),
  'dump-truncated': entry(
    'corrupt',
    'A file of the dump set is shorter or longer than the manifest says.',
    'Copy the file again from its source, or use another dump set.',
  ),
  'dump-damaged': entry(
    'corrupt',
    'The content of a dump set does not match its digest.',
    'Copy the file again from its source, or use another dump set.',
  ),
  'dump-version': entry(
    'unsupported',
    'The dump set was written by a newer format version.',
    'Use a newer Pumphouse.',
  ),
  'dump-not-a-dump': entry(
    'corrupt',
    'The location holds no dump set, or its manifest cannot be read.',
    'Check the location and the file pattern.',
  ),
} as const satisfies Record<string, CatalogueEntry>;
