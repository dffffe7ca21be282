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
/** User and password within a URL. */
const userInfo = /(?<=[a-z][a-z0-9+.-]*:\/\/)[^/?#\s"@]*@/gi;

/**
 * The text of an object with empty texts where secrets stood: members and properties (`{"name", "value"}`) with a telling name, header
 * lines of that kind, and what URLs say before the host.
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
    if (name === 'value' && /^headers$/i.test(named)) return headerChange(text, value);
    return secretChanges(text, value);
  });
}

/** Whether a value is a text or a number: what a secret can be. */
const tells = (text: string, { start, end }: JsonSpan): boolean =>
  /^["\d-]/.test(text.charAt(start)) && text.slice(start, end) !== '""';

/** Texts may hold URLs, and objects of their own. */
function plainText(text: string, span: JsonSpan): readonly TextChange[] {
  const value = textAt(text, span);
  const plain = isJsonText(value) ? withoutSecrets(value) : value.replace(userInfo, '');
  return plain === value ? [] : [replaced(span, plain)];
}

function headerChange(text: string, span: JsonSpan): readonly TextChange[] {
  const value = textAt(text, span);
  const plain = value.replace(/^([^=\n]*)=.*$/gm, (line, name: string) =>
    secretName.test(name.trim()) || /-(?:token|key)$/i.test(name.trim()) ? `${name}=` : line,
  );
  return plain === value ? [] : [replaced(span, plain)];
}

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
