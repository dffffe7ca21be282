/** From the most talkative to none. Apart from the log itself, so that who only names a level does not load it. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];
