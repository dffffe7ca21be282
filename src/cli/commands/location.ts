import { type ErrorCode, errorCatalogue } from '../../core/error-catalogue.ts';
import { exitCodeOfKind } from '../exit-codes.ts';
import { locationFields } from '../location.ts';
import type { CommandEnd, Session } from '../session.ts';

interface LocationTest {
  readonly ok: boolean;
  readonly url: string;
  readonly message: string;
  readonly code: string | null;
  readonly hint: string | null;
}

/** Ends with the exit code of what is wrong at the place, so that scripts can ask. */
export async function testLocation(
  session: Session,
  location: string,
  flags: { readonly credential?: string },
): Promise<CommandEnd> {
  const client = await session.client();
  const result = await client.json<LocationTest>({
    method: 'POST',
    path: '/api/v1/locations/test',
    body: locationFields(location, flags.credential),
  });
  session.show(result, () =>
    result.ok ? `ok: ${result.message}` : `${result.code}: ${result.message} ${result.hint ?? ''}`.trimEnd(),
  );
  if (result.ok) return 'ok';
  const { code } = result;
  // A service that is newer may know other codes.
  return code !== null && code in errorCatalogue
    ? exitCodeOfKind[errorCatalogue[code as ErrorCode].kind]
    : 'unavailable';
}
