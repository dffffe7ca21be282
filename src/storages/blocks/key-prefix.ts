import { AppError } from '../../core/errors.ts';
import { checkFileName } from '../file-name.ts';

/**
 * What stands before every name at an object storage: the path of the location's URL, decoded once, with a slash at its end; '' when there is
 * none. Throws `location-invalid`.
 */
export function keyPrefixOf(url: URL): string {
  const path = url.pathname.replace(/^\//, '').replace(/\/$/, '');
  if (path === '') return '';
  try {
    const prefix = decodeURIComponent(path);
    checkFileName(prefix);
    return `${prefix}/`;
  } catch (error) {
    const fault = error instanceof AppError ? error.message : `${path} is not valid percent-encoding.`;
    throw new AppError('location-invalid', {
      message: `The path of the storage URL cannot stand before names: ${fault}`,
      hint: `Write plain parts with / between them, and % as %25: ${url.protocol}//${url.host}/backups/shop.`,
    });
  }
}
