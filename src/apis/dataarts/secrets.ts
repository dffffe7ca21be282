import {
  applyChanges,
  type JsonSpan,
  jsonSpans,
  memberRemovals,
  type TextChange,
} from '../../base/json-spans.ts';
import { memberSpan } from './document.ts';

/** Members, properties and headers whose values nobody else is to see. */
const secretName =
  /pass(?:word|wd|phrase)|^pwd$|secret|token$|^(?:sk|ak|accessKey|securityKey|authorization|cookie)$|private_?key|api_?key/i;
/** What signs URLs and headers, beside those. */
const signatureName = /^sig$|signature$|-(?:token|key)$|^x-(?:amz|goog)-credential$/i;
/** User and password within a URL. */
const userInfo = /(?<=[a-z][a-z0-9+.-]*:\/\/)[^/?#\s"@]*@/gi;
const query = /(?<=[a-z][a-z0-9+.-]*:\/\/[^\s"'<>?]*)\?[^\s"'<>#]*/gi;
/** A body such as `user=ann&password=hush`. */
const form = /^[\w.-]+=[^\s&]*(?:&[\w.-]+=[^\s&]*)*$/;
/** Values that only name a parameter: `${token}`, `Bearer ${token}`. */
const reference = /^(?:\w+ )?\$\{[^{}]+\}$/;

/**
 * The text of an object with empty texts where secrets stood: members and properties (`{"name", "value"}`) with a telling name, header
 * lines of that kind, what URLs say before the host and in such parts of their queries, and such fields of bodies that are forms. What only names a
 * parameter stays.
 */
export const withoutSecrets = (text: string): string =>
  applyChanges(text, secretChanges(text, jsonSpans(text)));

/**
 * The text of a job as it goes into a file: without secrets, and without what has to be at the target already: tags, agencies, settings of
 * notifications.
 */
export function exportedJobText(text: string): string {
  const plain = withoutSecrets(text);
  const job = jsonSpans(plain);
  const basic = memberSpan(job, 'basicConfig');
  const topChanges = memberRemovals(job, ({ name }) => /^notif/i.test(name));
  // One that is gone as a whole is not changed inside.
  return applyChanges(plain, [
    ...topChanges,
    ...(basic === undefined ? [] : memberRemovals(basic, ({ name }) => name === 'tags' || name === 'agency')),
  ]);
}

function secretChanges(text: string, span: JsonSpan): readonly TextChange[] {
  if (span.elements !== undefined) return span.elements.flatMap((element) => secretChanges(text, element));
  if (span.members === undefined) return plainText(text, span);
  const named = textAt(text, memberSpan(span, 'name'));
  return span.members.flatMap(({ name, value }) => {
    const isSecret = secretName.test(name) || (name === 'value' && secretName.test(named));
    if (isSecret && tells(text, value)) return [replaced(value, '')];
    if (name === 'maskedParams') return maskedChanges(text, value);
    if (name === 'value' && /^headers$/i.test(named)) return headerChange(text, value);
    if (name === 'value' && /^body$/i.test(named)) return bodyChange(text, value);
    return secretChanges(text, value);
  });
}

/** Parameters that the original shows to nobody. */
const maskedChanges = (text: string, span: JsonSpan): readonly TextChange[] =>
  (span.elements ?? []).flatMap((element) => {
    const value = memberSpan(element, 'value');
    return value !== undefined && tells(text, value) ? [replaced(value, '')] : [];
  });

/** Whether a value is a text or a number: what a secret can be. */
function tells(text: string, span: JsonSpan): boolean {
  const value = textAt(text, span);
  return value === '' ? /[\d-]/.test(text.charAt(span.start)) : !reference.test(value);
}

/** Texts may hold URLs, and objects of their own. */
function plainText(text: string, span: JsonSpan): readonly TextChange[] {
  const value = textAt(text, span);
  return changedTo(span, value, isJsonText(value) ? withoutSecrets(value) : plainUrls(value));
}

const plainUrls = (text: string): string => text.replace(userInfo, '').replace(query, plainFields);

/** `name=value` with `&` between; a question mark may stand before it. */
const plainFields = (fields: string): string =>
  fields.replace(/([^?&=]+)=([^&]+)/g, (field, name: string, value: string) =>
    isSecretName(name) && !reference.test(value) ? `${name}=` : field,
  );

/** Of a body: it may be a form. */
function bodyChange(text: string, span: JsonSpan): readonly TextChange[] {
  const value = textAt(text, span);
  return form.test(value) ? changedTo(span, value, plainFields(value)) : plainText(text, span);
}

/** Lines such as `name=value` or `name: value`. */
function headerChange(text: string, span: JsonSpan): readonly TextChange[] {
  const value = textAt(text, span);
  if (isJsonText(value)) return plainText(text, span);
  const plain = value.replace(/^([^=:\n]*[=:])(.*)$/gm, (line, name: string, rest: string) =>
    isSecretName(name.slice(0, -1).trim()) && !reference.test(rest.trim()) ? name : line,
  );
  return changedTo(span, value, plain);
}

const isSecretName = (name: string): boolean => secretName.test(name) || signatureName.test(name);

const changedTo = (span: JsonSpan, value: string, plain: string): readonly TextChange[] =>
  plain === value ? [] : [replaced(span, plain)];

function isJsonText(value: string): boolean {
  if (!/^\s*[[{]/.test(value)) return false;
  try {
    JSON.parse(value);
    jsonSpans(value);
    return true;
  } catch {
    return false;
  }
}

const replaced = ({ start, end }: JsonSpan, value: string): TextChange => ({
  start,
  end,
  text: JSON.stringify(value),
});

/** A text value; empty for any other. */
const textAt = (text: string, span: JsonSpan | undefined): string =>
  span !== undefined && text.charAt(span.start) === '"'
    ? (JSON.parse(text.slice(span.start, span.end)) as string)
    : '';
