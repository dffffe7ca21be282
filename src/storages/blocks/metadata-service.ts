import { linkAbort } from '../../base/linked-abort.ts';
import { AppError } from '../../core/errors.ts';
import { createNetwork } from '../../network/create-network.ts';
import { sendRequest } from '../../network/http-request.ts';
import type { Network } from '../../network/network.ts';

/** Where Azure and Google Cloud tell a machine about itself. The address is written here alone: no URL of a user leads there. */
export const metadataOrigin = 'http://169.254.169.254';
const metadataNetwork = createNetwork({ allow: ['169.254.169.254'] });

/** It is on the same machine: when nothing comes at once, there is none. */
const patienceMs = 5000;

/** What the metadata service of the cloud answers to a GET, as JSON. Throws `storage-denied` when this machine is not of that cloud or has no identity. */
export async function askMetadataService(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  network: Network = metadataNetwork,
): Promise<Readonly<Record<string, unknown>>> {
  const denied = (fault: string): AppError =>
    new AppError('storage-denied', {
      message: `The metadata service of this machine ${fault}.`,
      hint: 'Run Pumphouse on a machine of that cloud which has an identity with rights at the storage, or use a credential with a secret.',
    });
  using link = linkAbort(signal);
  const timer = setTimeout(() => link.abort(denied('does not answer')), patienceMs);
  const agents = network.agents({ maxSockets: 1, ca: null });
  try {
    const response = await sendRequest(agents, { method: 'GET', url, headers, body: null }, link.signal);
    const text = await response.text();
    if (response.status !== 200) throw denied(`gives no token (${response.status})`);
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (signal.aborted || (error instanceof AppError && error.code === 'storage-denied')) throw error;
    throw denied(error instanceof AppError ? 'cannot be reached' : 'gives no JSON');
  } finally {
    clearTimeout(timer);
    agents.destroy();
  }
}
