import { AppError } from '../../core/errors.ts';

export const invalidUrl = (message: string, hint?: string): AppError =>
  new AppError('url-invalid', {
    message,
    field: 'url',
    operation: 'parse database URL',
    hint: hint ?? 'Use redis://user:password@host:port/database, or rediss:// with TLS.',
  });

/** @param part as the message names it */
export function wholeNumber(text: string, part: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw invalidUrl(`The ${part} of the database URL is not a whole number from ${least} to ${most}.`);
}

/** Percent-decodes a part. */
export function decodePart(text: string, part: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw invalidUrl(
      `The ${part} of the database URL has a % that does not begin a percent-encoded character.`,
      'Write %25 for a percent sign.',
    );
  }
  if (decoded.includes('\0')) throw invalidUrl(`The ${part} of the database URL holds a zero byte.`);
  return decoded;
}
