import { AppError } from '../../core/errors.ts';
import { keyPrefixOf } from '../blocks/key-prefix.ts';
import { checkFileName } from '../file-name.ts';

/** A prefix of a container: where names begin. */
export interface SwiftLocation {
  readonly container: string;
  /** What the names of all objects here begin with: '' or `prefix/`. */
  readonly base: string;
  /** `swift://container/prefix`, percent-encoded as in the URL. */
  readonly description: string;
}

/** Of Swift itself, in bytes. */
const maxObjectNameBytes = 1024;
const maxContainerNameBytes = 256;

/** What the names of segments need beyond that of their file (see segment-names.ts). */
const segmentNameBytes = 100;

/** Reads `swift://container/prefix`; container and prefix are percent-decoded once. Throws `location-invalid`. */
export function swiftLocation(url: URL): SwiftLocation {
  const invalid = (fault: string): AppError =>
    new AppError('location-invalid', {
      message: `The storage URL swift://${url.host}${url.pathname} ${fault}.`,
      hint: 'Give container and prefix: swift://container/prefix?auth-url=https://host/auth/v1.0.',
    });
  if (url.username !== '' || url.password !== '')
    throw invalid('names a user; those stand in the credential');
  if (url.port !== '') throw invalid('names a port; that stands in the option auth-url or endpoint');
  const container = containerOf(url.hostname);
  if (container === null) throw invalid('names no container, or one whose percent-encoding is not valid');
  if (container.includes('/') || Buffer.byteLength(container) > maxContainerNameBytes)
    throw invalid(`names a container with a slash, or of more than ${maxContainerNameBytes} bytes`);
  return {
    container,
    base: keyPrefixOf(url),
    description: url.href.replace(/\/$/, ''),
  };
}

function containerOf(host: string): string | null {
  try {
    return decodeURIComponent(host) || null;
  } catch {
    return null;
  }
}

/** The object that keeps the file `name`. Throws `file-name-invalid`, also for names that leave no room for those of segments. */
export function objectName({ base }: SwiftLocation, name: string): string {
  checkFileName(name);
  const object = base + name;
  const most = maxObjectNameBytes - segmentNameBytes;
  if (Buffer.byteLength(object) > most) {
    throw new AppError('file-name-invalid', {
      message: `The object name ${JSON.stringify(object.slice(0, 120))}... is longer than ${most} bytes.`,
      hint: 'Use a shorter prefix or file name.',
    });
  }
  return object;
}
