import { AppError } from '../../core/errors.ts';

/** What calls are about: error codes go by it. */
export type Subject = 'job' | 'script' | 'resource' | 'connection';

/** Codes of the contract, by their meaning. Every one of them is answered with status 400. */
export const codes = {
  jobMissing: 'DLF.0100',
  jobNameUsed: 'DLF.0102',
  batchOnly: 'DLF.0136',
  instanceMissing: 'DLF.0137',
  scriptCreateFailed: 'DLF.0201',
  scriptNameUsed: 'DLF.0202',
  scriptEditFailed: 'DLF.0203',
  parameterMissing: 'DLF.0802',
  pathInvalid: 'DLF.0803',
  fileUnreadable: 'DLF.0815',
  workspaceMissing: 'DLF.0819',
  nodesEmpty: 'DLF.1006',
  bucketMissing: 'DLF.1242',
  nameBlank: 'DLF.3004',
  nameInvalid: 'DLF.3018',
  scheduleInvalid: 'DLF.3025',
  descriptionInvalid: 'DLF.3050',
  requestInvalid: 'DLF.3051',
  scriptMissing: 'DLF.6201',
  scriptInstanceMissing: 'DLF.6205',
  resourceMissing: 'DLF.6241',
  scriptTypeMissing: 'DLF.6247',
  resourceNameUsed: 'DLF.6259',
  resourceType: 'DLF.6263',
  resourcePath: 'DLF.6264',
  resourceDescription: 'DLF.6265',
  connectionNameUsed: 'DLF.6309',
  connectionMissing: 'DLF.6322',
  connectionTypeFixed: 'DLF.6323',
  connectionAddress: 'DLF.6418',
  noPermission: 'DLF.6888',
  taskMissing: 'DLF.20810',
} as const;
export type DlfCode = (typeof codes)[keyof typeof codes];

/** A refusal in the words of the contract: status 400, `error_code` and `error_msg`. */
export class Refusal extends AppError {
  readonly errorCode: DlfCode;

  /** @param message a sentence: `error_msg` of the answer */
  constructor(errorCode: DlfCode, message: string) {
    super('field-invalid', { message, hint: '' });
    this.errorCode = errorCode;
  }
}

/** A body or a query that is not as the contract says. Without details: the very words that the vendor prints. */
export const badRequest = (details = ''): Refusal =>
  new Refusal(
    codes.requestInvalid,
    `The request parameter is invalid.${details === '' ? '' : ` ${details}`}`,
  );

/** What there is none of, in the words that clients look for. */
export const missing: Readonly<Record<Subject, () => Refusal>> = {
  job: () => new Refusal(codes.jobMissing, 'The job does not exists.'),
  script: () => new Refusal(codes.scriptMissing, 'The script does not exist.'),
  resource: () => new Refusal(codes.resourceMissing, 'The resource does not exist.'),
  connection: () => new Refusal(codes.connectionMissing, 'The connection does not exist.'),
};

/** What has a name already. */
export const nameUsed: Readonly<Record<Subject, () => Refusal>> = {
  job: () => new Refusal(codes.jobNameUsed, 'The job name already exists.'),
  script: () => new Refusal(codes.scriptNameUsed, 'The script name already exists.'),
  resource: () => new Refusal(codes.resourceNameUsed, 'The resource name already exists.'),
  connection: () => new Refusal(codes.connectionNameUsed, 'The connection name already exists.'),
};
