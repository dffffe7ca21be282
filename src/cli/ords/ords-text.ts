/** Texts in the forms that scripts and people know from the vendor's command. */

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (figure: number): string => String(figure).padStart(2, '0');

/** What stands before the output of every command. Time is local. */
export function banner(version: string, configFolder: string, now: Date): string {
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  const day = `${weekdays[now.getDay()]} ${months[now.getMonth()]} ${two(now.getDate())}`;
  return [
    `ORDS: Release ${releaseOf(version)} Production on ${day} ${time} ${now.getFullYear()}`,
    '',
    'Pumphouse, which takes the commands of Oracle REST Data Services.',
    '',
    'Configuration:',
    `  ${configFolder.replace(/\/*$/, '/')}`,
    '',
  ].join('\n');
}

/** `0.1.0` -> `0.1` */
const releaseOf = (version: string): string => version.split('.', 2).join('.');

/** A line of the log of `serve`: stamp, level, text from column 37 on. */
export const logLine = (level: 'INFO' | 'WARNING' | 'SEVERE', text: string, now = new Date()): string =>
  `${now.toISOString()} ${level.padEnd(12)}${text}`;

/** Where a pool is found and whether it is valid; arrows at columns 38 and 72. */
export const mappedPool = (pool: string, isValid: boolean): string =>
  [
    `  ${pool === 'default' ? '/ords/' : `/ords/${pool}/`}`.padEnd(38),
    `=> ${pool}`.padEnd(34),
    `=> ${(isValid ? 'VALID' : 'INVALID').padEnd(10)}`,
  ].join('');

export const ordsHelp = `Usage: ords [--config DIR] [--quiet] COMMAND [options]

Commands:
  serve [--port N]                        run the service
  config [--db-pool NAME] list [--include-defaults]
  config [--db-pool NAME] get KEY
  config [--db-pool NAME] set [--global] KEY VALUE
  config [--db-pool NAME] secret KEY [--password-stdin]
  config [--db-pool NAME] delete KEY
  config info KEY
  config user add NAME "ROLE, ROLE" [--password-stdin]
  install, repair, uninstall              the accounts that a pool needs in its database
  --version

What works, and what is kept without being read, is in docs/guides/ords-operations.md.`;
