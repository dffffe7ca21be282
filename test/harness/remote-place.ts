/** A place at a real storage server, as a user would name it. */
export interface RemotePlace extends AsyncDisposable {
  /** Storage URL at an empty base; another base below the same server for each name. */
  locationOf(base: string): string;
  /** For `credential add`; null: it is open to all. */
  readonly credential: {
    readonly type: string;
    readonly id: string | null;
    readonly secret: string;
    readonly options?: Readonly<Record<string, string>>;
  } | null;
  /** Everything below the bases that does not show in lists: parts, uncommitted uploads. */
  leftovers(): Promise<readonly string[]>;
}
