import { Secret } from '../base/secret.ts';
import { isMailAddress } from '../core/mail-address.ts';

/** How one kind of option value is read from text and shown. */
export interface OptionType<T> {
  /** Word of the documentation: `integer 1-64`. */
  readonly describe: string;
  /** The value of a text; undefined when the text is not of this type. */
  parse(text: string): T | undefined;
  /** A text that is refused may hold a secret: errors do not repeat it. */
  readonly mayHoldSecret?: boolean;
  /** The text of a value: parsing it gives the value again, save for secrets. */
  show(value: T): string;
}

/** Any text of at least one character, without control characters. */
export const textType: OptionType<string> = {
  describe: 'text',
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  parse: (text) => (text === '' || /[\u0000-\u001f\u007f]/.test(text) ? undefined : text),
  show: (value) => value,
};

export function integerType(minimum: number, maximum: number): OptionType<number> {
  return {
    describe: `integer ${minimum} to ${maximum}`,
    parse(text) {
      if (!/^\d{1,15}$/.test(text)) return undefined;
      const value = Number(text);
      return value >= minimum && value <= maximum ? value : undefined;
    },
    show: String,
  };
}

const byteUnits: readonly (readonly [suffix: string, bytes: number])[] = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
];

/** A number of bytes, plain or with KiB, MiB or GiB behind it. */
export function bytesType(minimum: number, maximum: number): OptionType<number> {
  const show = (value: number): string => {
    for (const [suffix, bytes] of byteUnits) if (value % bytes === 0) return `${value / bytes}${suffix}`;
    return String(value);
  };
  return {
    describe: `bytes ${show(minimum)} to ${show(maximum)}`,
    parse(text) {
      const match = /^(\d{1,15}) ?(KiB|MiB|GiB)?$/.exec(text);
      if (match === null) return undefined;
      const unit = byteUnits.find(([suffix]) => suffix === match[2])?.[1] ?? 1;
      const value = Number(match[1]) * unit;
      return value >= minimum && value <= maximum ? value : undefined;
    },
    show,
  };
}

export function choiceType<const T extends string>(choices: readonly T[]): OptionType<T> {
  return {
    describe: choices.join(', '),
    parse: (text) => choices.find((choice) => choice === text),
    show: (value) => value,
  };
}

/** Texts between commas; the empty text is the empty list. */
export const listType: OptionType<readonly string[]> = {
  describe: 'list with commas',
  parse(text) {
    const items = text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
    return items.every((item) => textType.parse(item) !== undefined) ? items : undefined;
  },
  show: (value) => value.join(','),
};

/** A key of 32 bytes as base64, base64url or 64 hexadecimal digits. */
export const keyType: OptionType<Secret> = {
  describe: '32 bytes in base64 or hex',
  parse: (text) => (keyBytes(text) === null ? undefined : new Secret(text)),
  show: String,
};

/** The bytes of a key of {@link keyType}; null when the text is none. */
export function keyBytes(text: string): Buffer | null {
  const trimmed = text.trim();
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return Buffer.from(trimmed, 'hex');
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)) return null;
  const bytes = Buffer.from(trimmed, 'base64');
  return bytes.length === 32 ? bytes : null;
}

/** A word that stands in an address as it is. */
export const pathWordType: OptionType<string> = {
  describe: 'letters, digits, _ . -',
  parse: (text) => (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(text) ? text : undefined),
  show: (value) => value,
};

export const projectIdType: OptionType<string> = {
  describe: '32 hexadecimal digits',
  parse: (text) => (/^[0-9a-fA-F]{32}$/.test(text) ? text.toLowerCase() : undefined),
  show: (value) => value,
};

/** A header with the value that it has to have. */
export interface HeaderCheck {
  /** In small letters. */
  readonly name: string;
  readonly value: string;
}

/** As ORDS has it: name, colon, value. */
export const headerCheckType: OptionType<HeaderCheck> = {
  describe: 'a header with its value, as X-Forwarded-Proto: https',
  parse(text) {
    const match = /^([A-Za-z0-9-]{1,64}):[ \t]*([\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?)$/.exec(
      text.trim(),
    );
    return match === null
      ? undefined
      : { name: (match[1] as string).toLowerCase(), value: match[2] as string };
  },
  show: ({ name, value }) => `${name.replace(/(?:^|-)[a-z]/g, (part) => part.toUpperCase())}: ${value}`,
};

/** A port that need not be opened. */
export const portOrOffType: OptionType<number | 'off'> = {
  describe: 'integer 0 to 65535, off',
  parse: (text) => (text === 'off' ? text : integerType(0, 65_535).parse(text)),
  show: String,
};

/** A text that nobody should see. */
export const secretType: OptionType<Secret> = {
  describe: 'text',
  parse: (text) => (textType.parse(text) === undefined ? undefined : new Secret(text)),
  show: String,
};

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** The address of a mail server; a password has an option of its own. */
export const smtpUrlType: OptionType<string> = {
  describe: 'smtp:// or smtps:// URL without a password',
  mayHoldSecret: true,
  parse(text) {
    const url = URL.parse(text);
    if (url === null || (url.protocol !== 'smtp:' && url.protocol !== 'smtps:')) return undefined;
    const isPlain = url.hostname !== '' && url.password === '' && /^\/?$/.test(url.pathname);
    return isPlain && isDecodable(url.username) && url.search === '' && url.hash === '' ? text : undefined;
  },
  show: (value) => value,
};

/** The address of a receiver (of events, of traces); it has no credentials, which are options of their own. */
export const httpUrlType: OptionType<string> = {
  describe: 'http:// or https:// URL without a user',
  mayHoldSecret: true,
  parse(text) {
    const url = URL.parse(text);
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
    return url.username === '' && url.password === '' && url.hash === '' ? text : undefined;
  },
  show: (value) => value,
};

export const mailAddressType: OptionType<string> = {
  describe: 'e-mail address',
  parse: (text) => (isMailAddress(text) ? text : undefined),
  show: (value) => value,
};

export const mailAddressesType: OptionType<readonly string[]> = {
  describe: 'e-mail addresses with commas',
  parse(text) {
    const items = listType.parse(text);
    return items?.every(isMailAddress) === true ? items : undefined;
  },
  show: listType.show,
};

/** The same type with null for the empty text: an option that may be unset. */
export function optional<T>(type: OptionType<T>): OptionType<T | null> {
  return {
    ...type,
    describe: `${type.describe}, or empty`,
    parse: (text) => (text === '' ? null : type.parse(text)),
    show: (value) => (value === null ? '' : type.show(value)),
  };
}
