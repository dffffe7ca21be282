/** One server-sent event; `data` parsed. */
export interface StreamEvent {
  readonly event: string;
  /** The id that a client would come back with; null while there was none. */
  readonly id: string | null;
  readonly data: unknown;
}

/** The events of a `text/event-stream` answer, as a browser reads them; comments and retry times are left out. */
export async function* readEvents(response: Response): AsyncGenerator<StreamEvent> {
  if (response.body === null) return;
  let pending = '';
  let id: string | null = null;
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    pending += text;
    const blocks = pending.split('\n\n');
    pending = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map<string, string>();
      for (const line of block.split('\n')) {
        const match = /^(\w+): ?(.*)$/.exec(line);
        if (match !== null) fields.set(match[1] as string, match[2] as string);
      }
      id = fields.get('id') ?? id;
      const data = fields.get('data');
      if (data === undefined) continue;
      yield { event: fields.get('event') ?? 'message', id, data: JSON.parse(data) };
    }
  }
}
