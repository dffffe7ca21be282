import type { DefinitionNode, NodeAction } from '../core/definition.ts';
import { AppError, toAppError } from '../core/errors.ts';
import { checkHeaderValue, checkUrl } from '../core/http-action-check.ts';
import type { NewJobLogEntry } from '../core/job.ts';
import type { RunRequest } from '../core/request.ts';
import { type RunParams, substitute, substituteBody, substituteUrl } from '../core/run-parameters.ts';
import type { TaskContext } from '../jobs/handler.ts';
import { logLine } from './log-lines.ts';

/** One HTTP request, and others where its answers redirect to. */
export interface OutgoingRequest {
  readonly method: string;
  /** `http:` or `https:`, without user name and password. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
}

/**
 * Sends a request of a user to where the URL policy lets it go, and so on with each redirect. Gives the answer's status; of its body only so much is
 * read as a bound allows. Throws `address-refused`, `storage-unreachable` (context `code`: that of the system), `request-failed`, and the signal's reason.
 */
export type SendRequest = (
  request: OutgoingRequest,
  signal: AbortSignal,
) => Promise<{ readonly status: number; readonly bytes: number }>;

type HttpAction = Extract<NodeAction, { readonly type: 'http' }>;

/** For nodes that have no time-out of their own: nobody waits for an answer for ever. */
const defaultRequestSeconds = 300;

/** By `code` of what a connection failed with: nothing of the request has left. */
const beforeSending = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'];
/** Methods that may be sent twice as well as once. */
const repeatable = ['GET', 'HEAD', 'PUT', 'DELETE'];

/**
 * Sends the request of a node. Its `Idempotency-Key` is the same whenever the node sends it in this run, so that a server can recognise one that
 * is repeated after a crash. Neither path and query of the URL, nor headers or bodies are told of: they may hold secrets.
 * @throws AppError request-failed for an answer of 400 or above and for none; temporary when the same request may simply be sent again
 */
export async function sendNodeRequest(
  send: SendRequest,
  { params }: RunRequest,
  node: DefinitionNode,
  action: HttpAction,
  context: TaskContext,
  signal: AbortSignal,
): Promise<readonly NewJobLogEntry[]> {
  const request = requestOf(node, action, params, context.job.id);
  const { method, url } = request;
  const about = `${method} to ${url.origin}`;
  const limited =
    node.timeoutSeconds === null
      ? AbortSignal.any([signal, AbortSignal.timeout(defaultRequestSeconds * 1000)])
      : signal;
  await context.confirm();
  const { status, bytes } = await send(request, limited).catch((thrown: unknown) => {
    if (signal.aborted || !limited.aborted) throw sendError(toAppError(thrown), node, method, about);
    throw new AppError('request-failed', {
      message: `The ${about} of the node ${node.name} was not answered within ${defaultRequestSeconds} s.`,
      temporary: false,
    });
  });
  if (status >= 400) {
    throw new AppError('request-failed', {
      message: `The ${about} of the node ${node.name} was answered with ${status}.`,
      // It was answered: only its policy says whether to ask again.
      temporary: false,
    });
  }
  return [
    logLine('note', `Node ${node.name} completed: ${about} was answered with ${status}, ${bytes} bytes.`, {
      node: node.name,
      status,
    }),
  ];
}

function requestOf(
  node: DefinitionNode,
  action: HttpAction,
  params: RunParams,
  runId: string,
): OutgoingRequest {
  const of = `of the node ${node.name}`;
  const headers: Record<string, string> = {};
  for (const [name, text] of Object.entries(action.headers)) {
    const value = substitute(text, params);
    checkHeaderValue(name, value, of);
    headers[name.toLowerCase()] = value;
  }
  headers['idempotency-key'] ??= `${runId}-${encodeURIComponent(node.name)}`;
  const body =
    action.body === null
      ? null
      : Buffer.from(substituteBody(action.body, params, headers['content-type'] ?? ''));
  return { method: action.method, url: checkUrl(substituteUrl(action.url, params), of), headers, body };
}

function sendError(error: AppError, node: DefinitionNode, method: string, about: string): AppError {
  if (error.code !== 'storage-unreachable') return error;
  const isUnsent = beforeSending.includes(String(error.context.code ?? ''));
  const mayRepeat = isUnsent || repeatable.includes(method);
  const how = mayRepeat ? 'did not go through' : 'may have been received, and was not answered';
  return new AppError('request-failed', {
    message: `The ${about} of the node ${node.name} ${how}: ${error.message}`,
    hint: error.hint,
    temporary: mayRepeat && error.temporary,
    cause: error,
  });
}
