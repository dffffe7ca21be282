/** What to look for in a text that speaks of a schema. */
const pattern = (source: string, tail: string): RegExp => {
  const bare = source.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}_$"])(?:"${bare}"|${bare})(?![\\p{L}\\p{N}_$"])${tail}`, 'u');
};

/** Whether code in `text` names the schema, qualifying or by itself. */
export const namesSchema = (text: string, source: string): boolean =>
  text.includes(source) && pattern(source, '').test(text);

/** Whether `text` holds a name qualified with the schema. */
export const qualifiesWith = (text: string, source: string): boolean =>
  text.includes(source) && pattern(source, '\\s*\\.').test(text);
