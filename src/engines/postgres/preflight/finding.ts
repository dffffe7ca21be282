import type { Finding } from '../../../core/catalogue.ts';

export const finding = (
  level: Finding['level'],
  check: string,
  message: string,
  remedy = 'Nothing to do.',
): Finding => ({ level, check, message, remedy });

/** Which way the data will go. */
export type Purpose = 'export' | 'import';
