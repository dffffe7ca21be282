import { AppError, toAppError } from '../core/errors.ts';

interface CodedError {
  readonly code?: unknown;
}

/** Errors that Fastify raises before a handler runs, as ours; all others become what {@link toAppError} makes of them. */
export function fromFastify(error: unknown, bodyLimit: number): AppError {
  if (error instanceof AppError) return error;
  const { code } = (error ?? {}) as CodedError;
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new AppError('body-too-large', {
        message: `The request body is larger than ${bodyLimit} bytes.`,
        cause: error,
      });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new AppError('media-type-unsupported', {
        message: 'The request body has a media type that is not read here.',
        cause: error,
      });
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new AppError('request-malformed', {
        message: 'The request body is not as long as its Content-Length says.',
        hint: 'Send the body whole.',
        cause: error,
      });
    case 'FST_ERR_BAD_URL':
      return new AppError('request-malformed', {
        message: 'The address holds a percent escape that cannot be decoded.',
        hint: 'Encode each part of the address as UTF-8 with percent escapes.',
        cause: error,
      });
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new AppError('route-unknown', { message: 'A part of the address is too long.', cause: error });
    default:
      return toAppError(error);
  }
}
