const units = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const;

/** `1.5 GB`; powers of 1024. */
export function sizeText(bytes: number): string {
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(bytes, 1)) / 10)));
  const value = bytes / 1024 ** unit;
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** The reverse, with or without the B: `500M`, `1.5 GB`, `1048576`; in bytes. Null for what is no size. */
export function parseSize(text: string): number | null {
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?(?:([KMGT])i?)?B?$/i.exec(text.trim());
  if (match === null) return null;
  const power = ['', 'K', 'M', 'G', 'T'].indexOf(match[2]?.toUpperCase() ?? '');
  const bytes = Number(match[1]) * 1024 ** power;
  return Number.isSafeInteger(bytes) ? bytes : null;
}
