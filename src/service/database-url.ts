import { AppError, toAppError } from '../core/errors.ts';
import type { Engine, EngineTarget } from '../engines/engine.ts';
import { fieldInvalid } from './input.ts';

/** scheme://user:password@rest: the parts that a password given apart from the URL has to go between. */
const authority = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/)(?:([^@/?#]*)@)?(.*)$/s;

/** The URL with the password put into it. Throws `field-invalid` when it has one already, or no place for one. */
export function withPassword(url: string, password: string): string {
  const match = authority.exec(url);
  const [, scheme = '', given, rest = ''] = match ?? [];
  const user = given ?? '';
  // Behind a user there may be no host: that of a Unix socket stands in the query.
  if (match === null || rest === '' || (given === undefined && rest.startsWith('/'))) {
    throw fieldInvalid('password', 'is given, but the URL names no server', 'Leave the password out.');
  }
  if (user.includes(':')) {
    throw fieldInvalid('password', 'is given twice: in the URL and apart from it', 'Give it once.');
  }
  return `${scheme}${user}:${encodeURIComponent(password)}@${rest}`;
}

/**
 * The target of a URL. Whatever the engine complains about, the error repeats no part of the password: a message that holds it is
 * replaced, and the cause is dropped, since Node's own URL errors carry the whole text.
 */
export function parseTarget(engine: Engine, url: string): EngineTarget {
  try {
    return engine.parseUrl(url);
  } catch (error) {
    const { code, message, hint } = toAppError(error);
    const isTold = passwordsIn(url).some((secret) => `${message} ${hint}`.includes(secret));
    throw new AppError(isTold ? 'url-invalid' : code, {
      field: 'url',
      ...(isTold ? { message: `The URL is not one that ${engine.title} takes.` } : { message, hint }),
    });
  }
}

/** The password of a URL in the spellings that an error could repeat it in. */
function passwordsIn(url: string): readonly string[] {
  const user = /^[^:]*:\/\/(.*)@/s.exec(url)?.[1] ?? '';
  const raw = user.slice(user.indexOf(':') + 1);
  if (!user.includes(':') || raw === '') return [];
  try {
    return [raw, decodeURIComponent(raw)];
  } catch {
    return [raw];
  }
}
