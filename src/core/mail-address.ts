/** One `name@host` without quotes, comments or a display name: what people have, and nothing that could mean more in a mail header or a URL. */
const addressPattern =
  /^[A-Za-z0-9](?:[A-Za-z0-9._%+-]{0,62}[A-Za-z0-9_%+-])?@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/;
/** In characters. */
export const longestAddress = 254;

/** Whether mail can go to the text as it stands. */
export const isMailAddress = (text: string): boolean =>
  text.length <= longestAddress && addressPattern.test(text) && !text.includes('..');
