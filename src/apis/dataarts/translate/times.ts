/** Zones off the hour that know no daylight saving, by what stands after `GMT`. */
const partHourZones: Readonly<Record<string, string>> = {
  '+3:30': 'Asia/Tehran',
  '+4:30': 'Asia/Kabul',
  '+5:30': 'Asia/Kolkata',
  '+5:45': 'Asia/Kathmandu',
  '+6:30': 'Asia/Yangon',
  '+9:30': 'Australia/Darwin',
  '-9:30': 'Pacific/Marquesas',
};

/** The IANA zone of `GMT+8`; other texts as they are: names, or what no schedule will take. */
export function ownTimeZone(text: string): string {
  const match = /^(?:GMT|UTC)(?:([+-])0?(\d{1,2})(?::?(\d\d))?)?$/i.exec(text.trim());
  if (match === null) return text.trim();
  const [, sign = '+', hours = '0', minutes = '00'] = match;
  if (minutes !== '00') return partHourZones[`${sign}${hours}:${minutes}`] ?? text.trim();
  if (Number(hours) === 0) return 'UTC';
  // The names of these zones count westwards.
  return `Etc/GMT${sign === '+' ? '-' : '+'}${hours}`;
}

/** The reverse. */
export function theirTimeZone(zone: string): string {
  if (zone === 'UTC') return 'GMT+0';
  const hours = /^Etc\/GMT([+-])(\d{1,2})$/.exec(zone);
  if (hours !== null) return `GMT${hours[1] === '+' ? '-' : '+'}${hours[2]}`;
  const offset = Object.entries(partHourZones).find(([, name]) => name === zone)?.[0];
  return offset === undefined ? zone : `GMT${offset}`;
}

/**
 * Milliseconds since the epoch of a time with an offset of two digits (`2018-10-22T23:59:59+08`), or any other form of it; without one it is
 * UTC. Null: it is no time.
 */
export function timeOf(text: string): number | null {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)\s*(Z|[+-]\d\d(?::?\d\d)?)?$/i.exec(
    text.trim(),
  );
  if (match === null) return null;
  const [, day, clock, offset = 'Z'] = match;
  const digits = offset.replace(':', '');
  const zone = /^z$/i.test(offset) ? 'Z' : `${digits.slice(0, 3)}:${digits.slice(3) || '00'}`;
  const time = Date.parse(`${day}T${clock}${zone}`);
  return Number.isNaN(time) ? null : time;
}

/** What stands after `GMT` for the offset of such a time; empty for UTC. */
export const offsetOf = (text: string): string => /T.*?([+-]\d\d(?::?\d\d)?)\s*$/i.exec(text)?.[1] ?? '';

/** The same form in UTC. */
export const timeText = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}+00`;
