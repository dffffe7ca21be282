import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { CallContext, Service } from '../../service/service.ts';
import type { ApiReply, ApiRequest, Route } from '../api.ts';
import type { Subject } from './refusal.ts';
import { refusalOf } from './refusal-of.ts';

/** The word in jobs, documents and logs. */
export const apiId = 'dataarts';

/** What the operations work with. */
export interface OperationParts {
  readonly service: Service;
  /** The id that addresses must name; null: any will do. */
  readonly projectId: string | null;
  readonly clock: Clock;
}

/** A request in the workspace that it names. */
export interface Call {
  readonly request: ApiRequest;
  readonly context: CallContext;
  /** Id or name; null: the default one. */
  readonly workspace: string | null;
}

/** One call of the contract. */
export interface Operation
  extends Omit<Route, 'handle' | 'admit' | 'access' | 'atRoot' | 'body' | 'query' | 'params'> {
  /** Below `/v1/{project_id}`. */
  readonly path: string;
  /** What it is about: error codes go by it. */
  readonly subject: Subject;
  /** For the description: bodies and queries are read by decoders, which know the words of the contract. */
  readonly body?: Route['body'];
  readonly query?: Route['query'];
  readonly params?: Route['params'];
  handle(call: Call): Promise<ApiReply>;
}

/** Where all addresses begin; the id of a project is 32 hexadecimal digits. */
const root = '/v1/:project_id(^[0-9a-f]{32}$)';
/** Whether an address is one of this API, also where nothing is served at it. */
export const isAddress = (path: string): boolean => /^\/v1\/[0-9a-f]{32}(?:\/|$)/.test(path);

/** The route of an operation. Its parameters are read by the operation, so that what is wrong with them is said in the contract's words. */
export function routeOf(operation: Operation, { projectId }: OperationParts): Route {
  const { path, subject, handle, body: _body, query: _query, params: _params, ...common } = operation;
  return {
    ...common,
    path: `${root}${path}`,
    atRoot: true,
    access: 'authenticated',
    async handle(request) {
      checkProject(request.params.project_id ?? '', projectId);
      const workspace = request.headers.workspace?.trim() ?? '';
      try {
        return await handle({
          request,
          context: callContext(request),
          workspace: workspace === '' ? null : workspace,
        });
      } catch (error) {
        throw refusalOf(error, subject);
      }
    },
  };
}

/** The same route as the description shows it. */
export const describedRoute = ({ body, query, params }: Operation, route: Route): Route => ({
  ...route,
  ...(body === undefined ? {} : { body }),
  ...(query === undefined ? {} : { query }),
  ...(params === undefined ? {} : { params }),
});

function callContext(request: ApiRequest): CallContext {
  if (request.caller === null) {
    throw new AppError('unauthenticated', { message: 'The request carries no credentials.' });
  }
  return { caller: request.caller, requestId: request.requestId, signal: request.signal };
}

function checkProject(given: string, own: string | null): void {
  if (own === null || given === own) return;
  throw new AppError('forbidden', {
    message: `The project ${given} is not that of this service.`,
    hint: 'pumphouse config get dataarts.projectId tells its id.',
  });
}

/** An answer without a body. */
export const noContent: ApiReply = { status: 204 };

/** JSON whose text is to go out as it is. */
export function jsonText(text: string): ApiReply {
  const bytes = Buffer.from(text, 'utf8');
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json', 'Content-Length': String(bytes.length) },
    stream: (async function* () {
      yield bytes;
    })(),
  };
}
