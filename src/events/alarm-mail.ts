import { type Event, isAlarm } from '../core/event.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { EventChannel } from './event-channel.ts';

/**
 * Sends alarms to addresses.
 * @param toOf who is told about this database, and of the empty name about what concerns none; nobody: nothing is sent
 */
export function createAlarmMail(mailer: Mailer, toOf: (database: string) => readonly string[]): EventChannel {
  return {
    name: 'mail',
    takes: isAlarm,
    async send(event, signal) {
      const to = toOf(event.database ?? '');
      if (to.length === 0) return;
      await mailer.send({ to, id: `event-${event.seq}.${event.at}`, ...letterOf(event) }, signal);
    },
  };
}

function letterOf({ type, message, database, jobId, at, seq }: Event): {
  readonly subject: string;
  readonly text: string;
} {
  const facts: readonly (readonly [label: string, value: string])[] = [
    ['Event', `${type} (${seq})`],
    ...(database === null ? [] : [['Database', database] as const]),
    ...(jobId === null ? [] : [['Job', jobId] as const]),
    ['At', new Date(at).toISOString()],
  ];
  const widest = Math.max(...facts.map(([label]) => label.length));
  return {
    subject: `${type}${database === null ? '' : ` of database ${database}`}`,
    text: [
      message,
      '',
      ...facts.map(([label, value]) => `${`${label}:`.padEnd(widest + 2)}${value}`),
      '',
      ...(jobId === null ? [] : [`The log of the job says more: pumphouse jobs log ${jobId}`, '']),
    ].join('\n'),
  };
}
