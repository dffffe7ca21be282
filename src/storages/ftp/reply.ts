/** What a server answers to a command. */
export interface FtpReply {
  /** 100 to 199: the answer proper is still to come; 200 to 399: done, or more is wanted; from 400: refused. */
  readonly code: number;
  /** All lines, each without its code, joined by line feeds. */
  readonly words: string;
}

/** A server's refusal of a command. */
export class FtpRefusal extends Error {
  readonly code: number;
  readonly words: string;
  /** The command without its argument: `STOR`. Empty for a greeting. */
  readonly verb: string;

  constructor({ code, words }: FtpReply, verb: string) {
    super(`${code} ${words}`);
    this.name = 'FtpRefusal';
    this.code = code;
    this.words = words;
    this.verb = verb;
  }
}

/** More than any server says at once. */
const maxReplyLength = 256 * 1024;

/** Puts replies together from the pieces in which they come (RFC 959, 4.2): lines `220 words`, or `220-words` up to a line `220 words`. */
export interface ReplyReader {
  /** The replies that are complete with this text. Throws when what comes is no FTP. */
  read(text: string): FtpReply[];
  /** Whether there is text of a reply that is not complete. */
  readonly isInside: boolean;
}

export function createReplyReader(): ReplyReader {
  let rest = '';
  let lines: string[] = [];
  let length = 0;
  const take = (line: string): FtpReply | null => {
    length += line.length;
    if (length > maxReplyLength) throw new Error('the server says more than an FTP reply can hold');
    const first = lines[0] ?? line;
    const code = first.slice(0, 3);
    if (!/^[1-6]\d\d(?:[ -]|$)/.test(first))
      throw new Error(`the server does not speak FTP: ${first.slice(0, 60)}`);
    lines.push(line);
    if (first[3] === '-' && (lines.length === 1 || !new RegExp(`^${code}(?: |$)`).test(line))) return null;
    const words = lines.map((each) => (each.startsWith(code) ? each.slice(4) : each).trim()).join('\n');
    lines = [];
    length = 0;
    return { code: Number(code), words };
  };
  return {
    get isInside() {
      return rest !== '' || lines.length > 0;
    },
    read(text) {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      if (rest.length > maxReplyLength) throw new Error('the server says more than an FTP reply can hold');
      return parts
        .map((line) => line.replace(/\r$/, ''))
        .filter((line) => line !== '')
        .flatMap((line) => take(line) ?? []);
    },
  };
}
