/** A LIKE pattern taken apart: its literal pieces, and `%` and `_` where they stand for something. */
type Piece = { readonly text: string } | '%' | '_';

/** Null: the pattern ends with its escape character. */
function piecesOf(pattern: string, escapedBy: string): readonly Piece[] | null {
  const pieces: Piece[] = [];
  let text = '';
  const close = (): void => {
    if (text !== '') pieces.push({ text });
    text = '';
  };
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] as string;
    if (character === escapedBy) {
      at += 1;
      if (at === characters.length) return null;
      text += characters[at] as string;
    } else if (character === '%' || character === '_') {
      close();
      pieces.push(character);
    } else text += character;
  }
  close();
  return pieces;
}

const escapeExpression = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** The glob for MATCH of a text that is meant as it is. */
export const globOf = (text: string): string => text.replaceAll(/[\\*?[\]^]/g, '\\$&');

/** The glob that means the same to the server; null where there is none: `_` is a character, and the server counts bytes. */
export function globOfLike(pattern: string, escapedBy: string): string | null {
  const pieces = piecesOf(pattern, escapedBy);
  if (pieces === null || pieces.includes('_')) return null;
  return pieces.map((piece) => (typeof piece === 'string' ? '*' : globOf(piece.text))).join('');
}

/** Null: the pattern ends with its escape character. */
export function expressionOfLike(pattern: string, escapedBy: string, ignoreCase: boolean): RegExp | null {
  const pieces = piecesOf(pattern, escapedBy);
  if (pieces === null) return null;
  const source = pieces
    .map((piece) => (piece === '%' ? '[^]*' : piece === '_' ? '[^]' : escapeExpression(piece.text)))
    .join('');
  return new RegExp(`^${source}$`, ignoreCase ? 'iu' : 'u');
}
