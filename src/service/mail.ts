import { isMailAddress } from '../core/mail-address.ts';
import type { Caller } from '../core/permission.ts';
import type { MailView } from './service.ts';

/** What the service has to know about how mail leaves. */
export interface MailOptions {
  /** Whether there is a server that takes mail. */
  readonly canSend: boolean;
  /** Who is told where the caller's name is no address. */
  readonly to: readonly string[];
}

/** Where mail about the jobs of a caller goes. */
export function mailOf({ canSend, to }: MailOptions, { name }: Caller): MailView {
  if (!canSend) return nowhere('the option smtp-url is not set');
  if (isMailAddress(name)) return { to: [name], reason: null };
  if (to.length > 0) return { to, reason: null };
  return nowhere(`the user name ${name} is no e-mail address, and the option smtp-to is not set`);
}

const nowhere = (why: string): MailView => ({
  to: [],
  reason: `No mail will tell how the job ends: ${why}.`,
});
