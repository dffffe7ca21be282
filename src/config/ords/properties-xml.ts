import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { AppError } from '../../core/errors.ts';

/*
 * Java properties XML (java.util.Properties.storeToXML): a flat list of keys and texts.
 */

const head = [
  '<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
  '<!DOCTYPE properties SYSTEM "http://java.sun.com/dtd/properties.dtd">',
];

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  // Entities are decoded here: those that a document type declares itself are none of a properties file.
  processEntities: false,
  isArray: (name) => name === 'entry',
});

/** The entries of a file, in its order. Throws `option-invalid` naming the file. */
export function parseProperties(text: string, path: string): ReadonlyMap<string, string> {
  const fault = XMLValidator.validate(text);
  if (fault !== true) throw notProperties(path, `line ${fault.err.line}: ${fault.err.msg}`);
  const { properties } = parsed(text, path);
  if (properties === undefined) throw notProperties(path, 'it has no element properties');
  const { entry = [] } = (typeof properties === 'object' ? properties : {}) as { readonly entry?: unknown };
  return new Map(
    (entry as readonly unknown[]).map((each) => {
      const { '@key': key, '#text': value = '' } = (typeof each === 'object' ? each : {}) as Readonly<
        Record<string, unknown>
      >;
      if (typeof key !== 'string') throw notProperties(path, 'an entry has no key');
      return [decode(key), decode(String(value))];
    }),
  );
}

/** The parser's own refusals: of external entities, and of nesting without end. */
function parsed(text: string, path: string): { readonly properties?: unknown } {
  try {
    return parser.parse(text) as { readonly properties?: unknown };
  } catch (error) {
    throw notProperties(path, (error as Error).message);
  }
}

/** The text of a file with these entries, in the order of their keys. */
export function formatProperties(entries: ReadonlyMap<string, string>, savedAt: Date): string {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...head,
    '<properties>',
    `<comment>Saved on ${javaDate(savedAt)}</comment>`,
    ...sorted.map(([key, value]) => `<entry key="${encode(key)}">${encode(value)}</entry>`),
    '</properties>',
    '',
  ].join('\n');
}

/** `Sat Feb 14 09:12:00 UTC 2026`, as java.util.Date prints itself. */
function javaDate(at: Date): string {
  const [weekday, day, month, year, time] = at.toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${day} ${time} UTC ${year}`;
}

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

const decode = (text: string): string =>
  text.replaceAll(/&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|([a-z]{2,4}));/g, (whole, hex, decimal, name) => {
    if (name !== undefined) return named[name as string] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex as string, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });

const encode = (text: string): string =>
  text.replaceAll(/[<>&"\n\r\t]/g, (character) => {
    const name = Object.entries(named).find(([, plain]) => plain === character)?.[0];
    return name === undefined ? `&#${character.codePointAt(0)};` : `&${name};`;
  });

const notProperties = (path: string, problem: string): AppError =>
  new AppError('option-invalid', {
    message: `${path} is no Java properties XML: ${problem.replace(/\.$/, '')}.`,
    hint: 'Correct the file, or name another folder with --config.',
  });
