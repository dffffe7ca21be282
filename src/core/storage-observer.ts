import type { ErrorCode, ErrorKind } from './error-catalogue.ts';

/** A call at a storage that begins: one try of it. */
export interface StorageCall {
  /** Of the place's URL: `s3`. */
  readonly scheme: string;
  readonly operation: 'put' | 'get' | 'stat' | 'list' | 'remove' | 'sweep' | 'free_space' | 'probe';
  /** Of the file, or what names begin with; empty where the call is about the place. */
  readonly name: string;
}

/** How it ended. */
export interface StorageCallEnd {
  /** Sent by a put, received by a get; 0 by others. */
  readonly bytes: number;
  /** Of the whole time, how long it waited for bytes to come from the source of a put, or to be taken by the reader of a get. */
  readonly idleMs: number;
  /** Null: it ended well, or its reader had enough. */
  readonly error: { readonly code: ErrorCode; readonly kind: ErrorKind } | null;
}

/** Is told of calls at storages. What it throws would be the call's error: it throws nothing. */
export interface StorageObserver {
  /** The function is called once, when the call has ended. */
  begin(call: StorageCall): (end: StorageCallEnd) => void;
  /** The call failed and is tried again. */
  retried(call: StorageCall): void;
}
