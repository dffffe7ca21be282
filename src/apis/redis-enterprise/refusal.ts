import { AppError } from '../../core/errors.ts';

/** A refusal whose status and `error_code` the contract prints, and no kind of error of ours would give. */
export class Refusal extends AppError {
  readonly status: number;
  readonly errorCode: string;

  /** @param message a sentence: `description` and `message` of the answer */
  constructor(status: number, errorCode: string, message: string) {
    super(status === 400 ? 'field-invalid' : 'unsupported', { message, hint: '' });
    this.status = status;
    this.errorCode = errorCode;
  }
}

/** What cannot be done with this database or service, though the request is well made: 406. */
export const notAcceptable = (message: string, errorCode = 'not_supported'): Refusal =>
  new Refusal(406, errorCode, message);

/** A request that is not as the schema of the call says: 400. The message names the attribute. */
export const badRequest = (message: string): Refusal => new Refusal(400, 'invalid_schema', message);
