import { bareLocal } from './local-storage.ts';
import { recordingContext } from './recording-context.ts';

/* Run as a process of its own: begins a put below the folder and never ends it. Says "reached" when bytes were sent. */
const [, , folder = '', name = ''] = process.argv;
const source = {
  async *open(): AsyncGenerator<Uint8Array> {
    for (let sent = 0; ; sent += 1) {
      yield Buffer.alloc(100_000);
      if (sent === 3) process.stdout.write('reached\n');
      if (sent > 3) await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  },
};
await bareLocal(folder).put(name, source, { ifExists: 'fail' }, recordingContext());
