/** One mail in plain text. */
export interface Mail {
  /** Addresses. */
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  /** The same for every try of one mail, so that the receiving side can tell repetitions: left part of the Message-ID. */
  readonly id: string;
}

/** Hands mails to a server. */
export interface Mailer {
  /**
   * Resolves when the server has taken the mail for at least one of the addresses.
   * @returns the addresses that it refused
   * @throws AppError mail-unsent: temporary where another try may go through
   */
  send(mail: Mail, signal: AbortSignal): Promise<readonly string[]>;
}
