import { createWriteStream, type WriteStream } from 'node:fs';
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolders } from '../base/make-folders.ts';
import type { Logger } from '../core/context.ts';

/** One request that was answered. */
export interface AccessEntry {
  readonly client: string;
  readonly user: string | null;
  readonly method: string;
  /** As it came; what stands behind a question mark is left out. */
  readonly url: string;
  /** `1.1` */
  readonly httpVersion: string;
  readonly status: number;
  /** Of the body; null: nobody counted. */
  readonly bytes: number | null;
  readonly referer: string | undefined;
  readonly agent: string | undefined;
  readonly ms: number;
  readonly host: string | undefined;
}

export interface AccessLogOptions {
  readonly folder: string;
  /** What the names of its files begin with. */
  readonly name: string;
  /** Days that its files are kept. */
  readonly keepDays: number;
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Writes a line for each request, to a file for each day (UTC): `<name>_2026_11_21.log`. Any number of processes may write to one folder. */
export interface AccessLog extends AsyncDisposable {
  write(entry: AccessEntry): void;
}

const dayMs = 24 * 60 * 60 * 1000;

/** The folder is made where it is missing. What goes wrong is told in the log, and stops no request. */
export function openAccessLog({ folder, name, keepDays, log, now = Date.now }: AccessLogOptions): AccessLog {
  let day = '';
  let file: WriteStream | null = null;
  let isTold = false;
  let last: Promise<void> = Promise.resolve();

  const fileOf = (today: string): string => `${name}_${today.replaceAll('-', '_')}.log`;
  const complain = (error: unknown): void => {
    if (!isTold) log.error('the access log cannot be written', { folder, error });
    isTold = true;
  };

  async function removeOld(): Promise<void> {
    const oldest = fileOf(new Date(now() - keepDays * dayMs).toISOString().slice(0, 10));
    const own = new RegExp(`^${name}_\\d{4}_\\d\\d_\\d\\d\\.log$`);
    for (const each of await readdir(folder))
      if (own.test(each) && each < oldest) await unlink(join(folder, each));
  }

  /** Lines wait until the day's file is there, in their order. */
  async function turn(today: string): Promise<void> {
    try {
      await closed(file);
      file = null;
      await makeFolders(folder, 0o700);
      file = createWriteStream(join(folder, fileOf(today)), { flags: 'a', mode: 0o600 }).on(
        'error',
        complain,
      );
      await removeOld();
    } catch (error) {
      complain(error);
    }
  }

  return {
    write(entry) {
      const at = new Date(now()).toISOString();
      const today = at.slice(0, 10);
      const line = lineOf(entry, at);
      if (today !== day) {
        day = today;
        last = last.then(() => turn(today));
      }
      last = last.then(() => void file?.write(line));
    },
    async [Symbol.asyncDispose]() {
      await last;
      await closed(file);
    },
  };
}

const closed = (file: WriteStream | null): Promise<void> =>
  new Promise((resolve) => {
    if (file === null || file.closed) resolve();
    else file.once('close', resolve).end();
  });

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `client - user [time] "request" status bytes "referer" "agent" ms host` */
function lineOf(entry: AccessEntry, at: string): string {
  const { client, user, method, url, httpVersion, status, bytes, referer, agent, ms, host } = entry;
  const month = months[Number(at.slice(5, 7)) - 1];
  const time = `${at.slice(8, 10)}/${month}/${at.slice(0, 4)}:${at.slice(11, 19)} +0000`;
  return `${[
    word(client),
    '-',
    word(user ?? undefined),
    `[${time}]`,
    quoted(`${method} ${withoutQuery(url)} HTTP/${httpVersion}`),
    status,
    bytes ?? '-',
    quoted(referer === undefined ? undefined : withoutQuery(referer)),
    quoted(agent),
    Math.round(ms),
    word(host),
  ].join(' ')}\n`;
}

/** Tokens come in queries. */
const withoutQuery = (url: string): string => url.split(/[?#]/, 1)[0] as string;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const harmful = /[\u0000-\u001f\u007f-\u009f"\\]/g;

/** What came from outside must not look like another field, or another line. */
const harmless = (text: string): string =>
  text.replaceAll(harmful, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
const quoted = (text: string | undefined): string =>
  text === undefined || text === '' ? '"-"' : `"${harmless(text)}"`;
const word = (text: string | undefined): string =>
  text === undefined || text === '' ? '-' : harmless(text).replaceAll(' ', '\\x20');
