import type { ApiReply } from '../api.ts';

/** A zip as the contract streams it. @param name of the file; one beyond ASCII is told in both ways that clients know */
export function zipReply(name: string, stream: AsyncIterable<Uint8Array>): ApiReply {
  const plain = name.replace(/[^\x20-\x7e]|["\\]/g, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*!]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const extended = plain === name ? '' : `; filename*=UTF-8''${encoded}`;
  return {
    status: 200,
    headers: {
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': `attachment; filename="${plain}"${extended}`,
    },
    stream,
  };
}
