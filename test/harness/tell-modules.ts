import { registerHooks } from 'node:module';

/** For `node --import`: when the process ends, standard error gets one line `loaded: URL` for each module that it has loaded. */
const loaded: string[] = [];
registerHooks({
  load: (url, context, next) => {
    loaded.push(url);
    return next(url, context);
  },
});
process.once('exit', () => process.stderr.write(loaded.map((url) => `loaded: ${url}\n`).join('')));
