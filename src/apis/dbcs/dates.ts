const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** `23-Jul-2016 23:04:54 UTC`: how lists and jobs print a moment. */
export function dateText(at: number): string {
  const date = new Date(at);
  const day = `${twoDigits(date.getUTCDate())}-${months[date.getUTCMonth()]}-${date.getUTCFullYear()}`;
  return `${day} ${date.toISOString().slice(11, 19)} UTC`;
}

/** `2016-07-27T19:02:36.517+0000`: how the activity log prints one. */
export const activityDate = (at: number): string => new Date(at).toISOString().replace('Z', '+0000');

/** The moment of `23-Jul-2016 23:04:54`, with or without ` UTC` behind it; null when it is none. */
export function readDate(text: string): number | null {
  const parts = /^(\d{2})-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2})(?: UTC)?$/.exec(text.trim());
  if (parts === null) return null;
  const [, day, word = '', year, hour, minute, second] = parts;
  const month = months.findIndex((each) => each.toLowerCase() === word.toLowerCase());
  if (month < 0) return null;
  const at = Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second));
  // The 31st of a month that has none would be another day.
  const isThatDay = dateText(at).slice(0, 20).toLowerCase() === text.trim().slice(0, 20).toLowerCase();
  return isThatDay ? at : null;
}
