import Type, { type Static } from 'typebox';
import type { Service } from '../../service/service.ts';
import type { Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { decodeLocation, locationFields } from './location.ts';
import { nullable } from './schema-parts.ts';

const LocationTestRequest = Type.Object(locationFields, {
  $id: 'LocationTestRequest',
  additionalProperties: false,
});

const LocationTest = Type.Object(
  {
    ok: Type.Boolean({ description: 'Whether the place takes files and gives them back.' }),
    url: Type.String({ description: 'The place, without secrets.' }),
    message: Type.String({ description: 'One sentence: what was done, or what is wrong.' }),
    code: nullable(
      Type.String({ description: 'Code of the error (docs/errors.md); null when all is well.' }),
    ),
    hint: nullable(Type.String({ description: 'What to do about it.' })),
  },
  { $id: 'LocationTest', description: 'What came of writing, reading back and deleting a small file.' },
);

/** Trying out where dump files could be. */
export function locationRoutes(service: Service): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/locations/test',
      operationId: 'testLocation',
      summary: 'Write, read back and delete a small file at a place',
      tags: ['directories'],
      access: 'authenticated',
      body: LocationTestRequest,
      responses: { 200: { description: 'What came of it.', schema: LocationTest } },
      async handle(request) {
        const body = request.body as Static<typeof LocationTestRequest>;
        const location = decodeLocation(body) ?? { type: 'directory', directory: 'DATA_PUMP_DIR' };
        const { ok, url, message, code, hint } = await service.testLocation(callContext(request), {
          location,
        });
        return { status: 200, body: { ok, url, message, code, hint } };
      },
    },
  ];
}
