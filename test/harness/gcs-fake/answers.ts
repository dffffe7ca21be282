import type { IncomingMessage, ServerResponse } from 'node:http';

/** What the storage says instead of doing it, in the JSON of its API. */
export class Refusal extends Error {
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export const notFound = (message: string): Refusal => new Refusal(404, 'notFound', message);
export const invalid = (message: string): Refusal => new Refusal(400, 'invalid', message);
export const conditionNotMet = (): Refusal =>
  new Refusal(412, 'conditionNotMet', 'At least one of the pre-conditions you specified did not hold.');

export function answerJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    'content-type': 'application/json; charset=UTF-8',
    'content-length': body.length,
  });
  response.end(body);
}

export function answerRefusal(response: ServerResponse, { status, reason, message }: Refusal): void {
  answerJson(response, status, {
    error: { code: status, message, errors: [{ message, domain: 'global', reason }] },
  });
}

/** The body as far as it came, and whether that was all of it. */
export async function bodyOf(request: IncomingMessage): Promise<{ bytes: Buffer; isWhole: boolean }> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return { bytes: Buffer.concat(chunks), isWhole: true };
  } catch {
    return { bytes: Buffer.concat(chunks), isWhole: false };
  }
}

/** Fails for a parameter that the real API knows in another sense, or that the fake does not know. */
export function checkParameters(query: URLSearchParams, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (!known.includes(name)) throw invalid(`The fake does not know the parameter ${name} there.`);
  }
}
