import { AppError } from '../core/errors.ts';
import type { Network } from '../network/network.ts';
import { checkLine } from './blocks/credential-text.ts';
import type { OpenedCredential, StorageDriver, StoragePlace } from './storage.ts';

/**
 * What a driver opens, from a location's URL and a credential: the query's options over the credential's, each of a name that the driver
 * declares. Throws `location-invalid`.
 */
export function placeOf(
  driver: StorageDriver,
  location: URL,
  credential: OpenedCredential | null,
  network: Network,
): StoragePlace {
  if (credential !== null) {
    checkType(driver, location, credential);
    checkLine(credential, 'id');
  }
  if (location.hash !== '')
    throw fault('The storage URL has a fragment, which locations do not take.', 'Write # as %23.');
  // Where an authority stands, none is no choice: parsers would take the path for it.
  if (location.host === '' && /^[a-z0-9]+:\/\/[^/]/.test(driver.example)) {
    throw fault(
      `The storage URL names nothing behind ${location.protocol}//, neither a host nor a bucket.`,
      `Write ${driver.example}.`,
    );
  }
  const options = { ...credential?.options, ...optionsOf(driver, location) };
  const url = new URL(location);
  url.search = '';
  url.pathname = plainPath(url.pathname);
  return { url, options, credential, network };
}

/** One spelling for one place: only what must be escaped is. What cannot be decoded stays for the driver to refuse. */
function plainPath(path: string): string {
  try {
    return path
      .split('/')
      .map((part) => encodeURI(decodeURIComponent(part)).replace(/[/?#]/g, encodeURIComponent))
      .join('/');
  } catch {
    return path;
  }
}

function checkType(driver: StorageDriver, location: URL, credential: OpenedCredential): void {
  const types = driver.credentialTypes.map(({ id }) => id);
  if (types.includes(credential.type)) return;
  const taken = types.length === 0 ? 'no credential' : `a credential of the type ${types.join(' or ')}`;
  throw fault(
    `The credential ${credential.name} is of the type ${credential.type}, and ${location.protocol} takes ${taken}.`,
    'Name another credential, or leave it out.',
  );
}

/** What the query of a signed URL has: of Amazon and its kin, of Google, of Azure. */
const signatures = /^(x-(amz|goog)-(signature|credential|security-token)|signature|sig)$/i;

/** Values are not repeated in errors, nor names that look like one: a wrong one may be a secret. */
function optionsOf(driver: StorageDriver, location: URL): Readonly<Record<string, string>> {
  const known = driver.options.map(({ name }) => name);
  const names = [...location.searchParams.keys()].filter((name) => !known.includes(name));
  if (driver.signedUrlHint !== undefined && names.some((name) => signatures.test(name))) {
    throw fault(
      `The storage URL at ${location.host} is signed: its query holds a secret, which a location would show.`,
      driver.signedUrlHint,
    );
  }
  const options = new Map<string, string>();
  for (const [name, value] of location.searchParams) {
    if (!known.includes(name)) {
      const shown = /^[a-z_-]{1,31}$/i.test(name)
        ? `the unknown option ${JSON.stringify(name)}`
        : 'an unknown option';
      throw fault(
        `The storage URL has ${shown}.`,
        known.length === 0
          ? `Leave the query out: ${driver.example}.`
          : `${location.protocol} takes ${known.join(', ')}; write ? in a name as %3F.`,
      );
    }
    if (options.has(name))
      throw fault(`The storage URL has the option ${name} more than once.`, 'Give each option once.');
    if (value === '')
      throw fault(`The storage URL has the option ${name} without a value.`, 'Give it one, or leave it out.');
    options.set(name, value);
  }
  return Object.fromEntries(options);
}

const fault = (message: string, hint: string): AppError =>
  new AppError('location-invalid', { message, hint });
