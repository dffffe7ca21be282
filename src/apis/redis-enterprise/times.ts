/** `2026-11-21T03:04:05Z`: how the contract prints a moment. */
export const timeText = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

/** `2026-11-21T030405Z`: a moment within a file name. */
export const fileTime = (at: number): string => timeText(at).replaceAll(':', '');

/** Whole seconds since 1970. */
export const seconds = (at: number): number => Math.floor(at / 1000);
