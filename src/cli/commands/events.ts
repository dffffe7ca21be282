import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../core/errors.ts';
import type { CommandEnd, Session } from '../session.ts';

export interface EventFlags {
  readonly after?: string;
  readonly follow?: boolean;
}

interface EventPage {
  readonly items: readonly {
    readonly seq: number;
    readonly at: string;
    readonly type: string;
    readonly alarm: boolean;
    readonly message: string;
  }[];
  readonly next_after: number | null;
}

const pollMs = 1000;

/** What happened, oldest first; JSON is one event a line. With `--follow` until Ctrl-C. */
export async function listEvents(session: Session, flags: EventFlags): Promise<CommandEnd> {
  const client = await session.client();
  if (flags.follow === true && client.serviceUrl === null) {
    throw new AppError('usage', {
      message: 'There is no service on this data folder, so that nothing will happen.',
      hint: 'Start one with pumphouse serve, or leave --follow out.',
    });
  }
  let after = parseSeq(flags.after ?? '0');
  const ended = new AbortController();
  const release = session.host.onInterrupt(() => ended.abort());
  try {
    for (;;) {
      const page = await client.json<EventPage>({
        method: 'GET',
        path: `/api/v1/events?after=${after}&limit=1000`,
      });
      for (const event of page.items) {
        const { at, type, message } = event;
        session.print(session.json ? JSON.stringify(event) : `${at} ${type.padEnd(19)} ${message}`);
        after = event.seq;
      }
      if (page.next_after !== null) continue;
      if (flags.follow !== true) return 'ok';
      await sleep(pollMs, undefined, { signal: ended.signal }).catch(() => undefined);
      if (ended.signal.aborted) return 'ok';
    }
  } finally {
    release();
  }
}

function parseSeq(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new AppError('usage', {
    field: 'after',
    message: `--after takes the number of an event, not ${JSON.stringify(text)}.`,
  });
}
