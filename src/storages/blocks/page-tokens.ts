import { AppError } from '../../core/errors.ts';

/**
 * Watches the tokens by which the pages of one list are asked for. A server that gives one again would be asked for ever: then the function
 * throws `storage-failed`.
 * @param subject the location
 */
export function createPageTokens(subject: string): (token: string) => void {
  const seen = new Set<string>();
  return (token) => {
    if (seen.has(token)) {
      throw new AppError('storage-failed', {
        message: `${subject} cannot be listed: the storage leads from one page back to a page before it.`,
        hint: 'The storage does not follow its protocol: check its version, and what stands before it.',
        operation: 'list',
        temporary: false,
      });
    }
    seen.add(token);
  };
}
