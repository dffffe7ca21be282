import type { ErrorCode } from '../../core/error-catalogue.ts';
import type { ErrorRecord } from '../../core/errors.ts';

export const exportReasons = ['no-permission', 'wrong-file-path', 'general-error'] as const;
export type ExportReason = (typeof exportReasons)[number];

/** One more is made of two figures, see {@link importReason}. */
export const importReasons = [
  'download-error',
  'file-corrupted',
  'general-error',
  'key-too-long',
  'invalid-bulk-length',
  'out-of-memory',
] as const;
export type ImportReason = (typeof importReasons)[number] | `file-larger-than-mem-limit:${number}:${number}`;

const exportReasonsByCode: Readonly<Partial<Record<ErrorCode, ExportReason>>> = {
  'database-refused': 'no-permission',
  'database-privilege': 'no-permission',
  'storage-denied': 'no-permission',
  'host-key-changed': 'no-permission',
  'address-refused': 'no-permission',
  'credential-unknown': 'no-permission',
  forbidden: 'no-permission',
  'bucket-missing': 'wrong-file-path',
  'directory-unknown': 'wrong-file-path',
  'file-exists': 'wrong-file-path',
  'file-missing': 'wrong-file-path',
  'file-name-invalid': 'wrong-file-path',
  'location-invalid': 'wrong-file-path',
};

const importReasonsByCode: Readonly<Partial<Record<ErrorCode, ImportReason>>> = {
  'storage-denied': 'download-error',
  'storage-failed': 'download-error',
  'storage-timeout': 'download-error',
  'storage-throttled': 'download-error',
  'storage-unreachable': 'download-error',
  'bucket-missing': 'download-error',
  'directory-unknown': 'download-error',
  'file-missing': 'download-error',
  'file-name-invalid': 'download-error',
  'location-invalid': 'download-error',
  'host-key-changed': 'download-error',
  'address-refused': 'download-error',
  'credential-unknown': 'download-error',
  'dump-damaged': 'file-corrupted',
  'dump-truncated': 'file-corrupted',
  'dump-incomplete': 'file-corrupted',
  'dump-not-a-dump': 'file-corrupted',
  'dump-version': 'file-corrupted',
  'encryption-key-missing': 'file-corrupted',
  'encryption-key-wrong': 'file-corrupted',
  'database-full': 'out-of-memory',
};

/** The reason that an export gives for an error of its job. */
export const exportReason = ({ code }: Pick<ErrorRecord, 'code'>): ExportReason =>
  exportReasonsByCode[code] ?? 'general-error';

/** What a server says when it takes no value or key of such a size: there is no code for it, and the message is its own. */
const importReasonsByWords: readonly (readonly [RegExp, ImportReason])[] = [
  [/invalid bulk length/i, 'invalid-bulk-length'],
  [/\bkey\b.*\b(?:too long|exceeds)/i, 'key-too-long'],
  [/\bOOM command not allowed/, 'out-of-memory'],
];

/** The reason that an import gives for an error of its job. */
export function importReason({
  code,
  message,
  figures,
}: Pick<ErrorRecord, 'code' | 'message' | 'figures'>): ImportReason {
  if (code === 'database-full' && figures?.expected !== undefined && figures.limit !== undefined) {
    return `file-larger-than-mem-limit:${figures.expected}:${figures.limit}`;
  }
  if (code === 'database-statement') {
    return importReasonsByWords.find(([words]) => words.test(message))?.[1] ?? 'general-error';
  }
  return importReasonsByCode[code] ?? 'general-error';
}
