/** Status codes of SFTP (draft-ietf-secsh-filexfer); servers of version 3 send 0 to 8, some of them later ones too. */
export const status = {
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  noConnection: 6,
  connectionLost: 7,
  unsupported: 8,
  noSuchPath: 10,
  fileExists: 11,
  writeProtect: 12,
  noSpace: 14,
  quotaExceeded: 15,
  lockConflict: 17,
  notADirectory: 19,
} as const;

/** How an SFTP server refused a request. The message is its own. */
export class SftpStatus extends Error {
  readonly status: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'SftpStatus';
    this.status = code;
  }
}

/** Whether nothing lies at the path that was asked for. */
export const isMissing = (error: unknown): boolean =>
  error instanceof SftpStatus &&
  [status.noSuchFile, status.noSuchPath, status.notADirectory].some((code) => code === error.status);
