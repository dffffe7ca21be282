import { AppError } from '../core/errors.ts';
import type { ExportRequest } from '../core/request.ts';
import type { ExportLayout } from '../dump/layout.ts';
import type { Engine } from '../engines/engine.ts';

/**
 * Whether the engine has files of its own that can be written as they are asked for.
 * @throws AppError unsupported, field-invalid with the field that is wrong
 */
export function checkBareExport(engine: Engine, request: ExportRequest, { form }: ExportLayout): void {
  if (form !== 'bare') return;
  const { ownFiles } = engine.capabilities;
  if (ownFiles === null) {
    throw new AppError('unsupported', {
      field: 'file_pattern',
      message: `${engine.title} has no files of its own, which file_pattern asks for with %I and %N.`,
      hint: 'Use %U for numbered files of a dump set, or leave file_pattern out for a folder.',
    });
  }
  if (request.encoding !== ownFiles.encoding) {
    throw new AppError('field-invalid', {
      field: 'encoding',
      message: `Files without a manifest are of the encoding ${ownFiles.encoding}, not ${request.encoding}.`,
      hint: `Leave encoding out, or use ${ownFiles.encoding}.`,
    });
  }
  if (request.encryptionKey !== null) {
    throw new AppError('field-invalid', {
      field: 'encryption_key',
      message: 'Files without a manifest cannot be encrypted: nothing in them would say how.',
      hint: 'Leave encryption_key out, or use a file_pattern without %I and %N.',
    });
  }
  if (request.content === 'metadata_only') {
    throw new AppError('field-invalid', {
      field: 'content',
      message: 'Files without a manifest hold rows alone, and content metadata_only reads none.',
      hint: 'Use another content, or a file_pattern without %I and %N.',
    });
  }
}
