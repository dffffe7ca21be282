import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { CallContext, Service } from '../../service/service.ts';
import type { ApiReply, ApiRequest, Route } from '../api.ts';
import { type Address, type AddressBook, baseOf, resolveAddress } from './address.ts';
import type { EndState } from './states.ts';

/** What every operation works with. */
export interface OrdsParts extends AddressBook {
  readonly service: Service;
  readonly endState: EndState;
  /** Most items on a page of this database. */
  readonly mostRows: (database: string) => number;
  readonly clock: Clock;
}

/** One operation of the Database API, wherever it is addressed. */
export interface Operation extends Omit<Route, 'path' | 'handle' | 'hidden' | 'atRoot'> {
  /** Below `/_/db-api/stable`. */
  readonly path: string;
  /** Further spellings of the path, left out of the description. */
  readonly aliases?: readonly string[];
  /** What the description says instead of `responses`: media types that no Accept header is held against. */
  readonly described?: Route['responses'];
  /** It says where things are, and no more: probes get their answer at `/ords/_/` also without a default pool, and without the store. */
  readonly isOfTheService?: true;
  /** It is about a job that there is: the store knows it, and answers whatever has become of the database. */
  readonly isOfJob?: true;
  handle(request: ApiRequest, address: Address): Promise<ApiReply>;
}

const withoutPool = '/_/db-api';
const forms = ['/:pool/:alias/_/db-api', '/:pool/_/db-api', withoutPool];
const versions = ['stable', 'latest'];

/** An operation at every address that it has; only the fullest form is described. */
export function routesOf(operation: Operation, parts: OrdsParts): readonly Route[] {
  const {
    aliases = [],
    described: _described,
    path,
    handle,
    isOfTheService = false,
    isOfJob = false,
    query: _query,
    body: _body,
    ...common
  } = operation;
  // Bodies and queries are described by schemas and read by decoders, which take what Oracle's clients send besides
  // (null members, words in lower case) and know the words of the contract.
  return forms.flatMap((form, formIndex) =>
    versions.flatMap((version, versionIndex) =>
      [path, ...aliases].map((spelling, spellingIndex) => ({
        ...common,
        path: `${form}/${version}${spelling}`,
        hidden: formIndex + versionIndex + spellingIndex > 0,
        handle: async (request: ApiRequest) => {
          if (isOfTheService && form === withoutPool) {
            return handle(request, { base: baseOf(request), database: '', alias: null });
          }
          const address = await resolveAddress(parts, request);
          if (!isOfTheService && !isOfJob) {
            await parts.service.refuseAway(callContext(request), address.database);
          }
          return handle(request, address);
        },
      })),
    ),
  );
}

/** The call context of a request that was authenticated. */
export function callContext(request: ApiRequest): CallContext {
  if (request.caller === null) {
    throw new AppError('unauthenticated', { message: 'The request carries no credentials.' });
  }
  return { caller: request.caller, requestId: request.requestId, signal: request.signal };
}
