import { isMailAddress } from '../core/mail-address.ts';
import type { Caller } from '../core/permission.ts';
import type { MailView } from './service.ts';

/** What the service has to know about how mail leaves. */
export interface MailOptions {
  /** Whether there is a server that takes mail. */
  readonly canSend: boolean;
  /** Who is told about jobs of this database where the caller's name is no address. */
  readonly to: (database: string) => readonly string[];
}

/** Where mail about the jobs of a caller goes, of those that are about this database. */
export function mailOf(options: MailOptions, { name }: Caller, database: string): MailView {
  const { canSend } = options;
  if (!canSend) return nowhere('the option smtp-url is not set');
  if (isMailAddress(name)) return { to: [name], reason: null };
  const to = options.to(database);
  if (to.length > 0) return { to, reason: null };
  return nowhere(`the user name ${name} is no e-mail address, and the option smtp-to is not set`);
}

const nowhere = (why: string): MailView => ({
  to: [],
  reason: `No mail will tell how the job ends: ${why}.`,
});
