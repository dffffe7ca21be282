import type { Finding } from '../../../core/catalogue.ts';

/** @param remedy left out where nothing is to be done */
export const finding = (level: Finding['level'], check: string, message: string, remedy = ''): Finding => ({
  level,
  check,
  message,
  remedy,
});

/** Which way the data will go. */
export type Purpose = 'export' | 'import';
