/** Bodies leave in pieces of so many bytes, so that it shows that they do. */
const pieceBytes = 256 * 1024;

/**
 * Copies of the body's pieces: whoever sends a piece frees its memory, and the body may have to be sent again. `onSent` is called whenever one
 * has been taken and the next is asked for.
 */
export async function* piecesOf(body: Uint8Array, onSent: () => void): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += pieceBytes) {
    yield Buffer.from(body.subarray(at, at + pieceBytes));
    onSent();
  }
}
