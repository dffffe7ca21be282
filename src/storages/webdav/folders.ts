import { refusalOf } from '../web/status.ts';
import { type DavPlace, propfindAt } from './walk.ts';

/** Makes a folder below the base, those on the way to it, and the base itself where it is missing. What is there already stays as it is. */
export async function makeFolders(
  place: DavPlace,
  parts: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await make(place, place.address.folder(parts.join('/')), signal);
}

async function make(place: DavPlace, url: URL, signal: AbortSignal): Promise<void> {
  const response = await place.client.send({ method: 'MKCOL', url }, signal);
  if (response.status < 300 || response.status === 405) {
    response.discard();
    return;
  }
  const isParentMissing = response.status === 409 || response.status === 404;
  if (isParentMissing && url.pathname !== '/') {
    response.discard();
    await make(place, new URL('..', url), signal);
    const again = await place.client.send({ method: 'MKCOL', url }, signal);
    if (again.status >= 300) await acceptExisting(place, url, again, signal);
    else again.discard();
  } else {
    await acceptExisting(place, url, response, signal);
  }
}

/** Servers say 405, and Apache 403 when another upload has made the folder in the same moment. */
async function acceptExisting(
  place: DavPlace,
  url: URL,
  response: Awaited<ReturnType<DavPlace['client']['send']>>,
  signal: AbortSignal,
): Promise<void> {
  const refusal = await refusalOf(response, 'put', shown(place, url));
  if (response.status === 405) return;
  const [found] = (await propfindAt(place, url, '', 0, signal)) ?? [];
  if (found?.isFolder !== true) throw refusal;
}

const shown = ({ address }: DavPlace, url: URL): string =>
  url.href.startsWith(address.base.href)
    ? address.subject(decodeURIComponent(url.href.slice(address.base.href.length)))
    : `The folder above ${address.description}`;
