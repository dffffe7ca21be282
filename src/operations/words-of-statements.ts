/** Everything that may be a name in the texts of statements: enough for a hint, since words of bodies and strings are among it. */
export function wordsOf(texts: Iterable<string>): ReadonlySet<string> {
  const words = new Set<string>();
  for (const text of texts) {
    for (const [word] of text.matchAll(/"(?:[^"]|"")+"|[\p{L}\p{N}_$]+/gu)) {
      words.add(word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word);
    }
  }
  return words;
}
