const servers = new WeakMap<object, string>();

/** Remembers of which server (`host:port`) an error is: of a copy, the reader of a message wants to know which of the two it was. */
export function nameServer(error: unknown, server: string): void {
  if (error instanceof Error) servers.set(error, server);
}

/** The server that the error is of; undefined when no connection told. */
export const serverOf = (error: Error): string | undefined => servers.get(error);
