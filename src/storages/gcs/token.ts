import { readFile } from 'node:fs/promises';
import { shareWork } from '../../base/shared-work.ts';
import { AppError } from '../../core/errors.ts';
import { sendRequest } from '../../network/http-request.ts';
import type { Network, NetworkAgents } from '../../network/network.ts';
import { askMetadataService, metadataOrigin } from '../blocks/metadata-service.ts';
import { assertion, type ServiceAccount, serviceAccount } from './service-account.ts';
import type { GcsSignIn } from './sign-in.ts';

/** Gives the tokens that requests show, and keeps them until shortly before they expire. */
export interface TokenSource {
  /** Null: requests are anonymous. */
  token(signal: AbortSignal): Promise<string | null>;
  /** The storage refused the token: the next one is a new one. */
  forget(): void;
}

interface Token {
  readonly text: string;
  /** Milliseconds from the epoch. */
  readonly expiresAtMs: number;
}

/** So long before its end a token is not used for new requests. */
const marginMs = 5 * 60_000;

/** Tokens for whoever enters a place. No I/O before the first is asked for. */
export function tokensOf(signIn: GcsSignIn, agents: NetworkAgents): TokenSource {
  switch (signIn.kind) {
    case 'anonymous':
      return { token: () => Promise.resolve(null), forget: () => undefined };
    case 'account':
      return keepToken((signal) => serviceAccountToken(signIn.account, agents, signal));
    case 'environment':
      return keepToken((signal) => environmentToken(agents, signal));
    case 'instance':
      return keepToken((signal) => instanceToken(signal));
  }
}

function keepToken(fetch: (signal: AbortSignal) => Promise<Token>): TokenSource {
  let kept: Token | null = null;
  const renew = shareWork(async (signal) => {
    kept = await fetch(signal);
    return kept.text;
  });
  return {
    async token(signal) {
      if (kept !== null && Date.now() < kept.expiresAtMs - marginMs) return kept.text;
      return await renew(signal);
    },
    forget() {
      kept = null;
    },
  };
}

/** Tokens for a service account, from where its key file says. */
async function serviceAccountToken(
  account: ServiceAccount,
  agents: NetworkAgents,
  signal: AbortSignal,
): Promise<Token> {
  const now = Date.now();
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: assertion(account, now),
  });
  const response = await sendRequest(
    agents,
    {
      method: 'POST',
      url: account.tokenUrl,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: Buffer.from(form.toString()),
    },
    signal,
  );
  const answer = fieldsOf(await response.text());
  if (response.status === 200) return tokenOf(answer, now, account.tokenUrl.host);
  const code = typeof answer.error === 'string' ? answer.error : `HTTP ${response.status}`;
  const temporary = response.status === 429 || response.status >= 500;
  throw new AppError(temporary ? 'storage-failed' : 'storage-denied', {
    message: `${account.tokenUrl.host} gives no token for ${account.email} (${code}).`,
    hint: 'Check that the service account and its key exist, and that the clock of this machine is right.',
    temporary,
  });
}

/** As {@link serviceAccountToken}, with the key file that GOOGLE_APPLICATION_CREDENTIALS names. */
async function environmentToken(agents: NetworkAgents, signal: AbortSignal): Promise<Token> {
  const file = process.env.GOOGLE_APPLICATION_CREDENTIALS ?? '';
  const denied = (fault: string): AppError =>
    new AppError('storage-denied', {
      message: `GOOGLE_APPLICATION_CREDENTIALS of the server ${fault}.`,
      hint: 'Set it to the path of the key file of a service account where Pumphouse is started.',
    });
  if (file === '') throw denied('is not set');
  const json = await readFile(file, 'utf8').catch(() => {
    throw denied(`names ${file}, which cannot be read`);
  });
  return await serviceAccountToken(serviceAccount(json, `The key file ${file}`), agents, signal);
}

/** A token of the service account that this machine runs as. */
export async function instanceToken(
  signal: AbortSignal,
  origin: string = metadataOrigin,
  network?: Network,
): Promise<Token> {
  const url = new URL('/computeMetadata/v1/instance/service-accounts/default/token', origin);
  const now = Date.now();
  const answer = await askMetadataService(url, { 'Metadata-Flavor': 'Google' }, signal, network);
  return tokenOf(answer, now, 'The metadata service of this machine');
}

function tokenOf(answer: Readonly<Record<string, unknown>>, now: number, who: string): Token {
  const { access_token: text, expires_in: seconds } = answer;
  if (typeof text === 'string' && Number(seconds) > 0)
    return { text, expiresAtMs: now + Number(seconds) * 1000 };
  throw new AppError('storage-denied', { message: `${who} gives no token.` });
}

function fieldsOf(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
