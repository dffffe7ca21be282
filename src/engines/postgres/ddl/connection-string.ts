const secretKeys: ReadonlySet<string> = new Set([
  'password',
  'sslpassword',
  'scram_client_key',
  'scram_server_key',
  'oauth_client_secret',
]);

/**
 * A connection string of libpq without passwords, of both forms: `host=a password='b c'` and `postgresql://user:password@host/?password=x`.
 * What cannot be read is left out as a whole.
 * Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
 */
export function connectionWithoutPasswords(text: string): string {
  return /^postgres(?:ql)?:\/\//.test(text) ? urlWithout(text) : (pairsWithout(text) ?? '');
}

/** Not by the URL class: libpq takes several hosts, and paths as hosts. */
function urlWithout(text: string): string {
  const start = text.indexOf('://') + 3;
  const queryMark = text.indexOf('?', start);
  const end = queryMark === -1 ? text.length : queryMark;
  const slash = text.indexOf('/', start);
  const authorityEnd = slash === -1 || slash > end ? end : slash;
  const at = text.lastIndexOf('@', authorityEnd - 1);
  const colon = at < start ? -1 : text.indexOf(':', start);
  const hasPassword = colon !== -1 && colon < at;
  const base = hasPassword ? text.slice(0, colon) + text.slice(at, end) : text.slice(0, end);
  if (queryMark === -1) return base;
  const kept = text
    .slice(queryMark + 1)
    .split('&')
    .filter((pair) => !secretKeys.has(decoded(pair.split('=')[0] ?? '').toLowerCase()));
  return kept.length === 0 ? base : `${base}?${kept.join('&')}`;
}

/** A name that cannot be decoded counts as a secret one. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return 'password';
  }
}

/** Null when it is no list of pairs. */
function pairsWithout(text: string): string | null {
  const kept: string[] = [];
  let found = false;
  let at = 0;
  const skipBlanks = (): void => {
    while (/\s/.test(text[at] ?? '')) at++;
  };
  for (skipBlanks(); at < text.length; skipBlanks()) {
    const start = at;
    while (at < text.length && !/[\s=]/.test(text[at] as string)) at++;
    const key = text.slice(start, at);
    skipBlanks();
    if (key === '' || text[at] !== '=') return null;
    at++;
    skipBlanks();
    at = valueEnd(text, at);
    if (at === -1) return null;
    if (secretKeys.has(key.toLowerCase())) found = true;
    else kept.push(text.slice(start, at));
  }
  return found ? kept.join(' ') : text;
}

/** The place after a value: quoted, or up to a blank; a backslash takes the next character along. -1: the quote has no end. */
function valueEnd(text: string, start: number): number {
  const quoted = text[start] === "'";
  let at = quoted ? start + 1 : start;
  for (; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '\\') at++;
    else if (quoted && character === "'") return at + 1;
    else if (!quoted && /\s/.test(character)) return at;
  }
  return quoted ? -1 : Math.min(at, text.length);
}
