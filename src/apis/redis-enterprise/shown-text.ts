/**
 * A sentence for clients of this API: credentials that came with a request have no names there, though messages of the service give them
 * the ones that it keeps them under.
 */
export const shownText = (text: string): string =>
  text.replaceAll(/\bcredential "?(?:own|job:[\w-]+):\d+"?/g, 'credential of the request');
